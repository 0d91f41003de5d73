"""Pieces on the wire are read as they were written, and garbage is refused whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.replication_pieces import (
    MOST_BYTES,
    AwaitedFile,
    Piece,
    pack_awaited,
    pack_pieces,
    pack_wanted,
    unpack_awaited,
    unpack_pieces,
    unpack_wanted,
)
from sync_server.peer_errors import BatchUnreadable

HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
NUMBERS = st.integers(0, 2**53)
NAMES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))
FILES = st.builds(
    AwaitedFile,
    owner=st.sampled_from(["submission", "form"]),
    project=NAMES,
    version=HASHES,
    name=NAMES,
    sha256=HASHES,
    size=NUMBERS,
    present=NUMBERS,
)
PIECES = st.lists(st.builds(Piece, FILES, NUMBERS, st.binary()), max_size=5)
ONE = AwaitedFile(owner="form", project="p", version="a" * 64, name="n", sha256="b" * 64, size=3, present=0)


@given(PIECES)
def test_pieces_come_as_they_went(pieces: list[Piece]) -> None:
    assert unpack_pieces(pack_pieces(pieces)) == pieces


@given(st.lists(st.tuples(FILES, NUMBERS, NUMBERS), max_size=5))
def test_what_is_asked_for_comes_as_it_went(wanted: list[tuple[AwaitedFile, int, int]]) -> None:
    assert unpack_wanted(pack_wanted(wanted)) == wanted
    assert unpack_awaited(pack_awaited([file for file, _, _ in wanted])) == [file for file, _, _ in wanted]


@given(PIECES.filter(bool), st.data())
def test_pieces_cut_off_anywhere_are_refused_whole(pieces: list[Piece], data: st.DataObject) -> None:
    packed = pack_pieces(pieces)
    with pytest.raises(BatchUnreadable):
        unpack_pieces(packed[: data.draw(st.integers(0, len(packed) - 1))])
    with pytest.raises(BatchUnreadable):
        unpack_pieces(packed + b"x")


@given(
    st.binary(),
    st.recursive(st.none() | st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)),
)
def test_garbage_is_refused(noise: bytes, said: object) -> None:
    for unpack in (unpack_pieces, unpack_wanted, unpack_awaited):
        for packed in (noise, noise + b"\n" + noise, json.dumps(said).encode() + b"\n"):
            with pytest.raises(BatchUnreadable):
                unpack(packed)


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "../../sync.db"},
        {"version": "A" * 64},
        {"owner": "node"},
        {"name": "a\0b"},
        {"name": "\ud800"},
        {"name": 7},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"size": 2**60},
        {"length": -1},
        {"more": 1},
    ],
)
def test_a_file_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    said = json.loads(pack_wanted([(ONE, 0, 3)]))
    said["wanted"][0].update(changed)
    with pytest.raises(BatchUnreadable):
        unpack_wanted(json.dumps(said).encode())


def test_more_than_a_request_holds_is_refused() -> None:
    with pytest.raises(BatchUnreadable):
        unpack_pieces(pack_pieces([Piece(ONE, 0, bytes(MOST_BYTES + 1))]))
