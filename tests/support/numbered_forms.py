"""Submissions of a form that counts, as a tablet with `last-saved` sends them."""

from sync_server.node import Node
from tests.support.samples import QUESTIONS, publish, send, submission

COUNTED = {"/form_series": "string", "/form_number": "int", "/form_highest": "int", **QUESTIONS}


def publish_counted(node: Node, version: str = "1", form_id: str = "visit") -> None:
    publish(node, version, COUNTED, form_id=form_id)


def counted(series: str, number: int, *, highest: int | None = None, edits: str = "", form_id: str = "visit") -> bytes:
    """The submission `uuid:<series>-<number>`, or an edit of it."""
    answers = (
        f"<form_series>{series}</form_series><form_number>{number}</form_number>"
        f"<form_highest>{highest or number}</form_highest><photo/>"
    )
    name = f"uuid:{series}-{number}{'-edited' if edits else ''}"
    return submission(name, answers, edits=edits, form_id=form_id)


def send_counted(
    node: Node, series: str, *numbers: int, actor_id: int | None = None, minutes: float = 0, **sent: bool
) -> None:
    """Send these numbers a minute apart."""
    for place, number in enumerate(numbers):
        send(node, counted(series, number), actor_id=actor_id, minutes=minutes + place, **sent)
