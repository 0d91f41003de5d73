"""Half a file goes with its submission, a crash leaves nothing that is not repeated, and a full disk loses nothing."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync_server.blobs.free_space import FreeSpace
from sync_server.core.ids import BlobId, sha256_hex
from sync_server.core.replication_pieces import Piece
from sync_server.errors import BlobStoreAway, DiskFull
from sync_server.node import Node
from sync_server.services import incoming_files, incoming_parts
from sync_server.services.backup import back_up
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.incoming_files import finish, keep_pieces, sweep_incoming
from sync_server.services.verify_node import verify_node
from sync_server.store import erasures
from sync_server.store.submission_states import find_attachments
from tests.support.backups import PASSPHRASE, with_settings
from tests.support.media_ends import add_peer, await_file, file_of, on_the_way, parts, version_of
from tests.support.s3 import S3Server
from tests.support.s3_nodes import s3_settings
from tests.support.samples import publish_visit, send, visit
from tests.support.traces import find_traces

PHOTO = b"jpeg of a face" * 3000
FACE = PHOTO[:14].decode()
HALF = len(PHOTO) // 2
ONE, TWO = visit("one", photo="p.jpg"), visit("two", photo="p.jpg")


@pytest.fixture
def centre(node: Node) -> Node:
    prepare(node)
    return node


def prepare(node: Node) -> None:
    publish_visit(node)
    add_peer(node, "hub")
    send(node, ONE)
    await_file(node, "hub", ONE, "p.jpg", PHOTO)


def bring(node: Node, start: int = 0, end: int = len(PHOTO), content: bytes = PHOTO) -> int:
    return keep_pieces(node, "hub", [Piece(file_of(ONE, "p.jpg", PHOTO), start, content[start:end])])


def files(node: Node, xml: bytes = ONE) -> set[tuple[str, str]]:
    row_id = version_of(node, sha256_hex(xml))
    with node.database.read() as session:
        return find_attachments(session, [row_id]).get(row_id, set())


def test_half_a_file_goes_with_the_submission_that_awaits_it(centre: Node) -> None:
    bring(centre, 0, HALF)
    assert find_traces(centre.settings.data, FACE) != []
    erase_submission(centre, None, "uuid:one", reason="consent withdrawn")
    assert find_traces(centre.settings.data, FACE) == []
    assert (on_the_way(centre).files, list(verify_node(centre))) == (0, [])
    assert bring(centre) == 0
    assert find_traces(centre.settings.data, FACE) == []


def test_half_a_file_stays_where_another_submission_awaits_it_too(centre: Node) -> None:
    send(centre, TWO)
    await_file(centre, "hub", TWO, "p.jpg", PHOTO)
    bring(centre, 0, HALF)
    erase_submission(centre, None, "uuid:one", reason="consent withdrawn")
    bring(centre, HALF)
    assert files(centre, TWO) == {("p.jpg", sha256_hex(PHOTO))}


def test_a_submission_erased_while_a_piece_is_written_leaves_nothing(
    centre: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = incoming_parts.append_piece

    def erase_before_appending(node: Node, *args: Any, **kwargs: Any) -> int:
        erase_submission(node, None, "uuid:one", reason="consent withdrawn")
        return append(node, *args, **kwargs)

    monkeypatch.setattr(incoming_parts, "append_piece", erase_before_appending)
    assert bring(centre) == 0
    assert find_traces(centre.settings.data, FACE) == []


def test_a_submission_erased_while_its_file_is_kept_leaves_nothing(
    centre: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = incoming_files._keep

    def erase_after_keeping(node: Node, *args: Any) -> Any:
        kept = keep(node, *args)
        erase_submission(node, None, "uuid:one", reason="consent withdrawn")
        return kept

    monkeypatch.setattr(incoming_files, "_keep", erase_after_keeping)
    bring(centre)
    assert find_traces(centre.settings.data, FACE) == []
    assert list(centre.blobs.iter_ids()) == []


def test_killed_between_the_blob_and_the_row_it_is_done_again(centre: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(incoming_files, "_join", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bring(centre)
    assert list(centre.blobs.iter_ids()) == [sha256_hex(PHOTO)]
    assert (files(centre), len(parts(centre)), on_the_way(centre).files) == (set(), 1, 1)
    assert bring(centre, len(PHOTO)) == 1
    assert (files(centre), parts(centre)) == ({("p.jpg", sha256_hex(PHOTO))}, [])


def test_killed_between_the_blob_and_the_row_and_then_erased_leaves_nothing(
    centre: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(incoming_files, "_join", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bring(centre)
    erase_submission(centre, None, "uuid:one", reason="consent withdrawn")
    assert find_traces(centre.settings.data, FACE) == []


def test_an_erasure_of_the_very_same_file_elsewhere_takes_it_from_nobody(
    centre: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last look came before the row was here, its deletion after the bytes were kept."""
    join = incoming_files._join

    def lose_blob(node: Node, *args: Any) -> None:
        join(node, *args)
        node.blobs.delete(BlobId(sha256_hex(PHOTO)))

    monkeypatch.setattr(incoming_files, "_join", lose_blob)
    assert bring(centre) == 1
    assert list(verify_node(centre)) == []


def test_the_sweep_takes_what_nobody_awaits_and_nothing_else(centre: Node) -> None:
    bring(centre, 0, HALF)
    (part,) = parts(centre)
    left = part.with_name(part.name.replace(sha256_hex(PHOTO), "a" * 64))
    of_another_peer = part.with_name(f"{sha256_hex(PHOTO)}-{'0' * 16}.part")
    for path in (left, of_another_peer):
        path.write_bytes(b"left by a crash")
    sweep_incoming(centre)
    assert parts(centre) == [part]


def test_a_full_disk_takes_nothing_and_says_so(centre: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(centre, 0, HALF)
    with monkeypatch.context() as patched:
        patched.setattr(FreeSpace, "bytes", lambda _: 100)
        with pytest.raises(DiskFull):
            bring(centre, HALF)
    assert parts(centre)[0].stat().st_size == HALF
    assert bring(centre, HALF) == 1


def test_a_disk_that_fills_up_on_the_way_is_said_too(centre: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(incoming_parts, "_write", refuse)
        with pytest.raises(DiskFull):
            bring(centre)
    assert bring(centre) == 1


def test_an_incomplete_part_is_synced_before_its_length_is_told(centre: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(incoming_parts, "sync_part", lambda _node, _peer, sha256: synced.append(sha256))
    bring(centre, 0, HALF)
    assert synced == [sha256_hex(PHOTO)]


def test_nothing_is_kept_beyond_the_announced_size(centre: Node) -> None:
    await_file(centre, "hub", ONE, "x.jpg", b"12345")
    file = replace(file_of(ONE, "x.jpg", b"12345"), size=10**9)
    assert keep_pieces(centre, "hub", [Piece(file, 0, b"12345" + b"6" * 1000)]) == 1
    assert ("x.jpg", sha256_hex(b"12345")) in files(centre)


def test_two_requests_that_bring_the_same_at_once_count_one_wrong_file(centre: Node) -> None:
    bring(centre, 0, HALF)
    (part,) = parts(centre)
    part.write_bytes(bytes(len(PHOTO)))
    assert finish(centre, "hub", [sha256_hex(PHOTO)] * 2) == 0
    with centre.database.read() as session:
        (awaited,) = incoming_files.awaited_files.find_awaited(session, sha256_hex(PHOTO))
    assert awaited.wrong == 1


def test_a_back_up_leaves_parts_out_and_proves_itself(centre: Node, tmp_path: Path) -> None:
    bring(centre, 0, HALF)
    (tmp_path / "disk").mkdir()
    made = back_up(with_settings(centre, backup_passphrase=PASSPHRASE), tmp_path / "disk")
    assert made.damaged == []


@pytest.fixture
def in_s3(s3: S3Server, tmp_path: Path) -> Iterator[Node]:
    with Node.open(s3_settings(s3, tmp_path / "centre")) as node:
        prepare(node)
        yield node


def test_a_file_comes_into_s3(in_s3: Node) -> None:
    bring(in_s3, 0, HALF)
    assert bring(in_s3, HALF) == 1
    with in_s3.blobs.open(BlobId(sha256_hex(PHOTO))) as stream:
        stream.seek(HALF)
        assert stream.read(100) == PHOTO[HALF : HALF + 100]
    assert (files(in_s3), parts(in_s3)) == ({("p.jpg", sha256_hex(PHOTO))}, [])


def test_a_file_waits_here_while_s3_is_away(s3: S3Server, in_s3: Node) -> None:
    s3.fail("PUT", times=20)
    with pytest.raises(BlobStoreAway):
        bring(in_s3)
    s3.requests.faults.clear()
    assert bring(in_s3, len(PHOTO)) == 1


def test_the_person_erased_takes_along_what_is_awaited_by_name(centre: Node) -> None:
    bring(centre, 0, HALF)
    row_id = version_of(centre, sha256_hex(ONE))
    centre.write(lambda s: erasures.delete_files(s, [row_id], ["p.jpg"]))
    sweep_incoming(centre)
    assert (on_the_way(centre).files, parts(centre)) == (0, [])
