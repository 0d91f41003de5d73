"""A round between two nodes: until all is quiet, and what is kept of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync_server.node import Node
from sync_server.peer_errors import PairingEnded, PeerAway, PeerRevoked, RoundUnderWay
from sync_server.replication.local import LocalPeer
from sync_server.replication.patience import BREAKS
from sync_server.replication.peer import Peer
from sync_server.replication.round import RoundReport, synchronise
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.peer_status import PeerStatus, peer_status
from sync_server.store import changes, nodes, peer_rounds
from sync_server.store.peers import REVOKED, change_peer, get_peer
from tests.support.paired_nodes import open_node, pair
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with open_node(tmp_path / "centre") as node:
        publish_visit(node)
        yield node


@pytest.fixture
def office(tmp_path: Path, centre: Node) -> Iterator[Node]:
    with open_node(tmp_path / "office") as node:
        pair(node, centre)
        go(node, centre)
        yield node


class Watched:
    """The centre, as seen from the hub: counts what is asked, and breaks on command."""

    def __init__(self, centre: Node, hub: Node, breaks: dict[str, int] | None = None) -> None:
        self.end = LocalPeer(centre, hub.id)
        self.asked: list[str] = []
        self.breaks = breaks if breaks is not None else {}
        self.sent_bytes = self.received_bytes = 0

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self.asked.append(name)
            left = self.breaks.get(name, 0)
            if left > 0:
                self.breaks[name] = left - 1
                raise PeerAway(reason="the line broke")
            return getattr(self.end, name)(*args)

        return call


def go(hub: Node, centre: Node, remote: Peer | Watched | None = None, **how: Any) -> RoundReport:
    end: Any = remote or LocalPeer(centre, hub.id)
    return synchronise(hub, centre.id, remote=lambda: end, **{"wait": lambda _seconds: None, **how})


def of(node: Node) -> PeerStatus:
    (status,) = peer_status(node)
    return status


def are_same(hub: Node, centre: Node) -> bool:
    with hub.database.read() as session:
        at_hub, (_, uid, _) = get_peer(session, centre.id), nodes_projects(session)[0]
    with centre.database.read() as session:
        at_centre = get_peer(session, hub.id)
    return digest_for_peer(hub, at_hub, uid) == digest_for_peer(centre, at_centre, uid)


def nodes_projects(session: Any) -> list[tuple[int, str, str | None]]:
    from sync_server.store.projects import iter_homes

    return iter_homes(session)


def test_what_a_tablet_sent_reaches_the_centre_with_its_photo(office: Node, centre: Node) -> None:
    send(office, visit("one", photo="p.jpg"), [("p.jpg", b"photo" * 100_000)])
    report = go(office, centre)
    assert (report.is_quiet, report.reason, report.files_out) == (True, None, 1)
    assert report.records_out.stored > 0
    assert are_same(office, centre)
    assert of(office).is_quiet


def test_a_round_with_nothing_new_is_one_greeting(office: Node, centre: Node) -> None:
    remote = Watched(centre, office)
    report = go(office, centre, remote)
    assert remote.asked == ["meet"]
    assert report.is_quiet


def test_a_quiet_round_after_files_went_is_one_greeting_too(office: Node, centre: Node) -> None:
    send(office, visit("one", photo="p.jpg"), [("p.jpg", b"photo")])
    go(office, centre)
    remote = Watched(centre, office)
    go(office, centre, remote)
    assert remote.asked == ["meet"]


@pytest.mark.parametrize("method", ["meet", "read_changes", "take_in_turn", "list_awaited", "write_pieces"])
def test_a_line_that_breaks_a_few_times_is_waited_for(office: Node, centre: Node, method: str) -> None:
    send(office, visit("one", photo="p.jpg"), [("p.jpg", b"photo")])
    remote, waits = Watched(centre, office, {method: 3}), []
    report = go(office, centre, remote, wait=waits.append)
    assert report.is_quiet
    assert (report.breaks, len(waits)) == (3, 3)
    assert are_same(office, centre)


def test_a_line_that_stays_broken_ends_the_round_with_the_reason(office: Node, centre: Node) -> None:
    send(office, visit("one"))
    report = go(office, centre, Watched(centre, office, {"take_in_turn": 1000}), clock=lambda: NOW)
    assert (report.is_quiet, report.breaks) == (False, BREAKS)
    assert report.reason is not None
    assert "the line broke" in report.reason.text
    status = of(office)
    assert status.error == report.reason
    assert (status.failed_at, status.failures) == (NOW, 1)
    assert status.records_to_send == 1


def test_a_line_that_stays_broken_for_files_does_not_hold_up_records(office: Node, centre: Node) -> None:
    send(office, visit("one", photo="p.jpg"), [("p.jpg", b"photo")])
    report = go(office, centre, Watched(centre, office, {"write_pieces": 1000}))
    assert not report.is_quiet
    assert of(office).records_to_send == 0
    assert of(office).files_to_send != 0 or peer_rounds_files(office, centre) == -1
    assert go(office, centre).is_quiet
    assert are_same(office, centre)


def peer_rounds_files(node: Node, peer: Node) -> int:
    with node.database.read() as session:
        return peer_rounds.get_round(session, peer.id).files_there


def test_a_success_forgets_the_failures(office: Node, centre: Node) -> None:
    go(office, centre, Watched(centre, office, {"meet": 1000}))
    assert of(office).failures == 1
    go(office, centre, clock=lambda: NOW)
    status = of(office)
    assert (status.failures, status.error, status.succeeded_at) == (0, None, NOW)


def test_a_pairing_that_the_centre_ended_is_said(office: Node, centre: Node) -> None:
    centre.write(lambda s: change_peer(s, office.id, state=REVOKED))
    report = go(office, centre)
    assert report.reason is not None
    assert report.reason.template == PeerRevoked.message
    assert of(office).error == report.reason


def test_a_pairing_that_ended_here_goes_no_round(office: Node, centre: Node) -> None:
    office.write(lambda s: change_peer(s, centre.id, state=REVOKED))
    with pytest.raises(PairingEnded):
        go(office, centre)


def test_another_process_is_left_to_it(office: Node, centre: Node) -> None:
    office.write(lambda s: peer_rounds.claim(s, centre.id, "elsewhere:1:x:y", now=datetime.now(UTC)))
    with pytest.raises(RoundUnderWay):
        go(office, centre)
    assert of(office).movement is not None


def test_a_round_that_is_told_to_stop_ends_between_two_batches(office: Node, centre: Node) -> None:
    send(office, visit("one"))
    remote = Watched(centre, office)
    report = go(office, centre, remote, stop=lambda: "meet" in remote.asked)
    assert (report.is_quiet, report.reason) == (False, None)
    assert "take" not in remote.asked
    with office.database.read() as session:
        assert not peer_rounds.get_round(session, centre.id).is_busy(datetime.now(UTC))


def test_the_centre_knows_how_far_a_hub_is(office: Node, centre: Node) -> None:
    status = of(centre)
    with centre.database.read() as session:
        assert (status.side, status.told_seq) == ("hub", changes.head(session))
    assert status.seen_at is not None


def test_a_restored_centre_is_asked_what_it_lacks_and_goes_on_being_asked(office: Node, centre: Node) -> None:
    for number in range(3):
        send(office, visit(str(number)))
    go(office, centre)
    centre.write(lambda s: nodes.start_epoch(s, new_id=lambda: "a new epoch"))
    remote = Watched(centre, office, {"take": 1})
    assert go(office, centre, remote).is_quiet
    assert "read_names" in remote.asked
    assert "read_changes" not in remote.asked[: remote.asked.index("read_names")]
    assert are_same(office, centre)
    with office.database.read() as session:
        assert not peer_rounds.get_round(session, centre.id).asking


class DiesWhileListing(Watched):
    """The centre; the hub's process dies once a batch came there, which the files' lane, asking just then, missed."""

    def __init__(self, centre: Node, hub: Node) -> None:
        super().__init__(centre, hub)
        self.has_listed, self.has_taken = threading.Event(), threading.Event()

    def list_awaited(self, limit: int) -> Any:
        listed = self.end.list_awaited(limit)
        self.has_listed.set()
        assert self.has_taken.wait(30)
        return listed

    def take(self, batch: Any) -> Any:
        assert self.has_listed.wait(30)
        taken = self.end.take(batch)
        self.has_taken.set()
        raise InterruptedError(taken)

    take_in_turn = take


def test_a_photo_announced_while_the_awaited_were_listed_is_asked_for_in_the_next_round(
    office: Node, centre: Node
) -> None:
    office.write(lambda session: peer_rounds.note_files_there(session, centre.id, -1))  # so that the lane asks at once
    send(office, visit("one", photo="p.jpg"), [("p.jpg", b"photo" * 1000)])
    with pytest.raises(InterruptedError):
        go(office, centre, DiesWhileListing(centre, office))
    assert go(office, centre).files_out == 1
    assert are_same(office, centre)
