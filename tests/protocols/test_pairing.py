"""The door at which nodes are paired: no input is an accident, and guessing is slow."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from sync_server.core.pairing import PairingRequest, prove_request, write_key
from sync_server.node import Node
from sync_server.protocols.pairing import GUESSES
from sync_server.protocols.throttle import ATTEMPTS
from sync_server.services.accept_pairing import accept_pairing
from sync_server.services.peer_offers import offer_pairing, read_code
from sync_server.settings import Settings
from tests.support.by_code import EVERYTHING, URL, peer_at
from tests.support.new_folder import new_folder

ADDRESS = "/replication/pair"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Node]:
    """The machine that wants to be a hub of the fixture `hub`, which is the centre here."""
    with Node.open(Settings(data=new_folder(tmp_path / "office"), node_name="Sinjar", min_free_bytes=0)) as node:
        yield node


def a_request(code: str, **said: Any) -> dict[str, Any]:
    offer, secret = read_code(code)
    words = {"node": "e" * 32, "name": "Sinjar", "public_key": write_key(b"k" * 32), "nonce": "0" * 32}
    request = PairingRequest(**{"protocol": 1, "offer": offer, **words, **said})
    return replace(request, proof=prove_request(secret, request)).to_json()


def test_a_hub_is_paired_over_http(app: Flask, client: FlaskClient, hub: Node, office: Node) -> None:
    code = offer_pairing(hub, None, "Sinjar office", EVERYTHING).code

    def post(url: str, body: dict[str, Any]) -> Any:
        answer: TestResponse = client.post(ADDRESS, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json

    accept_pairing(office, None, URL, code, post=post)
    assert peer_at(hub, office).name == "Sinjar office"
    assert peer_at(office, hub).url == URL


def test_a_wrong_code_a_used_one_and_another_protocol_are_refused(client: FlaskClient, hub: Node) -> None:
    code = offer_pairing(hub, None, "Sinjar office", EVERYTHING).code
    forged = client.post(ADDRESS, json={**a_request(code), "proof": "0" * 64})
    assert (forged.status_code, forged.json["code"]) == (403, 403.96)
    swapped = client.post(ADDRESS, json={**a_request(code), "public_key": write_key(b"m" * 32)})
    assert swapped.status_code == 403
    assert client.post(ADDRESS, json=a_request(code, protocol=2)).json["code"] == 400.98
    first = client.post(ADDRESS, json=a_request(code))
    assert client.post(ADDRESS, json=a_request(code)).json == first.json
    assert client.post(ADDRESS, json=a_request(code, node="f" * 32)).status_code == 403


def test_whoever_guesses_has_to_wait(client: FlaskClient, hub: Node) -> None:
    code = offer_pairing(hub, None, "Sinjar office", EVERYTHING).code
    guess = {**a_request(code), "proof": "0" * 64}
    assert [client.post(ADDRESS, json=guess).status_code for _ in range(ATTEMPTS)] == [403] * ATTEMPTS
    held_up = client.post(ADDRESS, json=a_request(code))
    assert (held_up.status_code, held_up.headers["Retry-After"]) == (429, "300")
    elsewhere = client.post(ADDRESS, json=a_request(code), environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "one"}, {"protocol": 1.5}, {"protocol": None}, {"offer": "ks3"}, {"offer": "KS3M\n"}, {"node": ""},
        {"node": "E" * 32}, {"name": " " * 201}, {"name": ["x"]}, {"nonce": "0"},
        {"public_key": "x" * 44}, {"public_key": write_key(b"k" * 31)}, {"proof": "0" * 63}, {"proof": {"a": 1}},
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_400_and_names_what_is_wrong(
    client: FlaskClient, hub: Node, change: dict[str, Any]
) -> None:
    body = json.dumps({**a_request("ks3m-8f4j-x2pd-wq7c-n5ra"), **change})  # escaped: it may be no text at all
    answer = client.post(ADDRESS, data=body)
    assert answer.status_code == 400, answer.text
    assert next(iter(change)) in answer.text


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_database_takes_is_read_as_another_of_which_the_proof_is_none(
    client: FlaskClient, hub: Node, name: str
) -> None:
    code = offer_pairing(hub, None, "Sinjar office", EVERYTHING).code
    assert client.post(ADDRESS, data=json.dumps({**a_request(code), "name": name})).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 50_000])
def test_a_body_that_is_no_object_is_400(client: FlaskClient, hub: Node, body: bytes) -> None:
    assert client.post(ADDRESS, data=body).status_code == 400


def test_nothing_that_is_sent_is_an_accident(app: Flask, client: FlaskClient, hub: Node) -> None:
    code = offer_pairing(hub, None, "Sinjar office", EVERYTHING).code

    @settings(
        max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.dictionaries(st.sampled_from(sorted(a_request(code))), ANYTHING, max_size=3))
    def send(change: dict[str, Any]) -> None:
        app.extensions.pop(GUESSES, None)
        answer = client.post(ADDRESS, json={**a_request(code), **change})
        assert answer.status_code in (200, 400, 403), answer.text

    send()
