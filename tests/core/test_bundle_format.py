"""Volumes as bytes: what was written is read again, and what makes no sense is refused, never an accident."""

import io
import os
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_server.core.bundle_format import (
    BATCH,
    BUNDLE,
    END,
    END_MAGIC,
    HEADER,
    SIGNED_AS,
    BundleBroken,
    BundleOfAnotherFormat,
    Trailer,
    Volume,
    iter_frames,
    read_head,
    read_tail,
    trailer_message,
    write_frame,
    write_head,
    write_tail,
)
from sync_server.core.signatures import public_bytes

KEY = Ed25519PrivateKey.generate()
CONTENT = b"sealed" * 100
TRAILER = Trailer(
    kind=BUNDLE, bundle="b", sender="s", receiver="r", number=2, is_last=True, content=len(CONTENT), sha256="0" * 64,
    volumes=(Volume(size=5, sha256="1" * 64),),
)  # fmt: skip


def written(trailer: Trailer = TRAILER) -> bytes:
    message = trailer_message(trailer)
    return CONTENT + write_tail(message, KEY.sign(SIGNED_AS + message))


def test_a_trailer_is_read_as_it_was_written() -> None:
    tail = read_tail(io.BytesIO(written()))
    assert tail.trailer == TRAILER
    assert tail.is_by(public_bytes(KEY))
    assert not tail.is_by(public_bytes(Ed25519PrivateKey.generate()))


def test_a_trailer_of_a_later_format_says_so() -> None:
    later = trailer_message(TRAILER).replace(b'"format": 1', b'"format": 2')
    with pytest.raises(BundleOfAnotherFormat):
        read_tail(io.BytesIO(CONTENT + write_tail(later, KEY.sign(SIGNED_AS + later))))


@pytest.mark.parametrize(
    "change",
    [
        (b'"number": 2', b'"number": "2"'), (b'"is_last": true', b'"is_last": 1'), (b'"volumes": [', b'"volumes": [1,'),
        (b'"kind": "bundle"', b'"kind": "parcel"'), (b'"sender": "s"', b'"sender": null'), (b'"size"', b'"seize"'),
        (b'"number": 2', b'"number": 3'), (b'"content": 600', b'"content": 60'), (b"{", b"["),
    ],
    ids=lambda change: change[1].decode(),
)  # fmt: skip
def test_a_trailer_that_makes_no_sense_is_refused(change: tuple[bytes, bytes]) -> None:
    message = trailer_message(TRAILER).replace(*change)
    with pytest.raises(BundleBroken):
        read_tail(io.BytesIO(CONTENT + write_tail(message, KEY.sign(SIGNED_AS + message))))


def test_no_end_however_short_is_an_accident() -> None:
    whole = written()
    for length in range(len(whole)):
        with pytest.raises(BundleBroken):
            read_tail(io.BytesIO(whole[:length]))


def test_noise_is_no_bundle() -> None:
    seed = int(os.environ.get("NOISE_SEED", "0")) or random.SystemRandom().randrange(10**9)
    print(f"seed {seed} (NOISE_SEED={seed} goes the same way again)")
    chance = random.Random(seed)
    for _ in range(500):
        noise = chance.randbytes(chance.randrange(300))
        for reader, stream in ((read_tail, noise + END_MAGIC), (read_head, noise)):
            with pytest.raises(BundleBroken):
                reader(io.BytesIO(stream))  # type: ignore[operator]


def test_a_head_is_read_as_it_was_written() -> None:
    head = write_head({"bundle": "b", "number": 1})
    assert read_head(io.BytesIO(head + CONTENT)) == (head, {"bundle": "b", "number": 1})


def test_frames_come_out_as_they_went_in_however_the_stream_is_cut() -> None:
    frames = [(HEADER, b"h"), (BATCH, os.urandom(5_000)), (BATCH, b""), (END, b"e")]
    stream = b"".join(write_frame(kind, payload) for kind, payload in frames)
    for size in (1, 7, 4_096, len(stream)):
        pieces = (stream[start : start + size] for start in range(0, len(stream), size))
        assert list(iter_frames(pieces)) == frames
    for cut in (1, 4, len(stream) - 1):
        with pytest.raises(BundleBroken):
            list(iter_frames([stream[:cut]]))


def test_a_frame_of_no_kind_or_beyond_all_size_is_refused() -> None:
    for head in (b"?\0\0\0\1", b"H\xff\xff\xff\xff"):
        with pytest.raises(BundleBroken):
            list(iter_frames([head]))
    with pytest.raises(ValueError, match="nobody would read"):
        write_frame(END, bytes(70_000))
