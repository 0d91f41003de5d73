"""Which centre is called when, by a serving process."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.replication.schedule import Schedule
from sync_server.settings import Settings
from sync_server.store import peer_rounds
from sync_server.store.peers import CENTRE, HUB, REVOKED, PeerNode, add_peer, change_peer
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


class Rounds:
    """Stands in for the network: notes with whom a round was gone."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.under_way = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, node: Node, peer: PeerNode, stop: threading.Event) -> None:
        self.gone.append(peer.name)
        node.write(lambda session: peer_rounds.note_tried(session, peer.id, now=NOW))
        self.under_way.set()
        self.may_end.wait(10)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Node]:
    with Node.open(Settings(data=new_folder(tmp_path / "office"), min_free_bytes=0, timezone="Asia/Baghdad")) as node:
        publish_visit(node)
        _pair(node, "c1", CENTRE)
        node.write(lambda session: peer_rounds.note_tried(session, "c1", now=NOW))
        node.write(lambda session: peer_rounds.note_succeeded(session, "c1", now=NOW))
        yield node


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


@pytest.fixture
def schedule(office: Node, rounds: Rounds) -> Schedule:
    return Schedule(office, threading.Event(), go=rounds)


def _pair(node: Node, id: str, side: str, url: str | None = "https://centre.example.org") -> None:
    node.write(lambda s: add_peer(s, id=id, side=side, name=id, public_key=b"k" * 32, url=url, now=NOW))


def test_a_centre_is_called_in_its_turn(schedule: Schedule) -> None:
    assert schedule.look(NOW + timedelta(minutes=5)) == []
    assert schedule.look(NOW + timedelta(minutes=15)) == ["c1"]


def test_a_centre_that_was_paired_by_stick_and_has_no_address_is_not_called(office: Node, schedule: Schedule) -> None:
    _pair(office, "c2", CENTRE, url=None)
    assert schedule.look(NOW + timedelta(days=1)) == ["c1"]


def test_hubs_and_ended_pairings_are_not_called(office: Node, schedule: Schedule) -> None:
    _pair(office, "h1", HUB)
    office.write(lambda s: change_peer(s, "c1", state=REVOKED))
    assert schedule.look(NOW + timedelta(days=1)) == []


def test_whoever_asks_is_heard_at_the_next_look(office: Node, schedule: Schedule) -> None:
    office.write(lambda s: peer_rounds.want_round(s, "c1", now=NOW))
    assert schedule.look(NOW + timedelta(seconds=1)) == ["c1"]


def test_what_a_tablet_sent_goes_when_it_has_been_quiet_for_a_while(office: Node, schedule: Schedule) -> None:
    send(office, visit("one"))
    assert schedule.look(NOW + timedelta(seconds=10)) == []
    send(office, visit("two"))
    assert schedule.look(NOW + timedelta(seconds=50)) == []
    assert schedule.look(NOW + timedelta(seconds=109)) == []
    assert schedule.look(NOW + timedelta(seconds=110)) == ["c1"]


def test_a_round_under_way_is_not_begun_again(office: Node, schedule: Schedule, rounds: Rounds) -> None:
    rounds.may_end.clear()
    assert schedule.look(NOW + timedelta(minutes=15)) == ["c1"]
    assert rounds.under_way.wait(10)
    assert schedule.look(NOW + timedelta(minutes=40)) == []
    rounds.may_end.set()


def test_a_round_of_another_process_is_left_to_it(office: Node, schedule: Schedule) -> None:
    later = NOW + timedelta(minutes=20)
    office.write(lambda s: peer_rounds.claim(s, "c1", "elsewhere:1:x:y", now=later))
    assert schedule.look(later) == []


def test_a_centre_that_is_slow_does_not_hold_up_another(office: Node, schedule: Schedule, rounds: Rounds) -> None:
    rounds.may_end.clear()
    assert schedule.look(NOW + timedelta(minutes=15)) == ["c1"]
    _pair(office, "c2", CENTRE)
    assert schedule.look(NOW + timedelta(minutes=16)) == ["c2"]
    rounds.may_end.set()


def test_no_round_begins_in_the_quiet_hours_of_the_place(office: Node, rounds: Rounds, tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path / "other", min_free_bytes=0, timezone="Asia/Baghdad", sync_quiet_hours="22:00-05:00"
    )
    with Node.open(settings) as node:
        _pair(node, "c1", CENTRE)
        schedule = Schedule(node, threading.Event(), go=rounds)
        assert schedule.look(datetime(2026, 11, 30, 20, 0, tzinfo=UTC)) == []  # 23:00 in Baghdad
        assert schedule.look(datetime(2026, 11, 30, 18, 0, tzinfo=UTC)) == ["c1"]


def test_it_ends_when_the_process_does(office: Node, rounds: Rounds) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Schedule(office, stop, go=rounds).run)
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
