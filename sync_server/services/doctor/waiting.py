"""How much waits for a person?"""

from collections.abc import Iterator

from sync_server.services.doctor.amounts import say_count
from sync_server.services.doctor.finding import Finding, fine, look
from sync_server.services.doctor.scene import Scene
from sync_server.store import health, quarantine

TOPIC = "people"


def check_waiting(scene: Scene) -> Iterator[Finding]:
    if scene.database is None:
        return
    with scene.database.read() as session:
        submissions, unreadable = quarantine.count_quarantined(session), health.count_unreadable(session)
    if submissions or unreadable:
        found = f"{say_count(submissions, 'submission')} and {say_count(unreadable, 'unreadable upload')} wait for you."
        yield look(TOPIC, found, "See why, and what to do: sync-server quarantine, or the first page.")
    else:
        yield fine(TOPIC, "Nothing waits for a person.")
