"""What is wrong with a bundle is found before anything of it is written: one byte, one volume, one key, one state."""

import os
import random
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import (
    BundleDamaged,
    BundleEndMissing,
    BundleForAnother,
    BundleFromStranger,
    BundleNoRoom,
    BundleOutdated,
    BundleTooNew,
    BundleUnwritable,
    BundleVolumeMissing,
    NothingHeardYet,
    PairingEnded,
    PeerStopped,
)
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_reading import open_bundle
from sync_server.replication.bundle_take import inspect_bundle, take_bundle
from sync_server.replication.progress import Progress
from sync_server.services.node_identity import get_public_key
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.store import changes, nodes, peer_cursors, peer_rounds
from sync_server.store.peers import CENTRE, HUB, REVOKED, STOPPED, add_peer, change_peer, get_peer
from tests.support.paired_nodes import WHEN, held, open_node, pair, sync
from tests.support.samples import publish, send, submission
from tests.support.stick import Stick, digest_folder

POSITIONS = 1_000
PLANTED = "عائلة-Planted-Answer-7731"


class Office:
    """A hub with planted answers, its centre, and a bundle for it in two volumes."""

    def __init__(self, hub: Node, centre: Node, stick: Stick) -> None:
        self.hub, self.centre, self.stick = hub, centre, stick
        self.path = stick.folder / "up.bundle"

    def make(self) -> Path:
        return make_bundle(self.hub, self.centre.id, self.path, volume_bytes=1_000_000).path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish(centre, "1", {"/place": "string", "/photo": "binary"})
        pair(hub, centre)
        stick = Stick(tmp_path / "stick")
        stick.carry(centre, hub)
        for number in range(4):
            xml = submission(f"uuid:{number}", f"<place>{PLANTED}</place><photo>{PLANTED}.jpg</photo>")
            send(hub, xml, {f"{PLANTED}.jpg": PLANTED.encode() * 10_000 + bytes([number])})
        yield Office(hub, centre, stick)


def refuse(node: Node, path: Path, *problems: type[Problem]) -> Problem:
    """Take a bundle that has to be refused with one of these, and nothing written."""
    before = digest_folder(node)
    with pytest.raises(problems) as caught:
        take_bundle(node, path)
    assert digest_folder(node) == before
    return caught.value


def test_one_byte_changed_anywhere_is_noticed_before_anything_is_written(office: Office) -> None:
    seed = int(os.environ.get("BUNDLE_SEED", "0")) or random.SystemRandom().randrange(10**9)
    print(f"seed {seed} (BUNDLE_SEED={seed} goes the same way again)")
    chance = random.Random(seed)
    path = office.make()
    volumes = [path, path.with_name(path.name + ".001")]
    contents = {volume: volume.read_bytes() for volume in volumes}
    before = digest_folder(office.centre)
    for number in range(POSITIONS):
        volume = volumes[number % 2]
        content = bytearray(contents[volume])
        edge = min(2_000, len(content))  # heads and trailers are small: half of the positions are there
        position = chance.choice((chance.randrange(len(content)), chance.randrange(edge), -1 - chance.randrange(edge)))
        content[position] ^= 1 << chance.randrange(8)
        volume.write_bytes(content)
        with pytest.raises(Problem) as caught:
            inspect_bundle(open_bundle(office.centre, path), Progress(lambda _movement: None))
        refused = BundleDamaged | BundleForAnother | BundleFromStranger | BundleTooNew
        assert isinstance(caught.value, refused), caught.value
        volume.write_bytes(contents[volume])
    assert digest_folder(office.centre) == before
    assert take_bundle(office.centre, path).files == 4


@pytest.mark.parametrize("what", ["cut", "longer", "empty", "volume missing", "volume cut", "volumes swapped", "noise"])
def test_what_is_cut_or_exchanged_is_refused(office: Office, what: str) -> None:
    path = office.make()
    first = path.with_name(path.name + ".001")
    damage: dict[str, Callable[[], object]] = {
        "cut": lambda: path.write_bytes(path.read_bytes()[:-7]),
        "longer": lambda: path.write_bytes(path.read_bytes() + b"\0"),
        "empty": lambda: path.write_bytes(b""),
        "volume missing": first.unlink,
        "volume cut": lambda: first.write_bytes(first.read_bytes()[:-1]),
        "volumes swapped": lambda: (first.replace(path.with_name("x")), path.replace(first),
                                    path.with_name("x").replace(path)),
        "noise": lambda: path.write_bytes(random.Random(1).randbytes(50_000)),
    }  # fmt: skip
    said = {"volume missing": BundleVolumeMissing, "volumes swapped": BundleEndMissing}
    damage[what]()
    assert "Nothing of it was taken" in refuse(office.centre, path, said.get(what, BundleDamaged)).text


def test_volumes_of_two_bundles_are_not_mixed(office: Office) -> None:
    path = office.make()
    first = path.with_name(path.name + ".001").read_bytes()
    office.make()
    path.with_name(path.name + ".001").write_bytes(first)
    refuse(office.centre, path, BundleDamaged)


def test_any_volume_may_be_named(office: Office) -> None:
    path = office.make()
    assert take_bundle(office.centre, path.with_name(path.name + ".001")).files == 4


def test_a_bundle_for_another_node_says_nothing(office: Office, tmp_path: Path) -> None:
    path = office.make()
    content = b"".join(each.read_bytes() for each in path.parent.glob("up.bundle*"))
    planted = PLANTED.encode()
    written = [
        planted, PLANTED.encode("utf-16-le"), PLANTED.encode("utf-16-be"), b64encode(planted)[:20],
        planted.hex().encode(), PLANTED.encode("unicode_escape"), b"Planted-Answer", zlib.compress(planted)[2:20],
        b"uuid:", b"<place>",
    ]  # fmt: skip
    assert [each for each in written if each in content] == []
    with open_node(tmp_path / "third") as third:
        third.write(_know(office.hub, HUB))
        refuse(third, path, BundleForAnother)
    refuse(office.hub, path, BundleForAnother)  # nor can who made it open it again


def test_a_bundle_of_a_node_that_is_not_paired_is_refused(office: Office, tmp_path: Path) -> None:
    with open_node(tmp_path / "third") as third:
        third.write(_know(office.centre, CENTRE))
        third.write(lambda session: change_peer(session, office.centre.id, scope_hash="said"))
        made = make_bundle(third, office.centre.id, office.stick.folder / "third")
        refuse(office.centre, made.path, BundleFromStranger)
        office.centre.write(lambda session: change_peer(session, office.hub.id, public_key=get_public_key(third)))
        refuse(office.centre, office.make(), BundleDamaged)


def _know(node: Node, side: str) -> Callable[..., object]:
    key = get_public_key(node)
    return lambda session: add_peer(session, id=node.id, side=side, name="known", public_key=key, now=WHEN)


def test_a_bundle_of_a_revoked_or_stopped_node_is_refused(office: Office) -> None:
    path = office.make()
    for state, problem in ((REVOKED, PairingEnded), (STOPPED, PeerStopped)):
        office.centre.write(lambda session, state=state: change_peer(session, office.hub.id, state=state))
        refuse(office.centre, path, problem)
    office.hub.write(lambda session: change_peer(session, office.centre.id, state=REVOKED))
    with pytest.raises(PairingEnded):
        office.make()


def test_a_bundle_of_an_older_copy_is_refused(office: Office) -> None:
    """By the feed: it is shorter than what was taken of it, though the bundle was made later."""
    sync(office.hub, office.centre)
    taken = held(office.centre)
    _move(office.centre, office.hub, 10_000)
    send(office.hub, submission("uuid:9", "<place>9</place>"))
    assert "older copy" in refuse(office.centre, office.make(), BundleOutdated).text
    assert held(office.centre) == taken


def test_a_machine_of_which_the_other_has_more_than_there_is_does_not_go_on(office: Office) -> None:
    take_bundle(office.centre, office.make())
    _move(office.centre, office.hub, 10_000)
    made = make_bundle(office.centre, office.hub.id, office.stick.folder / "down")
    refuse(office.hub, made.path, PeerStopped)


def _move(node: Node, peer: Node, seq: int) -> None:
    """As if so much had been taken of a peer's feed."""
    with peer.database.read() as session:
        epoch = changes.epoch(session)

    def move(session: Session) -> None:
        word = scope_hash_of(session, get_peer(session, peer.id))
        peer_cursors.move_cursor(session, peer.id, epoch, word, seq, WHEN)

    node.write(move)


def test_a_hub_that_called_since_is_taken_at_its_word_but_not_passed_over(office: Office) -> None:
    """Its ticket is of before the last one shown: it may be a copy, whose feed is another."""
    with office.centre.database.read() as session:
        epoch = changes.epoch(session)
    with office.hub.database.read() as session:
        its = changes.epoch(session)
    office.hub.write(lambda session: change_peer(session, office.centre.id, ticket="first"))
    path = office.make()
    office.centre.write(
        lambda session: change_peer(session, office.hub.id, ticket="second", ticket_epoch=epoch, epochs=[its])
    )
    assert take_bundle(office.centre, path).files == 4
    with office.centre.database.read() as session:
        word = scope_hash_of(session, get_peer(session, office.hub.id))
        assert not peer_cursors.get_cursor(session, office.hub.id, its, word)
    assert sync(office.hub, office.centre, rounds=2).is_quiet
    assert held(office.hub) == held(office.centre)


def test_a_hub_that_heard_nothing_of_its_centre_makes_no_bundle(tmp_path: Path) -> None:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        pair(hub, centre)
        with pytest.raises(NothingHeardYet):
            make_bundle(hub, centre.id, tmp_path / "b")


# -- sticks


def test_a_stick_that_is_full_is_told_before_anything_is_written(office: Office) -> None:
    with pytest.raises(BundleNoRoom) as caught:
        make_bundle(office.hub, office.centre.id, office.path, room=lambda _path: 1_200_000)
    assert "1,200,000" in caught.value.text
    assert [path.name for path in office.stick.folder.glob("*up*")] == []


def test_a_stick_that_fills_up_meanwhile_leaves_no_bundle(office: Office) -> None:
    frees = iter([10**12, *[10**12] * 8, *[0] * 1000])
    with pytest.raises(BundleNoRoom):
        make_bundle(office.hub, office.centre.id, office.path, volume_bytes=1_000_000, room=lambda _path: next(frees))
    assert not office.path.exists()
    assert [path.name for path in office.stick.folder.glob(".*")] == []
    take_bundle(office.centre, office.make())
    assert len(held(office.centre).files) == 4


def test_a_stick_that_is_not_there_or_has_another_file_of_that_name_is_told(office: Office) -> None:
    with pytest.raises(BundleUnwritable, match="plugged in"):
        make_bundle(office.hub, office.centre.id, office.stick.folder / "away" / "b")
    office.path.write_text("somebody else's", "utf-8")
    with pytest.raises(BundleUnwritable, match="another file"):
        office.make()
    assert office.path.read_text("utf-8") == "somebody else's"


def test_a_bundle_that_was_broken_off_goes_on_where_whole_volumes_are(office: Office) -> None:
    for number in range(10, 30):
        send(office.hub, submission(f"uuid:{number}", f"<photo>{number}.jpg</photo>"),
             {f"{number}.jpg": random.Random(number).randbytes(300_000)})  # fmt: skip
    made = make_bundle(office.hub, office.centre.id, office.path, volume_bytes=1_500_000)
    assert made.volumes > 3
    office.path.unlink()  # pulled out before the last one
    office.path.with_name(f"{office.path.name}.{made.volumes - 1:03d}").unlink()
    again = make_bundle(office.hub, office.centre.id, office.path, volume_bytes=1_500_000)
    assert (again.went_on_after, again.volumes) == (made.volumes - 2, made.volumes)
    assert take_bundle(office.centre, office.path).files == 24
    assert len(held(office.centre).files) == 24


def test_a_bundle_is_begun_anew_when_something_changed_that_it_relies_on(office: Office) -> None:
    made = make_bundle(office.hub, office.centre.id, office.path, volume_bytes=1_000_000)
    assert made.volumes > 1
    office.path.unlink()
    office.hub.write(lambda session: nodes.start_epoch(session, new_id=lambda: "another"))
    assert office.hub.database
    again = make_bundle(office.hub, office.centre.id, office.path, volume_bytes=1_000_000)
    assert again.went_on_after == 0
    with office.hub.database.read() as session:
        assert peer_rounds.get_round(session, office.centre.id).told_epoch != "another"
    assert take_bundle(office.centre, office.path).files == 4
