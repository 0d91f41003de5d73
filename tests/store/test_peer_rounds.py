"""What is kept of rounds: who is at it, and how it went."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_server.node import Node
from sync_server.store import peer_rounds, refusals
from sync_server.store.peer_rounds import LEASE, PeerRound
from sync_server.store.peers import CENTRE, add_peer

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
PEER = "90ab"


@pytest.fixture
def paired(node: Node) -> Node:
    node.write(lambda s: add_peer(s, id=PEER, side=CENTRE, name="Erbil", public_key=b"k" * 32, now=NOW))
    return node


def claim(node: Node, token: str, now: datetime = NOW, dead: str | None = None) -> bool:
    return node.write(lambda s: peer_rounds.claim(s, PEER, token, now=now, dead_token=dead))


def state(node: Node) -> PeerRound:
    with node.database.read() as session:
        return peer_rounds.get_round(session, PEER)


def test_one_process_holds_the_lease_and_gives_it_back(paired: Node) -> None:
    assert claim(paired, "a")
    assert not claim(paired, "b")
    assert state(paired).is_busy(NOW)
    paired.write(lambda s: peer_rounds.release(s, PEER, "b"))
    assert not claim(paired, "b")
    paired.write(lambda s: peer_rounds.release(s, PEER, "a"))
    assert claim(paired, "b")


def test_a_lease_runs_out_and_whoever_had_it_learns_so(paired: Node) -> None:
    claim(paired, "a")
    assert claim(paired, "b", NOW + LEASE)
    assert not paired.write(lambda s: peer_rounds.renew(s, PEER, "a", now=NOW + LEASE))


def test_a_lease_that_is_renewed_does_not_run_out(paired: Node) -> None:
    claim(paired, "a")
    later = NOW + timedelta(seconds=100)
    assert paired.write(lambda s: peer_rounds.renew(s, PEER, "a", now=later))
    assert not claim(paired, "b", NOW + LEASE)


def test_a_lease_taken_before_the_clock_was_set_back_does_not_lock_for_ever(paired: Node) -> None:
    claim(paired, "a", NOW + timedelta(days=365))
    assert not state(paired).is_busy(NOW)
    assert claim(paired, "b", NOW)


def test_the_lease_of_a_process_that_is_gone_is_free(paired: Node) -> None:
    claim(paired, "a")
    assert not claim(paired, "b", dead="another")
    assert claim(paired, "b", dead="a")


def test_what_happened_is_kept(paired: Node) -> None:
    paired.write(lambda s: peer_rounds.want_round(s, PEER, now=NOW))
    paired.write(lambda s: peer_rounds.note_tried(s, PEER, now=NOW))
    for _ in range(2):
        paired.write(lambda s: peer_rounds.note_failed(s, PEER, error="PeerAway", details={"reason": "x"}, now=NOW))
    kept = state(paired)
    assert (kept.wanted_at, kept.tried_at, kept.failed_at, kept.failures) == (None, NOW, NOW, 2)
    assert (kept.error, kept.error_details) == ("PeerAway", {"reason": "x"})
    paired.write(lambda s: peer_rounds.note_succeeded(s, PEER, now=NOW))
    kept = state(paired)
    assert (kept.error, kept.failures, kept.succeeded_at) == (None, 0, NOW)


def test_progress_is_shown_only_by_who_holds_the_lease(paired: Node) -> None:
    claim(paired, "a")
    paired.write(lambda s: peer_rounds.put_progress(s, PEER, "b", {"files_done": 9}))
    assert state(paired).progress is None
    paired.write(lambda s: peer_rounds.put_progress(s, PEER, "a", {"files_done": 1}))
    assert state(paired).progress == {"files_done": 1}


def test_a_refusal_is_kept_until_the_item_is_taken_after_all(paired: Node) -> None:
    def note(sent: list[str], refused: list[tuple[str, str]]) -> None:
        paired.write(lambda s: refusals.note_sent(s, PEER, sent, refused, now=NOW))

    note(["decision:1", "decision:2"], [("decision:1", "beyond_scope"), ("decision:2", "erased")])
    note(["decision:1"], [("decision:1", "forged_author")])
    note(["decision:2", "decision:3"], [])
    with paired.database.read() as session:
        kept = refusals.iter_refusals(session, PEER, "out", limit=10)
        assert [(each.item, each.reason) for each in kept] == [("decision:1", "forged_author")]
        assert refusals.count_refusals(session, PEER, "in") == 0
