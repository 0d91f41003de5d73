"""What nodes say to each other is read as it was written, and nothing else is read at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.replication_batch import Batch, compress
from sync_server.peer_errors import BatchUnreadable
from sync_server.replication import wire
from sync_server.replication.peer import Greeting, Place, Refusal, Taken

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
words = st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True)
numbers = st.integers(0, 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))
places = st.builds(
    Place, project=words, title=texts, forms=st.none() | st.lists(words, max_size=3).map(tuple)
)  # fmt: skip
greetings = st.builds(
    Greeting, node=words, name=texts, epoch=words, head=numbers, scope_hash=words | st.just(""),
    taken_epoch=st.none(), taken_seq=st.none(), places=st.lists(places, max_size=3).map(tuple), clock=moments,
    program=texts,
)  # fmt: skip
heads = st.builds(
    Batch, epoch=words, scope_hash=words, since=numbers, until=numbers, head=numbers, items=st.just(())
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text() | st.sampled_from(["protocol", "batch", "names"]), each),
    max_leaves=10,
)


@given(greetings, words, words)
def test_a_hubs_greeting_is_read_as_written(greeting: Greeting, nonce: str, ticket: str) -> None:
    opening = wire.Opening(greeting=greeting, protocols=(1, 2), nonce=nonce, ticket=ticket)
    assert wire.read_opening(wire.write_opening(opening)) == opening
    assert json.loads(wire.write_opening(opening))["protocol"] == [1, 2]


@given(greetings, words, words, numbers)
def test_a_centres_greeting_is_read_as_written(greeting: Greeting, session: str, epoch: str, seq: int) -> None:
    said = replace(greeting, taken_epoch=epoch, taken_seq=seq)
    opening = wire.Opening(greeting=said, protocols=(1,), session=session)
    assert wire.read_opening(wire.write_opening(opening)) == opening
    assert json.loads(wire.write_opening(opening))["protocol"] == 1


@given(heads, st.lists(texts).map(tuple))
def test_names_and_headers_are_read_as_written(head: Batch, names: tuple[str, ...]) -> None:
    assert wire.unpack_named(wire.pack_named(head, names)) == (head, names)
    assert wire.read_head(wire.unpack_object(wire.pack_json({"batch": wire.write_head(head)}))) == head


@given(numbers, numbers, numbers, st.lists(st.builds(Refusal, texts, words)).map(tuple))
def test_what_was_taken_is_read_as_written(seq: int, stored: int, known: int, refused: tuple[Refusal, ...]) -> None:
    taken = Taken(seq, stored, known, refused)
    assert wire.read_taken(wire.unpack_object(wire.pack_json(wire.write_taken(taken)))) == taken


@given(json_values | st.binary())
def test_anything_else_is_unreadable_and_no_accident(value: object) -> None:
    plain = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(BatchUnreadable):
        wire.read_opening(plain)
    with pytest.raises(BatchUnreadable):
        wire.unpack_named(compress(plain))
    for read in (wire.read_taken, wire.read_limits, wire.read_head):
        with pytest.raises(BatchUnreadable):
            read(wire.unpack_object(compress(plain)))


@given(st.binary(max_size=200))
def test_bytes_that_nobody_packed_are_unreadable(packed: bytes) -> None:
    for unpack in (wire.unpack_named, wire.unpack_object):
        with pytest.raises(BatchUnreadable):
            unpack(packed)


def test_more_than_is_given_at_once_is_not_asked_for() -> None:
    _, limits = wire.read_limits({"since": 0, "bytes": 10**12, "changes": 10**12})
    assert limits == wire.MOST_AT_ONCE


def test_a_moment_without_a_zone_is_none() -> None:
    greeting = Greeting(node="a", name="b", epoch="c", head=0, clock=datetime(2026, 1, 1, tzinfo=UTC), program="")
    written = json.loads(wire.write_opening(wire.Opening(greeting=greeting, protocols=(1,))))
    with pytest.raises(BatchUnreadable, match="zone"):
        wire.read_opening(json.dumps({**written, "program": "", "clock": "2026-01-01T00:00:00"}).encode())
