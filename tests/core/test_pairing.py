"""Proofs of pairing cover every word of what is said; what is no answer is refused, not stumbled over."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.pairing import (
    PairingAnswer,
    PairingRequest,
    SharedPlace,
    is_proof,
    prove_answer,
    prove_request,
    read_answer,
    write_key,
)
from sync_server.core.peer_places import PeerPlace, PeerScope, read_scope, scope_of_grants
from sync_server.core.roles import PEER, PEER_UP

SECRET = "8f4jx2pdwq7cn5ra"
REQUEST = PairingRequest(
    protocol=1, offer="ks3m", node="a" * 32, name="Sinjar", public_key=write_key(b"1" * 32), nonce="0" * 32
)
ANSWER = PairingAnswer(
    node="b" * 32, name="Erbil", public_key=write_key(b"2" * 32), nonce="0" * 32, proof="1",
    projects=(SharedPlace(project="c" * 32, title="Forums", forms=("visit",)),),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["node", "projects"]), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "change",
    [{"node": "d" * 32}, {"name": "Mosul"}, {"public_key": write_key(b"3" * 32)}, {"nonce": "1"}, {"offer": "aaaa"}],
)
def test_a_proof_holds_for_no_other_request_and_for_no_answer_to_one(change: dict[str, str]) -> None:
    other = replace(REQUEST, **change)
    assert prove_request(SECRET, other) != prove_request(SECRET, REQUEST)
    assert prove_answer(SECRET, other, ANSWER) != prove_answer(SECRET, REQUEST, ANSWER)
    assert prove_request(SECRET, REQUEST) not in (prove_answer(SECRET, REQUEST, ANSWER), prove_request("x", REQUEST))


@pytest.mark.parametrize("change", [{"node": "d"}, {"public_key": "x"}, {"name": "x"}, {"projects": ()}])
def test_an_answers_proof_covers_every_word(change: dict[str, Any]) -> None:
    assert prove_answer(SECRET, REQUEST, replace(ANSWER, **change)) != prove_answer(SECRET, REQUEST, ANSWER)


def test_a_proof_is_compared_whatever_it_is_made_of() -> None:
    assert is_proof("ab", "ab")
    assert not is_proof("سنجار\ud800", "ab")


def test_an_answer_is_read_as_it_was_written() -> None:
    assert read_answer(ANSWER.to_json()) == ANSWER


@given(JSON, st.sampled_from(["", *ANSWER.to_json()]))
def test_what_is_no_answer_is_said_to_be_none(garbage: Any, place: str) -> None:
    written = {**ANSWER.to_json(), place: garbage} if place else garbage
    try:
        read_answer(written)
    except ValueError:
        return
    assert place


def test_a_scope_is_read_as_it_was_written_and_found_in_its_grants() -> None:
    scope = PeerScope((PeerPlace(project_id=2, role=PEER, rows="a eq 'b'"), PeerPlace(project_id=3, forms=("visit",))))
    assert read_scope(scope.to_json()) == scope
    assert scope_of_grants(scope.grants) == scope
    assert [(g.role, g.project_id, g.form_id, g.rows) for g in scope.grants] == [
        (PEER, 2, None, "a eq 'b'"), (PEER_UP, 3, "visit", None),
    ]  # fmt: skip
