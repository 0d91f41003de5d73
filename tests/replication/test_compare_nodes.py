"""Two nodes are compared: what one lacks is named, and nothing else is."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from sync_server.core.held_version import ALWAYS, Period
from sync_server.core.ids import sha256_hex
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.replication.compare_nodes import (
    ERASED_THERE,
    FILE_HERE,
    FILE_NOWHERE,
    FILE_THERE,
    MISSING_HERE,
    MISSING_THERE,
    Comparison,
    Finding,
    compare_nodes,
)
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Limits
from sync_server.services.erase_submissions import erase_submission
from sync_server.store.projects import find_uid
from tests.support.paired_nodes import open_node, pair, set_scope, sync
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import NOON, publish, send, submission, visit

PHOTO = b"jpeg" * 5_000


class Two:
    """A hub and its centre, and what a comparison at the hub says."""

    def __init__(self, hub: Node, centre: Node) -> None:
        self.hub, self.centre = hub, centre
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre, role=PEER)
        sync(hub, centre)

    def compare(self, period: Period = ALWAYS) -> Comparison:
        with self.hub.database.read() as session:
            uid = find_uid(session, 1) or ""
        return compare_nodes(self.hub, self.centre.id, LocalPeer(self.centre, self.hub.id), uid, period)

    def findings(self, period: Period = ALWAYS) -> list[tuple[str, str, str | None]]:
        found = sorted(self.compare(period).findings, key=lambda f: (f.what, f.held.instance_id, f.file or ""))
        return [(each.what, each.held.instance_id, each.file) for each in found]


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    url = ""
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        url = server.new_database()
    with ExitStack() as stack:
        hub = stack.enter_context(open_node(tmp_path / "hub"))
        centre = stack.enter_context(open_node(tmp_path / "centre", url))
        yield Two(hub, centre)
    if url:
        server.drop_database(url)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Two]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        yield Two(hub, centre)


def fill(node: Node, *names: str, **options: object) -> None:
    for name in names:
        send(node, visit(name), **options)  # type: ignore[arg-type]


def bring_rows(two: Two) -> None:
    """Take the centre's rows to the hub, and no file yet."""
    hub_end, centre_end = LocalPeer(two.hub, two.centre.id), LocalPeer(two.centre, two.hub.id)
    hub_end.take(centre_end.read_changes(0, Limits()))


def test_what_is_on_both_sides_is_not_named(two: Two) -> None:
    fill(two.hub, *(f"h{number}" for number in range(40)))
    fill(two.centre, *(f"c{number}" for number in range(5)), device_id=None)
    sync(two.hub, two.centre)
    said = two.compare()
    assert list(said.findings) == []
    assert said.here == said.there
    assert [(c.form_id, c.device_id, c.submissions, c.edits, c.files) for c in said.here] == [
        ("visit", None, 5, 0, 0), ("visit", "collect:abc", 40, 0, 0),
    ]  # fmt: skip


def test_each_thing_that_only_one_has_is_named(two: Two) -> None:
    fill(two.hub, *(f"both{number}" for number in range(60)))
    sync(two.hub, two.centre)
    fill(two.hub, "mine")
    fill(two.centre, "theirs")
    send(two.centre, visit("edit", deprecates="both3", people="9"))
    send(two.hub, visit("both4", place="other words"))  # other content under the same instanceID
    send(two.centre, visit("both5"), {"extra.jpg": PHOTO})
    assert two.findings() == [
        (FILE_HERE, "uuid:both5", "extra.jpg"),
        (MISSING_HERE, "uuid:edit", None),
        (MISSING_HERE, "uuid:theirs", None),
        (MISSING_THERE, "uuid:both4", None),
        (MISSING_THERE, "uuid:mine", None),
    ]
    sync(two.hub, two.centre)
    assert two.findings() == []


def test_a_photo_is_on_its_way_until_it_is_whole(small: Two) -> None:
    send(small.centre, visit("a", photo="a.jpg"), {"a.jpg": PHOTO})
    send(small.centre, visit("b", photo="b.jpg"))  # the tablet has not sent it yet
    bring_rows(small)
    assert small.findings() == [(FILE_NOWHERE, "uuid:b", "b.jpg"), (FILE_HERE, "uuid:a", "a.jpg")]
    sync(small.hub, small.centre)
    assert small.findings() == [(FILE_NOWHERE, "uuid:b", "b.jpg")]
    send(small.hub, visit("b", photo="b.jpg"), {"b.jpg": PHOTO})  # it comes, at the hub
    (found,) = small.compare().findings
    assert (found.what, found.file, found.size, found.present) == (FILE_THERE, "b.jpg", len(PHOTO), None)


def test_how_much_of_a_photo_is_here_is_said(small: Two) -> None:
    send(small.centre, visit("a", photo="a.jpg"), {"a.jpg": PHOTO})
    bring_rows(small)
    hub_end, centre_end = LocalPeer(small.hub, small.centre.id), LocalPeer(small.centre, small.hub.id)
    (file,) = hub_end.list_awaited(5)
    hub_end.write_pieces(centre_end.read_pieces([(file, 0, 700)]))
    (found,) = small.compare().findings
    assert (found.what, found.size, found.present) == (FILE_HERE, len(PHOTO), 700)
    assert found.is_missing


def test_a_period_is_by_the_first_receipt(small: Two) -> None:
    day = 24 * 60
    fill(small.hub, "first")
    fill(small.hub, "second", minutes=day)
    fill(small.centre, "third", minutes=2 * day)
    second = Period(NOON + timedelta(days=1), NOON + timedelta(days=2))
    assert small.findings(second) == [(MISSING_THERE, "uuid:second", None)]
    assert [count.submissions for count in small.compare(second).here] == [1]
    assert small.compare(second).there == ()
    assert small.findings(Period(first=second.until)) == [(MISSING_HERE, "uuid:third", None)]
    assert len(small.findings(Period(until=second.until))) == 2


def test_what_counts_to_another_day_there_is_not_missing(small: Two) -> None:
    """A tablet sent it to both, on two days; the receipts have not been exchanged yet."""
    fill(small.hub, "one")
    fill(small.centre, "one", minutes=24 * 60)
    assert small.findings(Period(until=NOON + timedelta(hours=1))) == []
    assert small.findings(Period(first=NOON + timedelta(hours=1))) == []


def test_an_edit_before_its_original_is_named_by_itself(small: Two) -> None:
    fill(small.hub, "original")
    send(small.hub, visit("edit", deprecates="original"))
    send(small.centre, visit("edit", deprecates="original"))
    assert small.findings() == [(MISSING_THERE, "uuid:original", None)]


def test_what_was_erased_there_is_not_missing_there(small: Two) -> None:
    fill(small.hub, "one", "two")
    sync(small.hub, small.centre)
    erase_submission(small.centre, None, "uuid:one", reason="Consent withdrawn", project_id=1, form_id="visit")
    assert small.findings() == [(ERASED_THERE, "uuid:one", None)]
    assert not any(finding.is_missing for finding in small.compare().findings)
    sync(small.hub, small.centre)
    assert small.findings() == []


def test_an_office_that_only_sends_is_compared_by_what_is_its_own(small: Two) -> None:
    fill(small.hub, "mine", "also mine")
    sync(small.hub, small.centre)
    set_scope(small.centre, small.hub.id, Grant(PEER_UP, 1))
    fill(small.centre, "not for it")
    fill(small.hub, "not sent yet")
    send(small.centre, visit("edit", deprecates="mine"))  # comes to what is its own
    assert small.findings() == [(MISSING_HERE, "uuid:edit", None), (MISSING_THERE, "uuid:not sent yet", None)]


def test_an_office_with_rows_is_compared_by_its_rows(small: Two) -> None:
    set_scope(small.centre, small.hub.id, Grant(PEER, 1, rows="place eq 'Bartella'"))
    sync(small.hub, small.centre)
    send(small.centre, visit("here", place="Bartella"))
    send(small.centre, visit("elsewhere", place="Mosul"))
    send(small.hub, visit("own", place="Mosul"))
    assert small.findings() == [(MISSING_HERE, "uuid:here", None), (MISSING_THERE, "uuid:own", None)]
    sync(small.hub, small.centre)
    assert small.findings() == []


def test_an_office_of_one_form_is_compared_by_that_form(small: Two) -> None:
    publish(small.centre, "1", {"/place": "string"}, form_id="survey")
    sync(small.hub, small.centre)
    set_scope(small.centre, small.hub.id, Grant(PEER, 1, "visit"))
    fill(small.centre, "visit")
    send(small.centre, submission("uuid:survey", "<place>x</place>", form_id="survey"))
    assert small.findings() == [(MISSING_HERE, "uuid:visit", None)]


def test_a_project_that_is_not_shared_is_not_found(small: Two) -> None:
    with pytest.raises(NotFound):
        compare_nodes(small.hub, small.centre.id, LocalPeer(small.centre, small.hub.id), "another project")
    set_scope(small.centre, small.hub.id)
    with pytest.raises(NotFound):
        small.compare()


def test_memory_and_findings_hold_when_one_has_nothing(small: Two) -> None:
    fill(small.centre, *(f"c{number}" for number in range(300)))
    found: list[Finding] = list(small.compare().findings)
    assert {each.what for each in found} == {MISSING_HERE}
    assert len({each.held.version for each in found}) == len(found) == 300
    assert sha256_hex(visit("c7")) in {each.held.version for each in found}
