"""Back up a node while it serves: the database on one snapshot, the files it names, the node's key.

Only what the target lacks is written, sealed before it leaves this machine. The database comes first and the files
after it: files are durable before the rows that name them, so none is missing. A file that is no longer what it was
is not put under its name; it is told, and the rest goes on.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import mkdtemp

from sync_server.node import Node
from sync_server.operator_errors import BackupFolderMissing, NoSpaceForBackup
from sync_server.services import erasure_journal
from sync_server.services.backup_keys import choose_key
from sync_server.services.backup_target import Target, made_at_of
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.keep_backups import keep_backups
from sync_server.services.make_backup import Backup, Maker, Progress
from sync_server.store.snapshot import claim

log = logging.getLogger(__name__)


class BackupStopped(Exception):
    """The server is to stop; the next back-up takes up what this one has written."""


def back_up(node: Node, folder: Path, *, now: datetime | None = None, progress: Progress = lambda done: None) -> Backup:
    """Make a back-up in `folder`; raise BackupFolderMissing, BackupNotSealed or NoSpaceForBackup."""
    if not folder.is_dir():
        raise BackupFolderMissing(folder=folder)
    target = Target(folder / node.id)
    key = choose_key(node, target.backups())
    target.prepare()
    finish_erasures(node)  # what is erased goes into no new back-up
    erasure_journal.copy_journal(node, folder)
    with working_folder(node) as scratch:
        _require_space(node)
        made = Maker(node, target, key, progress).make(scratch, now or datetime.now(UTC))
    keep_backups(node, target, now or datetime.now(UTC))
    log.info(
        "backed up node=%s backup=%s written=%d bytes=%d known=%d damaged=%d",
        node.id, made.path.name, made.written, made.written_bytes, made.known, len(made.damaged),
    )  # fmt: skip
    return made


def back_up_when_due(node: Node, should_stop: Callable[[], bool] = lambda: False) -> Backup | None:
    """Make the scheduled back-up if the last is old enough and the folder is there; a missing disk is no error."""
    folder = node.settings.backup_folder
    if folder is None or not folder.is_dir():
        log.warning("no back-up made: the folder is not there node=%s", node.id)
        return None

    def stop_or_go_on(_done: int) -> None:
        if should_stop():
            raise BackupStopped

    with claim(node.database) as is_ours:
        if not is_ours or not is_due(node, folder, datetime.now(UTC)):
            return None
        try:
            return back_up(node, folder, progress=stop_or_go_on)
        except BackupStopped:
            log.info("back-up broken off, to be taken up again node=%s", node.id)
            return None


def is_due(node: Node, folder: Path, now: datetime) -> bool:
    made = [time for backup in Target(folder / node.id).backups() if (time := made_at_of(backup))]
    return not made or now - max(made) >= timedelta(hours=node.settings.backup_hours)


@contextmanager
def working_folder(node: Node) -> Iterator[Path]:
    """Give a folder on the data folder's disk; forget those of processes that were killed."""
    for left in node.scratch.glob("backup-*"):
        if left.stat().st_mtime < datetime.now(UTC).timestamp() - 24 * 3600:
            rmtree(left, ignore_errors=True)
    folder = Path(mkdtemp(prefix="backup-", dir=node.scratch))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def _require_space(node: Node) -> None:
    database = node.settings.data / "sync.db"
    size = database.stat().st_size if node.settings.is_sqlite and database.exists() else 0
    if disk_usage(node.settings.data).free < size + node.settings.min_free_bytes:
        raise NoSpaceForBackup(size=size)
