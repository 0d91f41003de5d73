"""Clear away, outside the database, what was erased in it: until the last task is done nothing is called finished.

The tasks were written down with the erasure, so that what a crash interrupts goes on at the next start: the journal
for back-ups, the warehouse's and the exports' files of the form, the files themselves, the free pages of the database
and its log. What cannot be done now (a file open on Windows, a reader that holds the log) is said and tried again.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.services import consumers, erasure_journal, scratch_folder
from sync_server.services.apply_erasure import BLOB, DATABASE, FORM, JOURNAL, SCRATCH
from sync_server.services.incoming_files import drop_unawaited
from sync_server.services.purge_warehouse import StillInUse, purge
from sync_server.services.scratch_folder import find_working
from sync_server.store import erasures, peer_subjects
from sync_server.store.erasures import Task
from sync_server.store.scrub import NotScrubbed, scrub

log = logging.getLogger(__name__)

ORDER = (JOURNAL, FORM, BLOB, SCRATCH, DATABASE)
MADE_FOLDERS = ("exports", "export-blocks")  # what was made for downloads, and is made again at the next one
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.1


class _NotNow(Exception):
    """Something is in use; it goes at the next try."""


def finish_erasures(node: Node) -> list[Task]:
    """Do what erasures have left to do; return the tasks that could not be done now."""
    with node.database.read() as session:
        tasks = erasures.iter_tasks(session)
    if not tasks:
        return []
    consumers.catch_up(node)
    left = [task for step in ORDER for task in _do(node, step, [task for task in tasks if task.step == step])]
    for step in sorted({task.step for task in left}):
        log.warning("erasure not finished step=%s node=%s", step, node.id)
    return left


def _do(node: Node, step: str, tasks: list[Task]) -> Iterable[Task]:
    if not tasks:
        return ()
    try:
        if step == BLOB:
            return [task for task in tasks if not _delete_blob(node, task)]
        _STEPS[step](node, tasks)
        node.write(lambda session: erasures.end_tasks(session, tasks))
    except (OSError, DBAPIError, NotScrubbed, StillInUse, _NotNow) as error:
        log.warning("erasure step=%s waits node=%s reason=%s", step, node.id, type(error).__name__)
        return tasks
    return ()


def _delete_blob(node: Node, task: Task) -> bool:
    """Delete a file, and what is here of it on its way, unless another submission has or awaits the very same."""
    try:
        return node.write(lambda session: _delete_unless_named(node, session, task))
    except OSError:
        return False


def _delete_unless_named(node: Node, session: Session, task: Task) -> bool:
    if not erasures.is_named(session, task.key):
        node.blobs.delete(BlobId(task.key))
    drop_unawaited(node, session, task.key)
    erasures.end_tasks(session, [task])
    return True


def _keep_journal(node: Node, _tasks: list[Task]) -> None:
    erasure_journal.keep_journal(node)


def _forget_made(node: Node, tasks: list[Task]) -> None:
    """Take it out of the warehouse, and delete what was made for downloads."""
    for (project_id, form_id), roots in _roots(node, tasks).items():
        purge(node, project_id, form_id, roots)
    _delete_made(node)


def _delete_made(node: Node) -> None:
    for path in (path for name in MADE_FOLDERS for path in (node.settings.data / name).glob("*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _roots(node: Node, tasks: list[Task]) -> dict[tuple[int, str], list[str]]:
    roots: dict[tuple[int, str], dict[str, None]] = {}
    with node.database.read() as session:
        for task in tasks:
            names = erasures.find_instances(session, task.decision_id)
            withdrawn = peer_subjects.find_withdrawal(session, task.decision_id)
            names += [withdrawn.root_id] if withdrawn else []
            roots.setdefault((task.project_id, task.key), {}).update(dict.fromkeys(names))
    return {form: list(names) for form, names in roots.items()}


def _clear_scratch(node: Node, _tasks: list[Task]) -> None:
    """Wait for what is being made of the state before: a back-up, an export, a segment; then delete what it left.

    What begins from now on knows nothing of what was erased.
    """
    under_way, deadline = set(find_working(node)), time.monotonic() + PATIENCE_SECONDS
    scratch_folder.sweep(node)
    while under_way:
        scratch_folder.remove_abandoned(under_way)
        under_way &= set(find_working(node))
        if under_way and time.monotonic() > deadline:
            raise _NotNow
        time.sleep(LOOK_SECONDS if under_way else 0)
    _delete_made(node)


def _scrub(node: Node, _tasks: list[Task]) -> None:
    scrub(node.database)


_STEPS: dict[str, Callable[[Node, list[Task]], None]] = {
    JOURNAL: _keep_journal,
    FORM: _forget_made,
    SCRATCH: _clear_scratch,
    DATABASE: _scrub,
}
