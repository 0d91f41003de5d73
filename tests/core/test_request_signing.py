"""A signature is about one request alone, and a header says nothing but what was written."""

from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.request_signing import (
    Credentials,
    answer_message,
    read_header,
    read_signature,
    request_message,
    write_header,
    write_signature,
)

words = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
signatures = st.binary(min_size=64, max_size=64)
requests = st.tuples(st.sampled_from(["POST", "GET"]), words.map("/replication/v1/{}".format), words, st.binary())


@given(words, st.from_regex(r"[A-Za-z0-9._-]{0,100}", fullmatch=True), signatures)
def test_header_says_what_was_written(node: str, session: str, signature: bytes) -> None:
    credentials = Credentials(node, session, signature)
    assert read_header(write_header(credentials)) == credentials


@given(st.text())
def test_anything_else_is_no_header(value: str) -> None:
    assert read_header(value) is None
    assert read_header(f'SyncNode node="{value}", session="", signature=""') is None


@given(signatures, st.integers(0, 180), st.characters())
def test_header_that_was_tampered_with_is_none_or_says_something_else(signature: bytes, at: int, letter: str) -> None:
    written = write_header(Credentials("5f0c", "1.ab", signature))
    changed = written[:at] + letter + written[at + 1 :]
    assert changed == written or read_header(changed) != Credentials("5f0c", "1.ab", signature)


@given(signatures)
def test_signature_is_read_as_written(signature: bytes) -> None:
    assert read_signature(write_signature(signature)) == signature


@given(requests, requests)
def test_two_requests_are_never_signed_alike(
    one: tuple[str, str, str, bytes], other: tuple[str, str, str, bytes]
) -> None:
    assert (request_message(*one) == request_message(*other)) == (one == other)


@given(signatures, signatures, st.binary(), st.binary())
def test_an_answer_is_to_one_request_alone(one: bytes, other: bytes, body: bytes, another: bytes) -> None:
    message = answer_message(one, 200, body)
    assert (answer_message(other, 200, body) == message) == (one == other)
    assert (answer_message(one, 200, another) == message) == (body == another)
    assert answer_message(one, 403, body) != message


def test_nothing_secret_is_in_what_is_printed() -> None:
    assert "signature" not in repr(Credentials("5f0c", "", b"0" * 64))
