"""Bundles on a stick bring two nodes to the same: both ways, twice, late, out of order, overlapping, beside rounds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import BundleMissing, BundleOutdated, StillWorkingIn
from sync_server.replication import greeting
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Limits
from sync_server.services import consumers
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import review_submission
from sync_server.services.verify_node import verify_node
from sync_server.store import changes, nodes, peer_rounds
from sync_server.store.peers import get_peer
from sync_server.store.projects import iter_homes
from tests.support.paired_nodes import held, open_node, pair, set_scope, sync
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish, send, submission
from tests.support.stick import Stick, digest_folder

PHOTO = bytes(range(256)) * 600


class Pair:
    """A hub and a centre that share a form, and a stick."""

    def __init__(self, hub: Node, centre: Node, folder: Path) -> None:
        self.hub, self.centre, self.stick = hub, centre, Stick(folder)

    def meet(self) -> None:
        """The hub has the forms, and both have heard of each other: by the stick alone."""
        self.stick.exchange(self.hub, self.centre)

    def require_same(self) -> None:
        for node in (self.hub, self.centre):
            consumers.resolve_received(node)
            assert list(verify_node(node)) == []
        assert held(self.hub) == held(self.centre)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        url = ""
        if request.param == "PostgreSQL":
            server: PostgresqlServer = request.getfixturevalue("postgresql")
            url = server.new_database()
            stack.callback(server.drop_database, url)
            (tmp_path / "centre").mkdir()
        hub = stack.enter_context(open_node(tmp_path / "hub"))
        centre = stack.enter_context(open_node(tmp_path / "centre", url))
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre, role=PEER)
        yield Pair(hub, centre, tmp_path / "stick")


@pytest.fixture
def pair_of_nodes(tmp_path: Path) -> Iterator[Pair]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre, role=PEER)
        yield Pair(hub, centre, tmp_path / "stick")


def fill(node: Node, first: int, count: int = 3) -> None:
    for number in range(first, first + count):
        xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
        send(node, xml, {f"{number}.jpg": PHOTO + bytes([number])})


def test_bundles_both_ways_bring_both_to_the_same(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    fill(two.centre, 50)
    two.stick.exchange(two.hub, two.centre)
    two.require_same()
    assert len(held(two.hub).files) == 6
    review_submission(two.centre, None, "uuid:1", "approved", reason="seen")
    two.stick.exchange(two.hub, two.centre)
    two.require_same()


def test_digests_are_compared_once_all_that_came_was_worked_in(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    take_bundle(two.centre, two.stick.make(two.hub, two.centre.id).path)
    with two.centre.database.read() as session:
        hub = get_peer(session, two.hub.id)
        uid = iter_homes(session)[0][1]
    with pytest.raises(StillWorkingIn):
        digest_for_peer(two.centre, hub, uid, seconds=0)
    assert digest_for_peer(two.centre, hub, uid, seconds=60) == digest_for_peer(two.centre, hub, uid)


def test_a_bundle_is_safe_to_take_twice(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    made = two.stick.make(two.hub, two.centre.id)
    first, again = take_bundle(two.centre, made.path), take_bundle(two.centre, made.path)
    assert (first.stored > 0, again.stored, again.files) == (True, 0, 0)
    fill(two.centre, 50)
    made = two.stick.make(two.centre, two.hub.id)
    first, again = take_bundle(two.hub, made.path), take_bundle(two.hub, made.path)
    assert (first.stored > 0, again.stored) == (True, 0)
    two.require_same()


def test_bundles_may_come_late_and_out_of_order(two: Pair) -> None:
    two.meet()
    made = []
    for number in range(3):
        fill(two.hub, number * 10)
        fill(two.centre, 50 + number * 10)
        made.append(
            (
                make_bundle(two.hub, two.centre.id, two.stick.folder / f"up-{number}"),
                make_bundle(two.centre, two.hub.id, two.stick.folder / f"down-{number}"),
            )
        )
    for number in (1, 0, 2, 1):
        up, down = made[number]
        take_bundle(two.centre, up.path)
        take_bundle(two.hub, down.path)
    two.require_same()


def test_the_next_bundle_has_only_what_is_new_once_an_acknowledgement_came_back(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0, 6)
    first = two.stick.make(two.hub, two.centre.id)
    take_bundle(two.centre, first.path)
    fill(two.hub, 10, 1)
    second = two.stick.make(two.hub, two.centre.id)
    assert (second.files, second.since) == (1, first.until)
    assert second.size < first.size / 4
    take_bundle(two.centre, second.path)
    assert len(held(two.centre).files) == 7


def test_without_an_acknowledgement_the_next_bundle_overlaps(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    first = make_bundle(two.hub, two.centre.id, two.stick.folder / "first")
    fill(two.hub, 10)
    second = make_bundle(two.hub, two.centre.id, two.stick.folder / "second")
    assert second.since == first.since
    take_bundle(two.centre, second.path)
    take_bundle(two.centre, first.path)
    two.require_same()


def test_bundles_and_rounds_go_together(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    late = make_bundle(two.hub, two.centre.id, two.stick.folder / "late")
    assert sync(two.hub, two.centre).is_quiet
    fill(two.hub, 10)
    two.stick.carry(two.hub, two.centre)
    take_bundle(two.centre, late.path)
    assert sync(two.hub, two.centre, rounds=2).is_quiet
    two.require_same()


def test_an_erasure_in_between_is_applied(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    made = two.stick.make(two.hub, two.centre.id)
    take_bundle(two.centre, made.path)
    before = make_bundle(two.hub, two.centre.id, two.stick.folder / "before", is_whole=True)
    erase_submission(two.centre, None, "uuid:1", reason="consent withdrawn")
    take_bundle(two.centre, before.path)  # has it, and the photo
    two.stick.exchange(two.hub, two.centre)
    two.require_same()
    assert len(held(two.hub).versions) == 2
    assert len(held(two.hub).files) == 2


def test_files_that_a_broken_round_left_come_on_a_stick(two: Pair) -> None:
    """Records by a thin line, photos by car."""
    two.meet()
    fill(two.hub, 0)
    centre, mine = LocalPeer(two.centre, two.hub.id), LocalPeer(two.hub, two.centre.id)
    with two.hub.database.read() as session:
        hello = greeting.introduce(two.hub, get_peer(session, two.centre.id))
    told = mine.meet(centre.meet(hello)) and _told(two.hub, two.centre.id)
    centre.take(mine.read_changes(told, Limits()))
    assert len(centre.list_awaited(100)) == 3
    mine.meet(centre.meet(hello))
    assert two.stick.carry(two.hub, two.centre).files == 0  # nobody told the hub which are lacking; the answer does
    assert two.stick.carry(two.hub, two.centre).files == 3
    two.require_same()


def _told(node: Node, peer_id: str) -> int:
    with node.database.read() as session:
        return peer_rounds.get_round(session, peer_id).told_seq


def test_a_bundle_after_one_that_never_came_is_refused_whole(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    two.hub.write(_believe_all_was_taken(two.centre.id))
    fill(two.hub, 10)
    made = make_bundle(two.hub, two.centre.id, two.stick.folder / "second")
    before = digest_folder(two.centre)
    with pytest.raises(BundleMissing):
        take_bundle(two.centre, made.path)
    assert digest_folder(two.centre) == before
    two.stick.carry(two.hub, two.centre)  # by the acknowledgement that was left with the refusal
    two.require_same()


def _believe_all_was_taken(peer_id: str) -> Callable[[Session], None]:
    """As if an acknowledgement of a bundle had come back, and who took it was restored since."""
    return lambda session: peer_rounds.note_told(
        session, peer_id, epoch=changes.epoch(session), seq=changes.head(session)
    )


def test_a_scope_that_was_changed_since_makes_a_bundle_outdated(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    made = make_bundle(two.hub, two.centre.id, two.stick.folder / "old")
    set_scope(two.centre, two.hub.id, Grant(PEER_UP, 1))
    before = digest_folder(two.centre)
    with pytest.raises(BundleOutdated, match="share"):
        take_bundle(two.centre, made.path)
    assert digest_folder(two.centre) == before
    two.stick.exchange(two.hub, two.centre)
    two.require_same()


def test_an_old_scope_does_not_come_back_by_a_late_bundle(two: Pair) -> None:
    two.meet()
    fill(two.centre, 50)
    made = make_bundle(two.centre, two.hub.id, two.stick.folder / "old")
    set_scope(two.centre, two.hub.id, Grant(PEER_UP, 1))
    two.stick.exchange(two.hub, two.centre)
    before = digest_folder(two.hub)
    with pytest.raises(BundleOutdated):
        take_bundle(two.hub, made.path)
    assert digest_folder(two.hub) == before
    assert held(two.hub).versions == set()


def test_a_restored_receiver_says_what_it_lost_and_a_bundle_from_before_is_refused(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    made = make_bundle(two.hub, two.centre.id, two.stick.folder / "before")
    two.centre.write(lambda session: nodes.start_epoch(session, new_id=lambda: "restored"))
    before = digest_folder(two.centre)
    with pytest.raises(BundleOutdated, match="restored"):
        take_bundle(two.centre, made.path)
    assert digest_folder(two.centre) == before
    two.stick.exchange(two.hub, two.centre)
    two.require_same()


def test_a_bundle_made_between_two_restores_brings_what_it_has_and_leads_nobody_back_to_that_feed(two: Pair) -> None:
    """What the disk took along may be on that stick alone. The receiver never met the feed, but met a later one."""
    two.meet()
    two.hub.write(lambda session: nodes.start_epoch(session, new_id=lambda: "between"))
    fill(two.hub, 0)
    made = make_bundle(two.hub, two.centre.id, two.stick.folder / "between")
    two.hub.write(lambda session: nodes.start_epoch(session, new_id=lambda: "last"))
    assert sync(two.hub, two.centre).is_quiet
    taken = take_bundle(two.centre, made.path)
    assert (taken.is_late, taken.known > 0) == (True, True)
    assert sync(two.hub, two.centre).is_quiet
    two.require_same()


def test_a_bundle_from_before_a_restore_of_its_maker_is_refused(two: Pair) -> None:
    two.meet()
    fill(two.hub, 0)
    made = make_bundle(two.hub, two.centre.id, two.stick.folder / "before")
    two.hub.write(lambda session: nodes.start_epoch(session, new_id=lambda: "restored"))
    two.stick.exchange(two.hub, two.centre)
    before = digest_folder(two.centre)
    with pytest.raises(BundleOutdated, match="restored"):
        take_bundle(two.centre, made.path)
    assert digest_folder(two.centre) == before
    two.require_same()


def test_a_lost_bundle_with_what_entered_the_scope_leaves_no_gap(pair_of_nodes: Pair) -> None:
    """An older bundle is taken in place of a later one that was lost: what entered in between still comes whole."""
    two = pair_of_nodes
    publish(two.centre, "2", {"/adm2": "string"})
    set_scope(two.centre, two.hub.id, Grant(PEER, 1, rows="adm2 eq 'NORTH'"))
    two.meet()
    send(two.centre, submission("uuid:r", "<adm2>SOUTH</adm2>", version="2"))
    send(two.centre, submission("uuid:n", "<adm2>NORTH</adm2>", version="2"))
    consumers.catch_up(two.centre)
    older = make_bundle(two.centre, two.hub.id, two.stick.folder / "older")
    send(two.centre, submission("uuid:e", "<adm2>NORTH</adm2>", version="2", edits="uuid:r"))
    consumers.catch_up(two.centre)
    make_bundle(two.centre, two.hub.id, two.stick.folder / "lost")
    take_bundle(two.hub, older.path)
    assert len(held(two.hub).versions) == 1
    assert sync(two.hub, two.centre, rounds=2).is_quiet
    assert held(two.hub).versions == held(two.centre).versions
