"""Restore a back-up into a new folder: all of it, checked, or nothing.

It is unpacked into `restoring` inside the data folder, which a crash leaves behind and which keeps a node from
opening there; only when every byte was checked does it move into place. The feed begins a new epoch, so that no peer
and no cache takes numbers that are used a second time for those it knows; the consumers work everything out anew.

With S3 the files go there straight away: those that are there already stay, and files without rows do no harm.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from sync_server.blobs.opening import open_blobs
from sync_server.core.backup_manifest import Header
from sync_server.durable import sync_folder
from sync_server.node import RESTORING, Node
from sync_server.operator_errors import FolderNotEmpty, OtherDatabase
from sync_server.services import erasure_journal
from sync_server.services.backup_keys import Secret, header_of, open_key
from sync_server.services.replay_erasures import replay_erasures
from sync_server.services.unpack_backup import Progress, find_backup, unpack
from sync_server.settings import Settings
from sync_server.store import nodes, postgresql_tools, segment_writes
from sync_server.store.decisions import StoredDecision
from sync_server.store.engine import Database
from sync_server.store.snapshot import SQLITE, is_empty


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there again."""

    header: Header
    files: int
    erased_again: int = 0


def restore(
    backup: Path,
    settings: Settings,
    secret: Secret,
    *,
    erasures: Iterable[Path] = (),
    progress: Progress = lambda done: None,
) -> Restored:
    """Restore into the data folder of `settings`; raise a Problem that says why, with nothing touched.

    What was erased since the back-up is erased again, by the journal beside it and by those in `erasures`.
    """
    found = find_backup(backup)
    decided = erasure_journal.find_decisions(found, erasures)
    header = header_of(found)
    key = open_key(header, secret)
    _require_fit(header, settings)
    with _new_folder(settings.data) as staging:
        blobs = open_blobs(replace(settings, data=staging))
        unpacked = unpack(found, header, key, staging, blobs, progress=progress)
        url = load_database(header, settings, unpacked.database)
        with closing(Database(url)) as database, database.write() as session:
            nodes.start_epoch(session, new_id=lambda: uuid4().hex)
        erased_again = _erase_again(replace(settings, data=staging), decided)
        _move_in(staging)
    return Restored(header, unpacked.files, erased_again)


def _erase_again(settings: Settings, decided: Sequence[StoredDecision]) -> int:
    if not decided:
        return 0
    with Node.open(replace(settings, backup_folder=None)) as node:
        return replay_erasures(node, decided)


def load_database(header: Header, settings: Settings, unpacked: Path) -> str:
    """Bring the unpacked database where it can be opened; return its address."""
    url = _loaded(header, settings, unpacked)
    with closing(Database(url)) as database, database.write() as session:
        segment_writes.forget_manifest(session)
    return url


def _loaded(header: Header, settings: Settings, unpacked: Path) -> str:
    if header.engine == SQLITE:
        return f"sqlite:///{unpacked.as_posix()}"
    postgresql_tools.load(settings.database_url, unpacked)
    unpacked.unlink()
    return settings.database_url


def _require_fit(header: Header, settings: Settings) -> None:
    if settings.data.exists() and any(settings.data.iterdir()):
        raise FolderNotEmpty(folder=settings.data)
    if header.engine == SQLITE and settings.database_url:
        raise OtherDatabase(needed="SQLite")
    if header.engine != SQLITE and (settings.is_sqlite or not is_empty(settings.database_url)):
        raise OtherDatabase(needed="PostgreSQL")


@contextmanager
def _new_folder(data: Path) -> Iterator[Path]:
    """Give the folder to unpack into; take it away again when that fails, and the data folder if it is ours."""
    is_ours = not data.exists()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = data / RESTORING
    staging.mkdir()
    try:
        yield staging
    except BaseException:
        shutil.rmtree(data if is_ours else staging, ignore_errors=True)
        raise


def _move_in(staging: Path) -> None:
    for path in sorted(staging.iterdir()):
        path.replace(staging.parent / path.name)
    sync_folder(staging.parent)
    staging.rmdir()
    sync_folder(staging.parent)
