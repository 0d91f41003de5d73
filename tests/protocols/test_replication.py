"""What a paired node may ask: signed, in its session, whole; and what everybody else is told."""

import json
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.core.replication_batch import LARGEST, compress, decompress, pack, unpack
from sync_server.core.replication_pieces import pack_pieces, pack_wanted, unpack_awaited, unpack_pieces
from sync_server.node import Node
from sync_server.protocols.replication import OPEN_END
from sync_server.protocols.replication_sessions import LARGEST_BODY
from sync_server.replication import wire
from sync_server.replication.peer import Limits
from sync_server.store.nodes import start_epoch
from sync_server.store.peers import REVOKED, STOPPED, change_peer
from tests.support.paired import Stranger, let_in, make_stranger
from tests.support.small_end import SmallEnd, make_file, make_item, say_hello

BASE = "/replication/v1/"
ROUTES = ("changes", "names", "items", "lacking", "take", "awaited", "give", "fetch", "digest")


@pytest.fixture
def sinjar(hub: Node) -> Stranger:
    """An office's node, paired with the one that is tried."""
    stranger = make_stranger("sinjar")
    let_in(hub, stranger)
    return stranger


@pytest.fixture
def end(app: Flask, hub: Node) -> SmallEnd:
    end = SmallEnd(hub.id, items=[make_item(number) for number in range(3)])
    app.extensions[OPEN_END] = lambda node, peer_id: end
    return end


def ask(client: FlaskClient, who: Stranger, route: str, body: bytes, session: str = "") -> TestResponse:
    return client.post(BASE + route, data=body, headers=who.sign(BASE + route, body, session))


def greet(client: FlaskClient, who: Stranger, **changed: Any) -> TestResponse:
    opening = wire.Opening(greeting=say_hello(who.id), protocols=(1,), nonce="n1")
    body = json.dumps({**json.loads(wire.write_opening(opening)), **changed}).encode()
    return ask(client, who, "greet", body)


def session_of(client: FlaskClient, who: Stranger) -> str:
    session: str = greet(client, who).get_json()["session"]
    return session


def test_a_greeting_is_answered_with_a_session_and_a_ticket(
    client: FlaskClient, sinjar: Stranger, end: SmallEnd
) -> None:
    answer = greet(client, sinjar, taken={"epoch": "e17", "seq": 5})
    said = wire.read_opening(answer.data)
    assert said.greeting.head == 3
    assert said.session
    assert said.ticket
    assert end.met[0].taken_seq == 5


def test_every_route_answers_as_the_end_does(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    session = session_of(client, sinjar)
    file = make_file("a.jpg", 5)
    end.awaited, end.files = [file], {file.sha256: b"photo"}

    def said(route: str, body: bytes) -> bytes:
        answer = ask(client, sinjar, route, body, session)
        assert answer.status_code == 200, answer.text
        return answer.data

    limits = wire.pack_json(wire.write_limits(0, Limits()))
    head, names = wire.unpack_named(said("names", limits))
    assert (head, names) == end.read_names(0, Limits())
    asked = wire.pack_json({"names": names[:1], "batch": wire.write_head(head)})
    assert unpack(said("items", asked)) == end.read_items(names[:1], replace(head, items=()))
    assert unpack(said("changes", limits)) == end.read_changes(0, Limits())
    assert wire.unpack_object(said("lacking", wire.pack_json({"names": ["a", "b"]}))) == {"names": ["a", "b"]}
    assert unpack_awaited(decompress(said("awaited", wire.pack_json({"limit": 5})))) == [file]
    pieces = unpack_pieces(said("fetch", compress(pack_wanted([(file, 1, 3)]))))
    assert [piece.content for piece in pieces] == [b"hot"]
    assert wire.unpack_object(said("give", pack_pieces(end.read_pieces([(file, 0, 5)])))) == {"whole": 1}


def test_a_batch_is_taken_once_however_often_it_comes(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    session, body = session_of(client, sinjar), pack(SmallEnd("x", [make_item(7)]).read_changes(0, Limits()))
    stored = [wire.read_taken(wire.unpack_object(ask(client, sinjar, "take", body, session).data)) for _ in range(2)]
    assert [(each.seq, each.stored, each.known) for each in stored] == [(1, 1, 0), (1, 0, 1)]


def test_a_batch_from_further_ahead_says_where_to_begin(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    body = pack(SmallEnd("x", [make_item(n) for n in range(9)]).read_changes(5, Limits()))
    answer = ask(client, sinjar, "take", body, session_of(client, sinjar))
    assert answer.status_code == 409
    assert answer.get_json()["details"] == {"epoch": "c01", "seq": 0}


@pytest.mark.parametrize("route", ["greet", *ROUTES])
def test_who_is_not_known_learns_nothing(client: FlaskClient, sinjar: Stranger, end: SmallEnd, route: str) -> None:
    nobody, forger = make_stranger("nobody"), Stranger(sinjar.id, make_stranger("forger").private)
    answers = [ask(client, who, route, b"{}") for who in (nobody, forger)]
    answers += [
        client.post(BASE + route, data=b"{}"),
        client.post(BASE + route, headers={"Authorization": "SyncNode x"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].data == answers[1].data
    assert not any("Sync-Signature" in answer.headers for answer in answers)
    assert end.met == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_request_for_another_route_or_session_or_body_is_refused(
    client: FlaskClient, sinjar: Stranger, end: SmallEnd, route: str
) -> None:
    session, body = session_of(client, sinjar), wire.pack_json({"limit": 1})
    right = sinjar.sign(BASE + route, body, session)
    other = "fetch" if route != "fetch" else "give"
    assert client.post(BASE + other, data=body, headers=right).status_code == 401
    assert client.post(BASE + route, data=body + b" ", headers=right).status_code == 401
    swapped = {"Authorization": right["Authorization"].replace(session, "1.ab")}
    assert client.post(BASE + route, data=body, headers=swapped).status_code == 401


@pytest.mark.parametrize("word", ["", "1.ab", "x", "9" * 90, "٣.ab"])
def test_without_a_session_one_is_told_to_greet(
    client: FlaskClient, sinjar: Stranger, end: SmallEnd, word: str
) -> None:
    answer = ask(client, sinjar, "awaited", wire.pack_json({"limit": 1}), word)
    assert answer.status_code == 401
    assert answer.get_json()["code"] == (401.94 if word.isascii() else 401.93)


def test_a_session_ends_after_a_day_and_with_a_restore(
    client: FlaskClient, hub: Node, sinjar: Stranger, end: SmallEnd
) -> None:
    body = wire.pack_json({"limit": 1})
    with time_machine.travel("2026-11-30T07:59:00Z", tick=False) as clock:
        session = session_of(client, sinjar)
        for hours, status in ((23, 200), (25, 401), (-1, 401)):
            clock.move_to(f"2026-{'12-01T06' if hours == 23 else '12-01T08' if hours == 25 else '11-30T06'}:59:00Z")
            assert ask(client, sinjar, "awaited", body, session).status_code == status
    session = session_of(client, sinjar)
    hub.write(lambda writing: start_epoch(writing, new_id=lambda: "another"))
    assert ask(client, sinjar, "awaited", body, session).status_code == 401


@pytest.mark.parametrize(("state", "code"), [(REVOKED, 403.95), (STOPPED, 403.94)])
def test_who_was_ended_is_told_why_whatever_session_it_has(
    client: FlaskClient, hub: Node, sinjar: Stranger, end: SmallEnd, state: str, code: float
) -> None:
    session = session_of(client, sinjar)
    hub.write(lambda writing: change_peer(writing, sinjar.id, state=state))
    for answer in (greet(client, sinjar), ask(client, sinjar, "take", b"x", session)):
        assert answer.get_json()["code"] == code
        assert "Sync-Signature" in answer.headers


@pytest.mark.parametrize("route", ROUTES)
def test_garbage_is_refused_whole(client: FlaskClient, sinjar: Stranger, end: SmallEnd, route: str) -> None:
    session = session_of(client, sinjar)
    for body in (b"", b"{}", b"\x28\xb5\x2f\xfd", *map(compress, (b"null", b"[[1]]", b"\xff", b'{"since": -1}'))):
        assert ask(client, sinjar, route, body, session).get_json()["code"] == 400.97
    assert end.taken == {}


def test_a_bomb_is_refused(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    bomb = compress(b" " * (LARGEST + 1))
    assert len(bomb) < 100_000
    session = session_of(client, sinjar)
    for route in ("lacking", "take", "fetch"):
        said = ask(client, sinjar, route, bomb, session).get_json()
        assert (said["code"], said["details"]) == (400.97, {"reason": "it is too large"}), route


def test_a_request_that_is_too_large_is_not_even_read(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    headers, too_much = sinjar.sign(BASE + "take", b""), {"CONTENT_LENGTH": str(LARGEST_BODY + 1)}
    assert client.post(BASE + "take", headers=headers, environ_overrides=too_much).status_code == 413


@pytest.mark.parametrize(
    "changed",
    [{"protocol": []}, {"protocol": "1"}, {"node": "another"}, {"head": -1}, {"head": 2**64}, {"epoch": "a\0"},
     {"epoch": "\ud800"}, {"clock": "2026-11-30T07:00:00"}, {"clock": "soon"}, {"taken": []}, {"taken": {"epoch": 1}},
     {"projects": [1]}, {"projects": [{"project": "p", "title": "t", "forms": "x"}]}, {"ticket": 5}],
)  # fmt: skip
def test_a_greeting_that_makes_no_sense_is_refused(
    client: FlaskClient, sinjar: Stranger, end: SmallEnd, changed: dict[str, Any]
) -> None:
    assert greet(client, sinjar, **changed).get_json()["code"] == 400.97
    assert end.met == []


def test_who_speaks_only_later_versions_is_told_which_this_is(
    client: FlaskClient, sinjar: Stranger, end: SmallEnd
) -> None:
    said = ask(client, sinjar, "greet", b'{"protocol": [2, 3], "all": "else differs"}').get_json()
    assert said["code"] == 400.98
    assert said["details"] == {"theirs": "2, 3", "ours": 1}


def test_a_greeting_costs_less_than_two_kilobytes(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    answer = greet(client, sinjar, taken={"epoch": "e" * 32, "seq": 48211}, ticket="t" * 64)
    asked = answer.request
    size = sum(len(f"{name}: {value}\r\n") for name, value in (*asked.headers, *answer.headers))
    assert size + len(answer.data) + asked.content_length < 2_000


def test_node_is_refused_everything_else(client: FlaskClient, sinjar: Stranger, end: SmallEnd) -> None:
    for path in ("/v1/projects", "/v1/users", "/v1/projects/1/forms"):
        assert client.get(path, headers=sinjar.sign(path, b"")).status_code == 401
