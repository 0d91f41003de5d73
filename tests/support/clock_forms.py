"""Submissions with start and end, sent by a tablet whose clock is off."""

from datetime import UTC, datetime, timedelta

from sync_server.node import Node
from tests.support.samples import NOON, send, submission

DAY = 24 * 60
"""Minutes, as `send` counts them from NOON."""


def filled(instance: str, end: datetime, *, edits: str = "") -> bytes:
    start = end - timedelta(minutes=20)
    return submission(instance, f"<start>{start.isoformat()}</start><end>{end.isoformat()}</end>", edits=edits)


def header(shown: datetime) -> str:
    """Write the Date header as Collect does: in GMT, on a 12-hour clock."""
    return shown.astimezone(UTC).strftime("%a, %d %b %Y %I:%M:%S GMT")


def send_filled(
    node: Node, instance: str, *, finished: float, sent: float, off: timedelta, device_id: str = "collect:abc"
) -> None:
    """Fill and send, both in minutes after NOON, with a clock that is off."""
    end = NOON + timedelta(minutes=finished) + off
    said = header(NOON + timedelta(minutes=sent) + off)
    send(node, filled(instance, end), minutes=sent, device_id=device_id, client_date=said)
