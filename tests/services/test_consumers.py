"""The consumers follow the feed whatever the database does; no change is blamed for that."""

from collections.abc import Sequence
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.resolve_submissions import ResolveSubmissions
from sync_server.store.changes import Change
from sync_server.store.checkpoints import iter_parked
from sync_server.store.quarantine import find_submissions
from tests.support.samples import publish_visit, send, visit


class FailsOnce(ResolveSubmissions):
    """Meets a database that is away once, as after a restart of PostgreSQL."""

    has_failed = False

    def handle(self, session: Session, happened: Sequence[Change]) -> consumers.Write:
        if not self.has_failed:
            self.has_failed = True
            session.execute(text("SELECT nothing_of_the_kind"))
        write: consumers.Write = super().handle(session, happened)
        return write


def test_a_database_that_fails_parks_nothing_and_the_slice_is_done_again(node: Node) -> None:
    publish_visit(node)
    for number in range(10):
        send(node, visit(str(number)))
    runner = consumers.Runner(node, FailsOnce())
    with pytest.raises(DBAPIError):
        runner.run_slice()
    while runner.run_slice() is not None:
        pass
    with node.database.read() as session:
        assert iter_parked(session) == []
        assert all(find_submissions(session, f"uuid:{number}") for number in range(10))


class Counts(ResolveSubmissions):
    """Notes how many changes each slice had, on a machine where an hour passes whenever somebody looks."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def handle(self, session: Session, happened: Sequence[Change]) -> consumers.Write:
        self.sizes.append(len(happened))
        return lambda session: None


def test_waiting_does_not_make_slices_small(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_visit(node)
    for number in range(60):
        send(node, visit(str(number)))
    hours = count(step=3600)
    monkeypatch.setattr(consumers.time, "perf_counter", lambda: float(next(hours)))
    consumer = Counts()
    runner = consumers.Runner(node, consumer)
    while runner.run_slice() is not None:
        pass
    assert len(consumer.sizes) == 2, consumer.sizes  # 64 changes, and the rest
