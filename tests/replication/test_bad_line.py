"""Over a line that cuts, narrows, loses answers and repeats requests everything comes, once."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from sync_server.peer_errors import PeerAway
from sync_server.replication.peer import Limits, Peer
from sync_server.replication.remote import RemotePeer
from tests.support.bad_line import BadLine
from tests.support.small_end import SmallEnd, make_file, make_item, say_hello
from tests.support.small_pair import SmallPair

TRIES = 500


def through(pair: SmallPair, **options: Any) -> BadLine:
    return BadLine(target=("127.0.0.1", pair.port), **options)


def insist(call: Callable[[], Any]) -> Any:
    """Repeat a request until it is answered, as a round does."""
    for _ in range(TRIES):
        try:
            return call()
        except PeerAway:
            continue
    raise AssertionError("it never came through")


def push(remote: Peer, source: SmallEnd, *, at_once: int = 4) -> None:
    """Send a feed in batches, each until it is answered."""
    seq = 0
    while seq < len(source.items):
        batch = source.read_changes(seq, Limits(changes=at_once))
        seq = insist(lambda: remote.take(batch)).seq  # noqa: B023 called at once


def meet(remote: RemotePeer, pair: SmallPair) -> None:
    insist(lambda: remote.meet(say_hello(pair.hub.id)))


def test_nothing_is_lost_or_doubled_on_a_line_that_cuts(pair: SmallPair) -> None:
    source = SmallEnd("hub", [make_item(100 + number, 2_000) for number in range(40)])
    with through(pair, cut_after_bytes=9_000, seed=7) as line:
        remote = pair.remote(line.url)
        meet(remote, pair)
        push(remote, source)
        seen = []
        while len(seen) < len(pair.end.items):
            seen += insist(
                lambda: remote.read_changes(len(seen), Limits(changes=3))  # noqa: B023 called at once
            ).items
    assert set(pair.end.taken) == {item.name for item in source.items}
    assert seen == pair.end.items
    assert line.cuts > 3


def test_a_file_goes_on_where_the_line_cut(pair: SmallPair) -> None:
    photo, file = bytes(range(256)) * 300, make_file("a.jpg", 76_800)
    pair.end.awaited, source = [file], SmallEnd("hub", files={file.sha256: photo})
    with through(pair, cut_after_bytes=20_000, seed=3) as line:
        remote = pair.remote(line.url)
        meet(remote, pair)
        while awaited := insist(lambda: remote.list_awaited(1)):
            wanted = [(file, awaited[0].present, 5_000)]
            insist(lambda: remote.write_pieces(source.read_pieces(wanted)))  # noqa: B023 called at once
    assert pair.end.arrived["a.jpg"] == photo
    assert line.bytes_up < 2 * len(photo)


def test_what_was_stored_stays_stored_when_its_answer_is_lost(pair: SmallPair) -> None:
    source = SmallEnd("hub", [make_item(100 + number) for number in range(10)])
    with through(pair, lose_answer_every=3) as line:
        remote = pair.remote(line.url)
        meet(remote, pair)
        remote.take(source.read_changes(0, Limits(changes=4)))
        with pytest.raises(PeerAway, match="the line broke"):
            remote.take(source.read_changes(4, Limits(changes=4)))
        assert pair.end.cursor == 8
        push(remote, source, at_once=2)
    assert len(pair.end.taken) == 10
    assert line.lost == line.requests // 3 == 1


def test_a_request_that_comes_twice_changes_nothing(pair: SmallPair) -> None:
    source = SmallEnd("hub", [make_item(100 + number) for number in range(10)])
    with through(pair, repeat_request_every=1) as line:
        remote = pair.remote(line.url)
        for _ in range(3):
            meet(remote, pair)
        push(remote, source)
    assert set(pair.end.taken) == {item.name for item in source.items}
    assert line.repeated == line.requests == 6
    assert len(pair.end.met) == 6


def test_line_is_as_slow_as_it_says(pair: SmallPair) -> None:
    source = SmallEnd("hub", [make_item(100, 100_000)])
    with through(pair, delay_seconds=0.1, bits_per_second=1_000_000) as line:
        remote, begun = pair.remote(line.url), time.monotonic()
        meet(remote, pair)
        assert time.monotonic() - begun > 0.2
        before, begun = remote.sent_bytes, time.monotonic()
        push(remote, source)
        assert time.monotonic() - begun > 0.2 + 8 * (remote.sent_bytes - before) / 1_000_000 * 0.9
    assert line.bytes_up == pytest.approx(remote.sent_bytes, rel=0.1)
    assert line.bytes_down == pytest.approx(remote.received_bytes, rel=0.1)
    assert line.connections == 1, "it is kept open"


def test_nobody_behind_the_line_is_said(pair: SmallPair) -> None:
    with BadLine(target=("127.0.0.1", 9)) as line, pytest.raises(PeerAway):
        pair.remote(line.url).meet(say_hello(pair.hub.id))
