"""The number of an entity's version, which tablets get as `__version` and give back as baseVersion.

A tablet says nothing of what it saw but this number, and it may have it from any hub. So the number is made from the
set of events that was shown, the same at every node: how much was known (each fact more makes it greater, as Collect
needs it to take the newer over the older), and a fingerprint of which. Why: docs/decisions/0012-entities.md.
"""

from collections.abc import Iterable

from sync_server.core.entity_event import EntityEvent
from sync_server.core.ids import sha256_hex

# Collect reads a 32-bit integer: this leaves room for 200,000 facts about one entity. Two sets of equal size that a
# node cannot tell apart by their causes are taken for each other once in so many times.
FINGERPRINTS = 10_000


def fingerprint(event_id: str) -> int:
    """One event's part of the fingerprint; that of a set is their sum modulo FINGERPRINTS."""
    return int(sha256_hex(event_id.encode())[:12], 16) % FINGERPRINTS


def make_number(events: Iterable[EntityEvent]) -> int:
    """Return the number of the version that these events come to; 0 for none."""
    shown = list(events)
    facts = sum(event.facts for event in shown)
    return facts * FINGERPRINTS + sum(fingerprint(event.id) for event in shown) % FINGERPRINTS


def split_number(number: int) -> tuple[int, int]:
    """Return how many facts were known, and their fingerprint."""
    return divmod(number, FINGERPRINTS)
