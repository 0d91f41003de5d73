"""How old is the newest back-up? By the times of the files in the folder for back-ups, where one is set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync_server.services.doctor.amounts import say_span
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "back-up"
FOLDER = "backup_folder"  # the setting
LOOK_AFTER, ACT_AFTER = timedelta(days=2), timedelta(days=7)
MAKE_ONE = "Plug in its disk and run: sync-server backup"


def check_backup(scene: Scene) -> Iterator[Finding]:
    if not hasattr(scene.settings, FOLDER):
        return
    folder: Path | None = getattr(scene.settings, FOLDER)
    if folder is None:
        found = "No folder for back-ups is set, so none is made by itself."
        yield look(TOPIC, found, "Set backup_folder to a folder on another disk (docs/operations.md, Back up).")
    elif not folder.is_dir():
        yield look(TOPIC, f"The folder {folder} is not there now.", f"{MAKE_ONE}, at least once a week.")
    else:
        yield _judge(_newest(folder, _node_id(scene)), scene.now)


def _judge(made: datetime | None, now: datetime) -> Finding:
    if made is None:
        return act(TOPIC, "There is none of this node.", "Make one: sync-server backup")
    age = max(now - made, timedelta(0))
    found = f"The newest is {say_span(age)} old."
    if age > ACT_AFTER:
        return act(TOPIC, found, MAKE_ONE)
    return look(TOPIC, found, MAKE_ONE) if age > LOOK_AFTER else fine(TOPIC, found)


def _node_id(scene: Scene) -> str:
    """The name of the folder of this node's back-ups; a pattern for all nodes' when the database does not say it."""
    if scene.database is None:
        return "*"
    with scene.database.read() as session:
        return health.find_node_id(session) or "*"


def _newest(folder: Path, node_id: str) -> datetime | None:
    times = [path.stat().st_mtime for path in folder.glob(f"{node_id}/*.backup")]
    return datetime.fromtimestamp(max(times), UTC) if times else None
