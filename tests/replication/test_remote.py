"""A node behind a socket: what it answers is believed only when it signed it, and what goes wrong is said in words."""

import threading
from dataclasses import replace

import pytest
import requests
from flask import Response

from sync_server.core.replication_batch import pack
from sync_server.errors import DiskFull, Problem, ServerBusy
from sync_server.peer_errors import (
    BatchUnreadable,
    CursorElsewhere,
    PeerAway,
    PeerIsAnother,
    PeerRefused,
    PeerRevoked,
    PeerUnknown,
)
from sync_server.replication.peer import Limits
from sync_server.replication.remote import RemotePeer
from sync_server.store.nodes import start_epoch
from sync_server.store.peers import REVOKED, change_peer, get_peer
from tests.support.paired import make_stranger
from tests.support.server import free_port
from tests.support.small_end import SmallEnd, make_file, make_item, say_hello
from tests.support.small_pair import SmallPair


@pytest.fixture
def met(pair: SmallPair) -> RemotePeer:
    remote = pair.remote()
    remote.meet(say_hello(pair.hub.id))
    return remote


def test_greeting_is_what_the_other_end_says(pair: SmallPair) -> None:
    remote, hello = pair.remote(), say_hello(pair.hub.id, 7)
    assert remote.meet(hello) == pair.end.meet(hello)
    assert pair.end.met[0] == hello
    assert remote.sent_bytes + remote.received_bytes < 2_000


def test_ticket_is_kept_before_anything_else_is_sent(pair: SmallPair, met: RemotePeer) -> None:
    with pair.hub.database.read() as session:
        assert get_peer(session, pair.centre.id).ticket


def test_everything_is_answered_as_the_other_end_answers(pair: SmallPair, met: RemotePeer) -> None:
    end, limits = pair.end, Limits(changes=5)
    head, names = met.read_names(0, limits)
    assert (head, names) == end.read_names(0, limits)
    assert met.read_changes(3, limits) == end.read_changes(3, limits)
    assert met.read_items(names[:2], head) == end.read_items(names[:2], head)
    assert list(met.find_lacking(names)) == list(names)
    batch = SmallEnd("x", [make_item(100), make_item(101)]).read_changes(0, limits)
    assert (met.take(batch).stored, met.take(batch).known) == (2, 2)
    assert met.take(batch).refused == ()


def test_refused_items_are_named(pair: SmallPair, met: RemotePeer) -> None:
    batch = SmallEnd("x", [replace(make_item(1), project="p2")]).read_changes(0, Limits())
    assert [(each.item, each.reason) for each in met.take(batch).refused] == [(batch.items[0].name, "unknown_project")]


def test_pieces_go_both_ways(pair: SmallPair, met: RemotePeer) -> None:
    photo = bytes(range(256)) * 100
    file = make_file("a.jpg", len(photo))
    pair.end.awaited, pair.end.files = [file], {file.sha256: photo}
    assert list(met.list_awaited(5)) == [file]
    pieces = met.read_pieces([(file, 0, 10_000), (file, 10_000, 15_600)])
    assert b"".join(piece.content for piece in pieces) == photo
    assert met.write_pieces(pieces[:1]) == 0
    assert met.list_awaited(5)[0].present == 10_000
    assert met.write_pieces(pieces[1:]) == 1


def test_a_problem_there_is_the_same_problem_here(pair: SmallPair, met: RemotePeer) -> None:
    batch = SmallEnd("x", [make_item(1)] * 9).read_changes(4, Limits())
    with pytest.raises(CursorElsewhere) as caught:
        met.take(batch)
    assert caught.value.details == {"epoch": "c01", "seq": 0}


@pytest.mark.parametrize(
    ("raised", "said"),
    [(DiskFull(), "disk is full"), (ServerBusy(), "busy"), (ValueError("x"), "answered with an error"),
     (BatchUnreadable(reason="it is damaged"), "it is damaged")],
)  # fmt: skip
def test_what_went_wrong_there_is_said_here(pair: SmallPair, met: RemotePeer, raised: Exception, said: str) -> None:
    def fail(batch: object) -> None:
        raise raised

    pair.end.take = fail  # type: ignore[assignment,method-assign]
    with pytest.raises(Problem, match=said) as caught:
        met.take(pair.end.read_changes(0, Limits()))
    assert isinstance(caught.value, PeerAway | BatchUnreadable)


def test_a_session_that_is_over_is_begun_again_by_itself(pair: SmallPair, met: RemotePeer) -> None:
    pair.centre.write(lambda session: start_epoch(session, new_id=lambda: "another"))
    assert met.read_changes(0, Limits()).items
    assert len(pair.end.met) == 2


def test_lanes_share_a_session(pair: SmallPair, met: RemotePeer) -> None:
    with requests.Session() as session:
        lane = met.beside(session)
        pair.centre.write(lambda session: start_epoch(session, new_id=lambda: "another"))
        threads = [threading.Thread(target=each.read_changes, args=(0, Limits())) for each in (met, lane)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert lane.received_bytes > 1_000
    assert len(pair.end.met) == 2


def test_whoever_is_revoked_is_told(pair: SmallPair, met: RemotePeer) -> None:
    pair.centre.write(lambda session: change_peer(session, pair.hub.id, state=REVOKED))
    with pytest.raises(PeerRevoked):
        met.read_changes(0, Limits())


def test_a_node_that_does_not_know_this_one_says_so(pair: SmallPair) -> None:
    other = make_stranger("other").private.public_key().public_bytes_raw()
    pair.centre.write(lambda session: change_peer(session, pair.hub.id, public_key=other))
    with pytest.raises(PeerUnknown):
        pair.remote().meet(say_hello(pair.hub.id))


def test_another_node_at_the_address_is_not_believed(pair: SmallPair) -> None:
    other = make_stranger("other").private.public_key().public_bytes_raw()
    pair.hub.write(lambda session: change_peer(session, pair.centre.id, public_key=other))
    with pytest.raises(PeerIsAnother, match=pair.url):
        pair.remote().meet(say_hello(pair.hub.id))
    with pair.hub.database.read() as session:
        assert get_peer(session, pair.centre.id).ticket is None


def test_nobody_in_between_can_make_up_an_answer_or_end_the_pairing(pair: SmallPair, met: RemotePeer) -> None:
    def swap(response: Response) -> Response:
        response.set_data(pack(SmallEnd("x", [make_item(666)]).read_changes(0, Limits())))
        return response

    pair.app.after_request_funcs.setdefault(None, []).append(swap)
    with pytest.raises(PeerIsAnother):
        met.read_changes(0, Limits())

    def revoke(response: Response) -> Response:
        refused = Response('{"code": 403.95, "message": "", "details": {}}', 403, content_type="application/json")
        return refused

    pair.app.after_request_funcs[None] = [revoke]
    with pytest.raises(PeerAway, match="not signed"):
        met.read_changes(0, Limits())


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Response("<html>Sign in", 200), "sign-in page"), (Response("", 302, {"Location": "/"}), "sign-in page"),
     (Response("<html>", 404), "no sync server"), (Response("", 407), "password"), (Response("", 502), "web server"),
     (Response("", 500), "error"), (Response('{"code": []}', 500), "error")],
    ids=lambda each: each if isinstance(each, str) else str(each.status_code),
)  # fmt: skip
def test_what_stands_in_between_is_told_from_the_node(
    pair: SmallPair, met: RemotePeer, answer: Response, said: str
) -> None:
    pair.app.after_request_funcs.setdefault(None, []).append(lambda response: answer)
    with pytest.raises(PeerAway, match=said):
        met.read_changes(0, Limits())


def test_an_unknown_refusal_is_said_in_the_other_nodes_words(pair: SmallPair, met: RemotePeer) -> None:
    refused = Response('{"code": 400.999, "message": "Not on Fridays."}', 400)
    pair.app.after_request_funcs.setdefault(None, []).append(lambda response: refused)
    with pytest.raises(PeerRefused, match="Not on Fridays"):
        met.read_changes(0, Limits())


def test_nothing_at_the_address_is_said(pair: SmallPair) -> None:
    with pytest.raises(PeerAway, match="nothing answers"):
        pair.remote(f"http://127.0.0.1:{free_port()}").meet(say_hello(pair.hub.id))


def test_a_name_that_is_not_found_is_said(pair: SmallPair) -> None:
    with pytest.raises(PeerAway, match="name was not found"):
        pair.remote("http://nowhere.invalid").meet(say_hello(pair.hub.id))


def test_a_proxy_and_a_ca_file_are_used(pair: SmallPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", pair.url)  # of the environment: gives way
    with pytest.raises(PeerAway, match="proxy"):
        pair.remote("http://192.0.2.1", proxy=f"http://127.0.0.1:{free_port()}").meet(say_hello(pair.hub.id))
    with pytest.raises(PeerAway, match="sync_ca_file"):
        pair.remote("https://192.0.2.1", ca_file="/nowhere.pem").meet(say_hello(pair.hub.id))
