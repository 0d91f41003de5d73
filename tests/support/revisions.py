"""Submissions that betray a half-state: every row says which revision of its submission it belongs to.

Submission n at revision r has (n + r) % 5 repeat rows, each of which carries r. A reader who sees one row of another
revision, or one too few, has seen a moment that never was.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.store.tables import changes
from tests.support.samples import publish, send, submission
from tests.support.warehouse_rows import Shown

FORM = "revised"
QUESTIONS = {"/revision": "int", "/note": "string", "/who": "repeat", "/who/revision": "int"}
ROOT_NOTE = "n" * 200


def prepare(node: Node) -> None:
    publish(node, "1", QUESTIONS, form_id=FORM)


def revision(number: int, revised: int) -> bytes:
    """Write revision r of submission n; each is an edit of the one before."""
    rows = f"<who><revision>{revised}</revision></who>" * ((number + revised) % 5)
    edits = _instance(number, revised - 1) if revised else ""
    answers = f"<revision>{revised}</revision><note>{ROOT_NOTE}</note>{rows}"
    return submission(_instance(number, revised), answers, edits=edits, form_id=FORM)


def send_new(node: Node, numbers: range) -> None:
    for number in numbers:
        send(node, revision(number, 0), minutes=number / 10)


@dataclass
class Revisions:
    """What a sender has had acknowledged: the last revision by submission."""

    last: dict[int, int]

    def edit(self, node: Node, number: int) -> None:
        revised = self.last[number] + 1
        send(node, revision(number, revised), minutes=number / 10)
        self.last[number] = revised

    def add(self, node: Node, count: int) -> None:
        first = len(self.last)
        send_new(node, range(first, first + count))
        self.last |= dict.fromkeys(range(first, first + count), 0)


def check_moment(session: Session, seq: int, shown: list[Shown]) -> None:
    """Hold what a reader saw, of a manifest at change `seq`, against what had been acknowledged by then.

    Resolving is ahead of the warehouse: an edit may be seen early, but whole; a submission too early or too late never.
    """
    by_then, by_now = acknowledged(session, seq), acknowledged(session, None)
    seen = {number_of(one): check_whole(one) for one in shown}
    assert seen.keys() == by_then.keys()
    assert all(by_then[number] <= revised <= by_now[number] for number, revised in seen.items())


def check_whole(shown: Shown) -> int:
    """Return the revision that all rows of a submission agree on."""
    revised = int(shown.tables[""][0]["/revision"])
    rows = [int(row["/who/revision"]) for row in shown.tables.get("/who", [])]
    assert rows == [revised] * ((number_of(shown) + revised) % 5), "half a submission"
    return revised


def number_of(shown: Shown) -> int:
    return int(shown.key.split(":")[1].split("-")[0])


def acknowledged(session: Session, seq: int | None) -> dict[int, int]:
    """The last revision of each submission in the feed up to a change (None: all of it)."""
    found: dict[int, int] = {}
    for instance in _instances(session, seq):
        number, revised = map(int, instance.split(":")[1].split("-"))
        found[number] = max(revised, found.get(number, 0))
    return found


def _instances(session: Session, seq: int | None) -> Iterator[str]:
    query = select(changes.c.key).where(changes.c.kind == "submission_version")
    yield from session.scalars(query if seq is None else query.where(changes.c.seq <= seq))


def _instance(number: int, revised: int) -> str:
    return f"uuid:{number:06d}-{revised}"
