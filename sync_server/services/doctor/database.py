"""Is the database there, of this program's version, and whole?"""

from collections.abc import Iterator

from sync_server.services.doctor.amounts import say_bytes
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health
from sync_server.store.inspection import Age, find_file

TOPIC = "database"
LONG_LOG = 200_000_000  # three times what it is cut back to (journal_size_limit) when nobody reads for long


def check_database(scene: Scene) -> Finding:
    if scene.trouble:
        found = f"It cannot be read: {scene.trouble}."
        if "locked" in scene.trouble:
            return look(TOPIC, found, "Another program holds it. Close whatever has sync.db open, then look again.")
        return act(TOPIC, found, "Check that it runs, its address, this account's rights; else restore a back-up.")
    match scene.age:
        case Age.NEWER:
            found = f"It was made by a newer version of this program (revision {scene.revision})."
            return act(TOPIC, found, "Install that version; or restore the back-up from before the upgrade.")
        case Age.OLDER:
            found = f"It is of an older version (revision {scene.revision}); the next start brings it up to date."
            return look(TOPIC, found, "Back up before you start this version: there is no other way back.")
        case Age.EMPTY:
            return _judge_missing(scene)
    return _check_whole(scene)


def check_log(scene: Scene) -> Iterator[Finding]:
    """Say when the write-ahead log has grown: somebody reads for very long, or the disk is full."""
    if not scene.settings.is_sqlite:
        return
    file = find_file(scene.settings.effective_database_url)
    log = file.with_name(f"{file.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > LONG_LOG:
        found = f"Its log of newest changes has {say_bytes(size)}, far more than usual."
        yield look(TOPIC, found, "Restart the server when no tablet is sending; the log is then taken in.")


def _judge_missing(scene: Scene) -> Finding:
    if (scene.settings.data / "node.key").exists():
        found = "It is gone, and this folder had one."
        return act(TOPIC, found, "Put it back from a back-up. Do not begin anew in this folder.")
    found = "There is none: this is no node yet, or another folder is meant."
    return act(TOPIC, found, "Name the right folder (--data or SYNC_DATA), or begin a node: sync-server serve")


def _check_whole(scene: Scene) -> Finding:
    assert scene.database is not None
    with scene.database.read() as session:
        faults = health.check_quickly(session)
    if faults:
        found = f"It is damaged: {faults[0]}"
        advice = "Stop the server, copy the folder aside as it is, then restore the last back-up; tablets may still"
        return act(TOPIC, found, f"{advice} hold what is missing. Look at the disk: it may be failing.")
    return fine(TOPIC, f"{_name(scene)}, whole, revision {scene.revision}.")


def _name(scene: Scene) -> str:
    if not scene.settings.is_sqlite:
        return "PostgreSQL"
    return f"SQLite, {say_bytes(find_file(scene.settings.effective_database_url).stat().st_size)}"
