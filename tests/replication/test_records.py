"""What one node received is at the other after a round, once and whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Limits
from sync_server.replication.round import synchronise
from sync_server.services import consumers
from sync_server.services.review_submission import review_submission
from sync_server.store import checkpoints
from tests.support.paired_nodes import held, open_node, pair, set_scope, sync
from tests.support.samples import publish_visit, send, visit


@pytest.fixture
def centre(node: Node) -> Node:
    publish_visit(node)
    return node


def test_what_a_hub_received_is_at_the_centre_after_one_round(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(hub, visit("one", photo="a.jpg"), {"a.jpg": b"photo"})
    send(hub, visit("two"))
    report = sync(hub, centre)
    assert report.is_quiet, report
    assert held(hub) == held(centre)
    assert len(held(centre).files) == 1


def test_a_round_with_nothing_new_is_one_greeting(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(hub, visit("one"))
    sync(hub, centre)
    report = sync(hub, centre)
    assert (report.is_quiet, report.greetings, report.records_in.stored, report.records_out.stored) == (True, 1, 0, 0)


def test_a_hub_gets_the_form_before_its_tablets_need_it(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    sync(hub, centre)
    assert send(hub, visit("one")).form_state == "open"


def test_an_edit_made_elsewhere_comes_back_to_the_hub_that_received_the_original(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(hub, visit("one"))
    sync(hub, centre)
    send(centre, visit("two", deprecates="one", place="Karamles"))
    sync(hub, centre)
    assert held(hub) == held(centre)
    assert len(held(hub).states) == 1


def test_an_office_gets_nothing_that_others_received(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(centre, visit("elsewhere"))
    sync(hub, centre)
    assert held(hub).versions == set()


def test_a_review_at_the_centre_is_known_at_the_hub(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(hub, visit("one"))
    sync(hub, centre)
    review_submission(centre, None, "uuid:one", "approved", reason="seen")
    sync(hub, centre)
    assert held(hub).states == held(centre).states
    assert '"review":"approved"' in held(hub).states["uuid:one"]


def test_a_hub_with_rows_gets_those_and_loses_them_when_they_leave_its_scope(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows="place eq 'Bartella'")
    send(centre, visit("here", place="Bartella", photo="a.jpg"), {"a.jpg": b"here"})
    send(centre, visit("there", place="Tel Kaif"))
    sync(hub, centre)
    assert held(hub).states.keys() == {"uuid:here"}
    assert len(held(hub).files) == 1
    send(centre, visit("edit", place="Tel Kaif", deprecates="here"))
    sync(hub, centre)
    assert held(hub).versions == set()
    send(centre, visit("again", place="Bartella", deprecates="there"))
    sync(hub, centre)
    assert held(hub).states.keys() == {"uuid:there"}


def test_a_wider_scope_brings_everything_with_its_decisions(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    send(centre, visit("one"))
    review_submission(centre, None, "uuid:one", "approved", reason="seen")
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER, 1))
    sync(hub, centre)
    assert held(hub) == held(centre)


def test_a_copy_of_what_was_sent_by_another_hub_keeps_both_receipts(hub: Node, centre: Node, tmp_path: Path) -> None:
    with open_node(tmp_path / "second") as second:
        pair(hub, centre, name="first")
        pair(second, centre, name="second")
        for one in (hub, second):
            send(one, visit("one"))
        send(centre, visit("two", deprecates="one"))
        for one in (hub, second, hub):
            sync(one, centre)
        for one in (hub, second, centre):
            consumers.resolve_received(one)
        assert held(hub) == held(second) == held(centre)
        assert (len(held(hub).receipts), len(held(hub).versions), len(held(hub).states)) == (3, 2, 1)


def test_an_upload_travels_in_one_batch(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    for number in range(12):
        send(hub, visit(f"v{number}", photo="a.jpg"), {"a.jpg": b"photo"})
    source, since, batches = LocalPeer(hub, centre.id), 0, []
    while not batches or since < batches[-1].head:
        batches.append(source.read_changes(since, Limits(bytes=1, changes=1)))
        since = batches[-1].until
    assert len(batches) > 2
    for batch in batches:
        versions = [item for item in batch.items if item.kind == "submission"]
        assert [sum(item.kind == kind for item in batch.items) for kind in ("receipt", "attachment")] == [
            len(versions),
            len(versions),
        ]


def test_a_version_waits_for_its_receipt(hub: Node, centre: Node) -> None:
    """Nobody knows before whether it is to be held; a node of another make may send them apart."""
    pair(hub, centre)
    sync(hub, centre)
    send(hub, visit("one"))
    source, target = LocalPeer(hub, centre.id), LocalPeer(centre, hub.id)
    whole = source.read_changes(0, Limits())
    target.take(replace(whole, items=tuple(item for item in whole.items if item.kind != "receipt")))
    consumers.resolve_received(centre)
    assert (len(held(centre).versions), held(centre).states) == (1, {})
    target.take(whole)
    consumers.resolve_received(centre)
    assert held(centre) == held(hub)
    with centre.database.read() as session:
        assert checkpoints.iter_parked(session) == []


def test_a_scope_that_comes_back_is_gone_through_again(hub: Node, centre: Node) -> None:
    """The cursor of the first time knows nothing of what the hub got in between."""
    pair(hub, centre)
    send(centre, visit("one"))
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER, 1))
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    sync(hub, centre)
    assert held(hub).versions == set()


def test_files_that_one_instance_has_twice_go_with_both_versions(hub: Node, centre: Node) -> None:
    """A change names the instance and the file, not which of the versions."""
    pair(hub, centre, role=PEER)
    send(centre, visit("one", photo="a.jpg"), {"a.jpg": b"photo"})
    send(hub, visit("one", photo="a.jpg", people="8"), {"a.jpg": b"photo"})
    sync(hub, centre)
    assert held(hub) == held(centre)
    assert len(held(centre).files) == 2


def test_a_file_that_only_another_upload_brought_reaches_the_hub_that_has_the_version(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    xml = visit("one", photo="a.jpg")
    send(hub, xml)
    send(centre, xml, {"a.jpg": b"photo"})
    sync(hub, centre, rounds=2)
    assert held(hub) == held(centre)
    assert len(held(hub).files) == 1


def test_what_left_a_scope_while_more_of_it_was_received_comes_back_whole(hub: Node, centre: Node) -> None:
    """The hub cannot remove what it has more of; once that is known, the submission is its own."""
    pair(hub, centre, role=PEER, rows="place eq 'Bartella'")
    send(centre, visit("one", place="Bartella"))
    sync(hub, centre)
    send(centre, visit("two", place="Karamles", deprecates="one"))
    send(hub, visit("one", place="Bartella", people="9"))
    sync(hub, centre, rounds=2)
    assert held(hub) == held(centre)


@pytest.mark.parametrize("at", ["hub", "centre"])
def test_what_a_hub_decided_comes_back_with_what_it_had_to_remove(hub: Node, centre: Node, at: str) -> None:
    """It removed its own decision too, so that is no echo, even where a tablet brought the submission there again."""
    pair(hub, centre, role=PEER)
    sync(hub, centre)
    send(centre, visit("one"))
    sync(hub, centre)
    review_submission(hub, None, "uuid:one", "rejected", reason="seen")
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    sync(hub, centre)
    assert held(hub).versions == held(hub).decisions == set()
    send({"hub": hub, "centre": centre}[at], visit("one", people="9"))
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER, 1))
    sync(hub, centre, rounds=2)
    assert held(hub) == held(centre)
    assert len(held(hub).decisions) == 1


def test_what_a_hub_sent_is_not_worked_in_before_it_is_told_what_is_new(hub: Node, centre: Node) -> None:
    pair(hub, centre)
    sync(hub, centre)
    send(hub, visit("one"))
    send(hub, visit("two"))
    synchronise(hub, centre.id, remote=lambda: LocalPeer(centre, hub.id), wait=lambda seconds: None)
    assert held(centre).states == {}, "nobody waited for it"
    consumers.resolve_received(centre)
    review_submission(centre, None, "uuid:one", "approved", reason="seen")
    sync(hub, centre)
    assert held(hub) == held(centre)


def test_a_hub_that_received_what_it_had_from_the_centre_shows_it_and_is_believed(hub: Node, centre: Node) -> None:
    """Even when its scope is narrower by then: else its receipt would be as good as a guess."""
    pair(hub, centre, role=PEER)
    send(centre, visit("one"))
    sync(hub, centre)
    send(hub, visit("one"))
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    report = sync(hub, centre, rounds=2)
    assert (report.records_out.refused, held(hub)) == (0, held(centre))
    assert len(held(centre).receipts) == 2
