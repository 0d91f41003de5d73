"""Files go from node to node in pieces, over lines that break, and only to who may have them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.replication_pieces import MOST_BYTES, Piece
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import PeerAway
from sync_server.replication import media
from sync_server.replication.media_lane import move_files
from sync_server.services import consumers
from sync_server.services.assign_roles import assign_role, unassign_role
from sync_server.services.form_media import keep_media
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store import changes, forms
from sync_server.store.awaited_files import FORM, announce
from sync_server.store.peers import REVOKED, change_peer
from sync_server.store.submission_states import find_attachments
from sync_server.store.tables import changes as feed
from tests.support.media_ends import (
    End,
    add_peer,
    await_file,
    file_of,
    on_the_way,
    pair,
    parts,
    peer_of,
    version_of,
)
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, send, visit

PHOTO = bytes(range(256)) * 400
ONE = visit("one", photo="p.jpg")


@pytest.fixture
def centre(node: Node) -> Node:
    publish_visit(node)
    return node


@pytest.fixture
def office(tmp_path: Path, centre: Node) -> Iterator[Node]:
    """A hub with a submission and its photo; the centre has the submission, and awaits the photo."""
    with Node.open(Settings(data=new_folder(tmp_path / "office"), min_free_bytes=0)) as hub:
        publish_visit(hub)
        pair(hub, centre)
        send(hub, ONE, [("p.jpg", PHOTO)])
        send(centre, ONE)
        await_file(centre, hub.id, ONE, "p.jpg", PHOTO)
        yield hub


def ends(office: Node, centre: Node) -> tuple[End, End]:
    return End(office, centre.id), End(centre, office.id)


def files(node: Node, xml: bytes = ONE) -> set[tuple[str, str]]:
    row_id = version_of(node, sha256_hex(xml))
    with node.database.read() as session:
        return find_attachments(session, [row_id]).get(row_id, set())


def move(source: End, target: End, size: int = 20_000) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    move_files(source, target, piece_bytes=lambda: size, progress=lambda *done: told.append(done))  # type: ignore[arg-type]
    return told


def test_a_photo_comes_to_the_centre_in_pieces(office: Node, centre: Node) -> None:
    up, down = ends(office, centre)
    told = move(up, down)
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}
    assert [offset for _, offset, _ in up.given] == [n * 19_700 for n in range(6)]
    assert (sum(done for done, _ in told), sum(moved for _, moved in told)) == (1, len(PHOTO))
    assert (on_the_way(centre).files, parts(centre), list(verify_node(centre))) == (0, [], [])


def test_the_feed_says_that_it_came_from_the_hub(office: Node, centre: Node) -> None:
    move(*ends(office, centre))
    with centre.database.read() as session:
        newest = changes.iter_since(session, 0, limit=100)[-1]
        node_id = session.query(feed.c.node).filter(feed.c.seq == newest.seq).scalar()
    assert (newest.kind, newest.key, newest.version) == ("attachment", "uuid:one", sha256_hex(PHOTO))
    assert node_id == office.id


def test_forty_thumbnails_go_in_one_request(office: Node, centre: Node) -> None:
    xml, thumbnails = visit("many"), {f"{n}.jpg": b"%d" % n * 500 for n in range(40)}
    send(office, xml, thumbnails)
    send(centre, xml)
    for name, content in thumbnails.items():
        await_file(centre, office.id, xml, name, content)
    up, down = ends(office, centre)
    move(up, down, 256_000)
    assert up.requests == 1
    assert len(files(centre, xml)) == 40


@pytest.mark.parametrize("is_answer_lost", [False, True])
@pytest.mark.parametrize("call", ["read", "write"])
def test_a_break_repeats_one_request_at_most(office: Node, centre: Node, call: str, is_answer_lost: bool) -> None:
    left = [2]

    def third(asked: str) -> bool:
        left[0] -= asked == call
        return asked == call and left[0] == -1

    up, down = ends(office, centre)
    for end in (up, down):
        end.breaks, end.is_answer_lost = third, is_answer_lost
    with pytest.raises(PeerAway):
        move(up, down)
    assert parts(centre)[0].stat().st_size == 19_700 * (3 if (call, is_answer_lost) == ("write", True) else 2)
    move(up, down)
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}
    assert sum(length for _, _, length in up.given) <= len(PHOTO) + 19_700


def test_pieces_out_of_order_twice_or_overlapping_come_to_the_same(office: Node, centre: Node) -> None:
    hub = peer_of(centre, office.id)
    file = file_of(ONE, "p.jpg", PHOTO)
    pieces = [Piece(file, start, PHOTO[start : start + 30_000]) for start in range(0, len(PHOTO), 25_000)]
    assert media.write_pieces(centre, hub, [pieces[2]]) == 0  # nothing is there that it follows
    assert media.list_awaited(centre, hub, 10) == [file]
    media.write_pieces(centre, hub, [pieces[1], pieces[0], pieces[0]])
    media.write_pieces(centre, hub, [pieces[0]])
    (awaited,) = media.list_awaited(centre, hub, 10)
    assert awaited == replace(file, present=55_000)
    assert media.write_pieces(centre, hub, pieces) == 1
    assert media.write_pieces(centre, hub, pieces) == 0  # nobody awaits it any more
    assert (files(centre), parts(centre)) == ({("p.jpg", sha256_hex(PHOTO))}, [])


def test_wrong_bytes_are_thrown_away_and_after_three_times_the_file_is_left(
    office: Node, centre: Node, caplog: pytest.LogCaptureFixture
) -> None:
    up, down = ends(office, centre)
    up.spoil = lambda piece: replace(piece, content=piece.content[:-1] + b"?")
    move(up, down)
    assert (files(centre), parts(centre), on_the_way(centre).given_up) == (set(), [], 1)
    assert caplog.text.count(f"peer={office.id}") == 3
    up.spoil = lambda piece: piece
    move(up, down)
    assert files(centre) == set()
    await_file(centre, office.id, ONE, "p.jpg", PHOTO)
    move(up, down)
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}


def test_two_versions_that_await_one_file_get_it_by_one_transfer(office: Node, centre: Node) -> None:
    two = visit("two", photo="q.jpg")
    send(office, two, [("q.jpg", PHOTO)])
    send(centre, two)
    await_file(centre, office.id, two, "q.jpg", PHOTO)
    up, down = ends(office, centre)
    move(up, down)
    assert files(centre) | files(centre, two) == {(name, sha256_hex(PHOTO)) for name in ("p.jpg", "q.jpg")}
    assert sum(length for _, _, length in up.given) == len(PHOTO)


def test_who_only_names_a_file_is_not_shown_what_another_brings(office: Node, centre: Node) -> None:
    """A thief's submission claims the photo by its hash; the office brings the bytes."""
    add_peer(centre, "thief")
    claim = visit("claim", photo="stolen.jpg")
    send(centre, claim)
    await_file(centre, "thief", claim, "stolen.jpg", PHOTO)
    up, down = ends(office, centre)
    move(up, down)
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}
    assert files(centre, claim) == set()
    assert [f.name for f in media.list_awaited(centre, peer_of(centre, "thief"), 10)] == ["stolen.jpg"]


def test_a_peer_that_sends_garbage_spoils_nothing_of_what_another_sends(office: Node, centre: Node) -> None:
    add_peer(centre, "broken")
    await_file(centre, "broken", ONE, "p.jpg", PHOTO)
    file = file_of(ONE, "p.jpg", PHOTO)
    media.write_pieces(centre, peer_of(centre, "broken"), [Piece(file, 0, b"garbage" * 100)])
    move(*ends(office, centre))
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}
    assert on_the_way(centre).files == 0


def test_bytes_nobody_awaits_from_that_peer_are_not_kept(office: Node, centre: Node) -> None:
    other = b"something else"
    media.write_pieces(centre, peer_of(centre, office.id), [Piece(file_of(ONE, "x", other), 0, other)])
    assert parts(centre) == []


def test_a_file_the_source_does_not_have_is_skipped_and_the_others_come(office: Node, centre: Node) -> None:
    two = visit("two", photo="q.jpg")
    send(office, two, [("q.jpg", b"two" * 100)])
    send(centre, two)
    await_file(centre, office.id, two, "q.jpg", b"two" * 100)
    office.blobs.delete(next(b for b in office.blobs.iter_ids() if b == sha256_hex(PHOTO)))
    move(*ends(office, centre))
    assert (files(centre), files(centre, two)) == (set(), {("q.jpg", sha256_hex(b"two" * 100))})


def test_an_empty_file_comes_too(office: Node, centre: Node) -> None:
    send(office, ONE, [("audit.csv", b"")])
    await_file(centre, office.id, ONE, "audit.csv", b"")
    move(*ends(office, centre))
    assert ("audit.csv", sha256_hex(b"")) in files(centre)


def test_a_file_of_which_all_is_here_is_joined_after_a_crash(office: Node, centre: Node) -> None:
    """Killed when the last byte was written, before anything was done with it."""
    media.write_pieces(centre, peer_of(centre, office.id), [Piece(file_of(ONE, "p.jpg", PHOTO), 0, PHOTO[:-1])])
    (part,) = parts(centre)
    part.write_bytes(PHOTO)
    up, down = ends(office, centre)
    move(up, down)
    assert files(centre) == {("p.jpg", sha256_hex(PHOTO))}
    assert up.given == [("p.jpg", len(PHOTO), 0)]


def test_media_of_a_form_comes_down_to_the_hub(office: Node, centre: Node) -> None:
    content = b"forum,place\n1,Bartella\n"
    kept = keep_media(centre, "forums.csv", [content])
    centre.write(lambda s: forms.put_attachment(s, 1, kept))
    said = {"sha256": kept.sha256, "size": kept.size, "type": kept.type, "md5": kept.md5}
    said |= {"updated_at": kept.updated_at, "peer_id": centre.id}
    office.write(lambda s: announce(s, owner=FORM, version_id=1, name="forums.csv", **said))  # type: ignore[arg-type]
    up, down = ends(office, centre)
    move(down, up)
    with office.database.read() as session:
        assert forms.iter_attachments(session, 1) == [kept]
        assert changes.iter_since(session, 0, limit=100)[-1].kind == "form_attachment"


def given_to(node: Node, peer_id: str, file: object) -> list[bytes]:
    pieces = media.read_pieces(node, peer_of(node, peer_id), [(file, 0, 1000)])  # type: ignore[list-item]
    return [piece.content for piece in pieces]


def test_bytes_are_given_only_of_exactly_what_the_peer_may_have(office: Node, centre: Node) -> None:
    send(centre, ONE, [("p.jpg", PHOTO)])
    two = visit("two")
    send(centre, two)
    file = file_of(ONE, "p.jpg", PHOTO)
    assert given_to(centre, office.id, file) == [PHOTO[:1000]]
    for wrong in (
        file_of(two, "p.jpg", PHOTO),
        file_of(ONE, "q.jpg", PHOTO),
        file_of(ONE, "p.jpg", b"another"),
        replace(file, project="another"),
        replace(file, owner="form"),
        file_of(visit("unknown"), "p.jpg", PHOTO),
    ):
        assert given_to(centre, office.id, wrong) == []


def test_nothing_is_given_beyond_the_scope(office: Node, centre: Node) -> None:
    send(centre, ONE, [("p.jpg", PHOTO)])
    unassign_role(centre, None, peer_of(centre, office.id).actor_id, PEER, project_id=1)
    assert given_to(centre, office.id, file_of(ONE, "p.jpg", PHOTO)) == []


def test_a_hub_with_rows_gets_the_files_of_those_rows_only(office: Node, centre: Node) -> None:
    for name, place in (("in", "Bartella"), ("out", "Telkaif")):
        send(centre, visit(name, place=place, photo="p.jpg"), [("p.jpg", PHOTO)])
    send(centre, ONE, [("p.jpg", PHOTO)])
    consumers.catch_up(centre)
    add_peer(centre, "other")
    assign_role(centre, None, peer_of(centre, "other").actor_id, Grant(PEER, 1, "visit", rows="place eq 'Bartella'"))
    asked = [visit("in", place="Bartella", photo="p.jpg"), visit("out", place="Telkaif", photo="p.jpg"), ONE]
    given = [given_to(centre, "other", file_of(xml, "p.jpg", PHOTO)) != [] for xml in asked]
    assert given == [True, False, True]


def test_nothing_is_given_to_a_peer_that_was_revoked_or_does_not_lead_the_project(office: Node, centre: Node) -> None:
    file = file_of(ONE, "p.jpg", PHOTO)
    add_peer(office, "other centre", "centre")
    assert given_to(office, "other centre", file) == []
    assert given_to(office, centre.id, file) == [PHOTO[:1000]]
    office.write(lambda s: change_peer(s, centre.id, state=REVOKED))
    assert given_to(office, centre.id, file) == []


def test_an_answer_has_eight_megabytes_at_most(office: Node, centre: Node) -> None:
    film = b"f" * (MOST_BYTES // 2 + 1000)
    send(office, ONE, [("film.mp4", film)])
    file = file_of(ONE, "film.mp4", film)
    pieces = media.read_pieces(office, peer_of(office, centre.id), [(file, 0, 10**12)] * 3)
    assert [len(piece.content) for piece in pieces] == [len(film), MOST_BYTES - len(film)]


def test_the_lane_stops_when_told(office: Node, centre: Node) -> None:
    up, down = ends(office, centre)
    move_files(up, down, piece_bytes=lambda: 20_000, stop=lambda: len(up.given) == 2)  # type: ignore[arg-type]
    assert (len(up.given), files(centre)) == (2, set())
