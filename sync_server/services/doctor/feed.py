"""Do the consumers keep up with what arrives, and is there a change they could not handle?"""

from collections.abc import Iterator

from sync_server.services.doctor.amounts import say_count
from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health

TOPIC = "processing"
MANY = 1000  # changes: a second or so of work


def check_feed(scene: Scene) -> Iterator[Finding]:
    if scene.database is None:
        return
    with scene.database.read() as session:
        backlogs, parked = health.iter_backlogs(session), health.count_parked(session)
    if parked:
        found = f"This server failed at {say_count(parked, 'change')}; nothing is lost."
        yield act(TOPIC, found, "Update the server, then: sync-server rebuild. See which: sync-server quarantine")
    late = [each for each in backlogs if each.behind > MANY]
    for each in late:
        found = f"'{each.consumer}' has {say_count(each.behind, 'change')} still to handle."
        yield look(TOPIC, found, "Wait a minute and look again; it goes on only while the server runs.")
    if not parked and not late:
        behind = max(each.behind for each in backlogs)
        rest = f", but for {say_count(behind, 'change')} of the last moment" if behind else ""
        yield fine(TOPIC, f"What arrived is handled{rest}.")
