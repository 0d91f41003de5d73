"""The contract of an end of a replication, kept by a node in this process and by one behind a socket."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sync_server.app import create_app
from sync_server.core.node_comparison import HELD, UNKNOWN, RangesAnswered, RangesAsked, VersionsAsked
from sync_server.core.range_digest import Question
from sync_server.core.replication_items import SubmissionItem
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import CursorElsewhere, PeerRevoked
from sync_server.replication import greeting
from sync_server.replication.dialling import Dialling
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Limits, Peer, Piece
from sync_server.store.holdings import iter_version_ids
from sync_server.store.peers import REVOKED, change_peer, get_peer
from sync_server.store.projects import find_uid
from tests.support.bad_line import BadLine
from tests.support.paired_nodes import held, open_node, pair, set_scope, sync
from tests.support.samples import publish, send, submission
from tests.support.server_thread import ServerThread

PHOTO = bytes(range(256)) * 600


@dataclass
class Ends:
    """A hub, and its centre as the hub reaches it."""

    hub: Node
    centre: Node
    open: Callable[[], Peer]
    line: BadLine | None = None

    @property
    def mine(self) -> LocalPeer:
        """The hub's own end, opened for the centre."""
        return LocalPeer(self.hub, self.centre.id)

    def meet(self) -> Peer:
        with self.hub.database.read() as session:
            hello = greeting.introduce(self.hub, get_peer(session, self.centre.id))
        peer = self.open()
        self.mine.meet(peer.meet(hello))
        return peer


@contextmanager
def open_ends(folder: Path, **faults: float) -> Iterator[Ends]:
    """Open two nodes with a socket between them, and a line that has these faults."""
    with ExitStack() as stack:
        hub, centre = _open_two(stack, folder)
        server = stack.enter_context(ServerThread(create_app(centre)))
        line = stack.enter_context(BadLine(target=("127.0.0.1", server.port), **faults))  # type: ignore[arg-type]
        hub.write(lambda session: change_peer(session, centre.id, url=line.url if faults else server.url))
        with hub.database.read() as session:
            dialled = get_peer(session, centre.id)
        yield Ends(hub, centre, stack.enter_context(Dialling(hub, dialled)), line)


def _open_two(stack: ExitStack, folder: Path) -> tuple[Node, Node]:
    hub, centre = (stack.enter_context(open_node(folder / name)) for name in ("hub", "centre"))
    publish(centre, "1", {"/place": "string", "/photo": "binary"})
    pair(hub, centre, role=PEER)
    return hub, centre


@pytest.fixture(params=["local", "remote", "remote, every request twice"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    if request.param == "local":
        with ExitStack() as stack:
            hub, centre = _open_two(stack, tmp_path)
            yield Ends(hub, centre, lambda: LocalPeer(centre, hub.id))
        return
    faults = {"repeat_request_every": 1} if "twice" in request.param else {}
    with open_ends(tmp_path, **faults) as opened:
        yield opened


def fill(node: Node, first: int, count: int = 3) -> None:
    for number in range(first, first + count):
        xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
        send(node, xml, {f"{number}.jpg": PHOTO + bytes([number])})


def test_a_round_brings_both_to_the_same(ends: Ends) -> None:
    fill(ends.hub, 0)
    fill(ends.centre, 50)
    assert sync(ends.hub, ends.centre, open_remote=ends.open).is_quiet
    assert held(ends.hub) == held(ends.centre)
    assert len(held(ends.hub).files) == 6


@pytest.mark.parametrize(
    "faults",
    [{"cut_after_bytes": 60_000}, {"lose_answer_every": 4}, {"delay_seconds": 0.02, "bits_per_second": 8_000_000}],
    ids=lambda faults: " ".join(faults),
)
def test_a_round_over_a_bad_line_brings_both_to_the_same(tmp_path: Path, faults: dict[str, float]) -> None:
    with open_ends(tmp_path, seed=5, **faults) as ends:
        fill(ends.hub, 0)
        fill(ends.centre, 50)
        # Files of a batch whose answer was lost may be looked for in the next round only.
        report = sync(ends.hub, ends.centre, open_remote=ends.open, rounds=2)
        assert (report.is_quiet, report.reason) == (True, None)
        assert held(ends.hub) == held(ends.centre)
        assert len(held(ends.hub).files) == 6
        assert ends.line is not None
        assert "delay_seconds" in faults or ends.line.cuts + ends.line.lost > 1


def test_a_round_with_nothing_new_costs_less_than_two_kilobytes(tmp_path: Path) -> None:
    with open_ends(tmp_path, delay_seconds=0.001) as ends:
        fill(ends.hub, 0)
        sync(ends.hub, ends.centre, open_remote=ends.open)
        assert ends.line is not None
        before = ends.line.bytes_up + ends.line.bytes_down, ends.line.requests
        assert sync(ends.hub, ends.centre, open_remote=ends.open).is_quiet
        spent = ends.line.bytes_up + ends.line.bytes_down - before[0]
        print(f"bytes of a quiet round: {spent}")
        assert ends.line.requests - before[1] == 1
        assert spent < 2_000


def test_both_say_the_same_of_what_is_there(ends: Ends) -> None:
    fill(ends.centre, 0)
    peer, local, limits = ends.meet(), LocalPeer(ends.centre, ends.hub.id), Limits()
    batch = peer.read_changes(0, limits)
    assert batch == local.read_changes(0, limits)
    head, names = peer.read_names(0, limits)
    assert (head, list(names)) == (local.read_names(0, limits)[0], list(local.read_names(0, limits)[1]))
    assert peer.read_items(names, head) == local.read_items(names, head)
    assert list(peer.find_lacking(names)) == []
    assert list(ends.mine.find_lacking(names)) == list(names)


def test_a_batch_may_come_twice_and_must_follow(ends: Ends) -> None:
    fill(ends.hub, 0)
    peer = ends.meet()
    batch = ends.mine.read_changes(0, Limits())
    once, again = peer.take(batch), peer.take(batch)
    # Where the line repeats each request, either copy may be the first there: what is new to the one, the other knows.
    assert once.stored + once.known == len(batch.items)
    assert (again.stored, again.known, again.seq) == (0, once.stored + once.known, once.seq)
    with pytest.raises(CursorElsewhere) as caught:
        peer.take(replace(batch, since=batch.until + 10, until=batch.until + 20, head=batch.until + 20))
    assert caught.value.details == {"epoch": batch.epoch, "seq": once.seq}


def test_batches_that_are_sent_at_the_same_time_are_taken_in_turn(ends: Ends) -> None:
    fill(ends.hub, 0)
    first_lane, second_lane = ends.meet(), ends.open()
    first = ends.mine.read_changes(0, Limits(changes=2))
    second = ends.mine.read_changes(first.until, Limits())
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(second_lane.take_in_turn, second)
        assert first_lane.take_in_turn(first).seq == first.until
        assert early.result().seq == second.until
    assert len(held(ends.centre).versions) == 3


def test_a_batch_that_has_no_turn_is_refused_at_once(ends: Ends) -> None:
    fill(ends.hub, 0)
    peer = ends.meet()
    batch = ends.mine.read_changes(0, Limits())
    for other in (replace(batch, epoch="another"), replace(batch, scope_hash="another")):
        with pytest.raises(CursorElsewhere):
            peer.take_in_turn(replace(other, since=batch.until, until=batch.until + 1, head=batch.until + 1))


def test_what_is_not_taken_is_named(ends: Ends) -> None:
    fill(ends.hub, 0)
    peer = ends.meet()
    batch = ends.mine.read_changes(0, Limits())
    stray = SubmissionItem(project="nowhere", xml=submission("uuid:9", "<place>9</place>"))
    refused = peer.take(replace(batch, items=(*batch.items, stray))).refused
    assert [(each.item, each.reason) for each in refused] == [(stray.name, "unknown_project")]


def test_a_photo_comes_in_pieces(ends: Ends) -> None:
    fill(ends.hub, 0, 1)
    peer = ends.meet()
    peer.take(ends.mine.read_changes(0, Limits()))
    (file,) = peer.list_awaited(10)
    half = file.size // 2
    first, second = ends.mine.read_pieces([(file, 0, half), (file, half, file.size)])
    assert peer.write_pieces([first]) == 0
    assert peer.list_awaited(10)[0].present == half
    assert peer.write_pieces([second]) in (0, 1)  # of a request that comes twice, either may be the one that ends it
    assert peer.list_awaited(10) in ([], ())
    assert list(peer.read_pieces([(file, 5, 10)])) == [Piece(file, 5, PHOTO[5:15])]


def test_what_is_not_for_it_is_as_if_it_were_not_there(ends: Ends) -> None:
    fill(ends.centre, 0)
    names = list(ends.meet().read_names(0, Limits())[1])
    set_scope(ends.centre, ends.hub.id, Grant(PEER_UP, 1))
    peer = ends.meet()
    head = peer.read_names(0, Limits())[0]
    assert not [item for item in peer.read_items(names, replace(head, items=())).items if item.name in names]


def test_a_pairing_that_ended_is_told(ends: Ends) -> None:
    ends.centre.write(lambda session: change_peer(session, ends.hub.id, state=REVOKED))
    with pytest.raises(PeerRevoked):
        ends.meet()


def test_both_ends_say_the_same_of_what_they_hold(ends: Ends) -> None:
    fill(ends.centre, 0)
    peer, local = ends.meet(), LocalPeer(ends.centre, ends.hub.id)
    with ends.centre.database.read() as session:
        uid = find_uid(session, 1) or ""
        versions = tuple(sorted(iter_version_ids(session)))
    questions = (Question("", marks=frozenset({b"m" * 16})), Question("a", seal=b"s" * 12))
    asked = RangesAsked(project=uid, questions=questions, counts=True)
    answered = peer.compare_ranges(asked)
    assert answered == local.compare_ranges(asked)
    assert [len(held.files) for held in answered.answers[0].theirs] == [1, 1, 1]
    assert (answered.answers[0].lacking, answered.counts[0].files) == ((b"m" * 16,), 3)
    wanted = VersionsAsked(project=uid, versions=(*versions, "0" * 64))
    found = peer.find_versions(wanted)
    assert list(found) == list(local.find_versions(wanted))
    assert [each.state for each in found] == [HELD] * 3 + [UNKNOWN]


def test_what_is_not_for_it_is_not_told_by_ranges_either(ends: Ends) -> None:
    fill(ends.centre, 0)
    with ends.centre.database.read() as session:
        uid = find_uid(session, 1) or ""
        versions = tuple(sorted(iter_version_ids(session)))
    set_scope(ends.centre, ends.hub.id, Grant(PEER_UP, 1))
    peer = ends.meet()
    asked = RangesAsked(project=uid, questions=(Question("", marks=frozenset()),), counts=True)
    assert peer.compare_ranges(asked) == RangesAnswered()
    assert {each.state for each in peer.find_versions(VersionsAsked(project=uid, versions=versions))} == {UNKNOWN}
