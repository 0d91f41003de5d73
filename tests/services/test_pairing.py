"""Two nodes are paired by a code, once, for a day; whoever lacks it gets nowhere. On both databases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from sync_server.core.pairing import PairingRequest, prove_request, write_key
from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import MANAGER, PEER, PEER_UP
from sync_server.core.row_scope import district_rows
from sync_server.core.scope import Grant
from sync_server.errors import InsufficientRights, MissingParameter, NotFound, RowsUnreadable, UnexpectedValue
from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere, NameTaken, PairingRefused, ProtocolUnknown
from sync_server.services.accept_pairing import accept_pairing
from sync_server.services.answer_pairing import (
    EXPIRED,
    ITSELF,
    NOTHING_LEFT,
    OTHER_KEY,
    UNKNOWN,
    USED,
    VOID,
    WRONG,
    answer_pairing,
)
from sync_server.services.node_identity import get_public_key
from sync_server.services.pair_nodes import list_peers, revoke_peer, set_peer_scope
from sync_server.services.peer_offers import Offer, list_offers, offer_pairing, read_code, replace_peer
from sync_server.services.projects import add_project, delete_project
from sync_server.settings import Settings
from sync_server.store import assignments, audits, shared_projects
from sync_server.store.peers import ACTIVE, CENTRE, HUB, REVOKED, PeerNode, find_peer
from tests.support.by_code import EVERYTHING, URL, only_up, pair, peer_at, posting_to, rows_of
from tests.support.new_folder import new_folder
from tests.support.people import add_person

KEY, ID = write_key(b"k" * 32), "e" * 32


def request_of(code: str, **said: Any) -> PairingRequest:
    """A request of some machine that holds this code."""
    offer, secret = read_code(code)
    words = {"node": ID, "name": "Sinjar", "public_key": KEY, "nonce": "0" * 32, "protocol": 1, "offer": offer}
    request = PairingRequest(**{**words, **said})
    return replace(request, proof=prove_request(secret, request))


def refused(node: Node, request: PairingRequest) -> str:
    with pytest.raises(PairingRefused) as caught:
        answer_pairing(node, request)
    return str(caught.value.details["reason"])


def offered(node: Node, scope: PeerScope = EVERYTHING) -> Offer:
    return offer_pairing(node, None, "Sinjar office", scope)


def grants_at(node: Node, peer: PeerNode) -> tuple[Grant, ...]:
    with node.database.read() as session:
        return assignments.find_grants(session, peer.actor_id)


def uid_of(node: Node, project_id: int = 1) -> tuple[str, str | None]:
    with node.database.read() as session:
        found = shared_projects.find_by_number(session, project_id)
    assert found is not None
    return found.uid, found.home


def test_two_nodes_know_each_other_and_share_a_project_after_pairing(node: Node, hub: Node) -> None:
    paired = pair(node, hub, rows_of(district_rows(["IQG15Q03"])))
    at_centre, at_hub = peer_at(node, hub), peer_at(hub, node)
    assert (at_centre.side, at_centre.name, at_centre.state) == (HUB, "Sinjar office", ACTIVE)
    assert at_centre.public_key == get_public_key(hub)
    assert (at_hub.side, at_hub.url, at_hub.public_key) == (CENTRE, URL, get_public_key(node))
    assert grants_at(node, at_centre) == (Grant(PEER, 1, None, "#adm2+code eq 'IQG15Q03'"),)
    assert grants_at(hub, at_hub) == (Grant(PEER, 1),)
    assert uid_of(hub) == (uid_of(node)[0], node.id)
    assert [(each.project_id, each.was_here) for each in paired.projects] == [(1, True)]


def test_the_act_is_in_the_audit_logs_of_both(node: Node, hub: Node) -> None:
    pair(node, hub, only_up())
    with node.database.read() as session:
        assert [a.act.action for a in audits.iter_audits(session)] == ["peer.create", "peer.offer.create"]
    with hub.database.read() as session:
        assert [a.act.action for a in audits.iter_audits(session)] == ["peer.join"]


def test_a_code_is_five_groups_and_read_however_it_is_typed(hub: Node) -> None:
    code = offered(hub).code
    assert len(code) == 24
    assert read_code(f" {code.upper().replace('-', ' ')} ") == (code[:4], code[5:].replace("-", ""))
    for nonsense in ("", "ks3m", code + "a", code.replace(code[6], "1"), "ا" * 20):
        with pytest.raises(PairingRefused):
            read_code(nonsense)


def test_a_used_code_is_good_for_the_machine_that_used_it_when_its_answer_was_lost(node: Node) -> None:
    code = offered(node).code
    first = answer_pairing(node, request_of(code))
    assert answer_pairing(node, request_of(code)) == first
    assert refused(node, request_of(code, node="f" * 32)) == USED
    assert len(list_peers(node, None)) == 1
    revoke_peer(node, None, "Sinjar office")
    assert refused(node, request_of(code)) == USED


def test_a_code_is_void_after_ten_wrong_proofs(node: Node) -> None:
    code = offered(node).code
    right = request_of(code)
    for _ in range(10):
        assert refused(node, replace(right, proof="0" * 64)) == WRONG
    assert refused(node, right) == VOID
    assert list_offers(node, None) == []


def test_a_code_is_good_for_a_day(node: Node) -> None:
    code = offered(node)
    with time_machine.travel(code.expires_at + timedelta(seconds=1), tick=False):
        assert refused(node, request_of(code.code)) == EXPIRED
    answer_pairing(node, request_of(code.code))


def test_an_unknown_code_a_changed_word_and_another_protocol_are_refused(node: Node) -> None:
    request = request_of(offered(node).code)
    assert refused(node, replace(request, offer="zzzz")) == UNKNOWN
    assert refused(node, replace(request, public_key=write_key(b"m" * 32))) == WRONG
    with pytest.raises(ProtocolUnknown):
        answer_pairing(node, replace(request, protocol=2))


def test_nobody_takes_the_identity_of_another(node: Node, hub: Node) -> None:
    pair(node, hub)
    other = offer_pairing(node, None, "Another", only_up()).code
    assert refused(node, request_of(other, node=node.id)) == ITSELF
    assert refused(node, request_of(other, node=hub.id)) == OTHER_KEY
    assert peer_at(node, hub).public_key == get_public_key(hub)


def test_a_newer_code_under_the_same_name_ends_the_older(node: Node) -> None:
    older, newer = offered(node).code, offered(node).code
    assert refused(node, request_of(older)) == EXPIRED
    answer_pairing(node, request_of(newer))
    with pytest.raises(NameTaken):
        offered(node)


def test_an_offer_can_be_taken_back(node: Node) -> None:
    code = offered(node).code
    assert revoke_peer(node, None, "Sinjar office") is None
    assert refused(node, request_of(code)) == EXPIRED
    with pytest.raises(NotFound):
        revoke_peer(node, None, "Sinjar office")


def test_a_project_that_is_gone_when_the_code_is_used_is_not_given(node: Node) -> None:
    added = add_project(node, None, "Short-lived")
    code = offered(node, only_up(added.id)).code
    delete_project(node, None, added.id)
    assert refused(node, request_of(code)) == NOTHING_LEFT


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        (PeerScope(()), MissingParameter),
        (only_up(9), NotFound),
        (only_up(1, "no-such-form"), NotFound),
        (rows_of("a eq"), RowsUnreadable),
        (rows_of("a eq 'b'", PEER_UP), UnexpectedValue),
        (PeerScope((PeerPlace(project_id=1, role=MANAGER),)), UnexpectedValue),
    ],
)
def test_a_scope_that_makes_no_sense_is_refused_when_it_is_laid_down(
    hub: Node, scope: PeerScope, error: type[Exception]
) -> None:
    with pytest.raises(error):
        offered(hub, scope)
    with pytest.raises(MissingParameter):
        offer_pairing(hub, None, " \n", EVERYTHING)


def test_only_an_administrator_of_the_whole_site_pairs(hub: Node) -> None:
    chelsea, manager = add_person(hub, "chelsea"), add_person(hub, "bob", Grant(MANAGER, 1))
    for actor in (chelsea, manager):
        for act in (
            lambda actor=actor: offer_pairing(hub, actor, "x", EVERYTHING),
            lambda actor=actor: replace_peer(hub, actor, "x"),
            lambda actor=actor: revoke_peer(hub, actor, "x"),
            lambda actor=actor: set_peer_scope(hub, actor, "x", EVERYTHING),
            lambda actor=actor: list_peers(hub, actor),
            lambda actor=actor: accept_pairing(hub, actor, URL, "x", post=posting_to(hub)),
        ):
            with pytest.raises((InsufficientRights, NotFound)):
                act()


def test_a_revoked_node_comes_back_by_a_new_code_with_the_scope_of_that(node: Node, hub: Node) -> None:
    pair(node, hub)
    ended = revoke_peer(node, None, "Sinjar office")
    assert ended is not None
    assert (ended.state, peer_at(node, hub).state) == (REVOKED, REVOKED)
    pair(node, hub, only_up(), name="Sinjar again")
    again = peer_at(node, hub)
    assert (again.state, again.name, again.actor_id) == (ACTIVE, "Sinjar again", ended.actor_id)
    assert grants_at(node, again) == (Grant(PEER_UP, 1),)
    assert len(list_peers(hub, None)) == 1


def test_a_new_machine_takes_the_place_of_a_dead_one(node: Node, hub: Node, tmp_path: Path) -> None:
    pair(node, hub, rows_of("a eq 'b'"))
    code = replace_peer(node, None, "Sinjar office").code
    assert peer_at(node, hub).state == ACTIVE
    with Node.open(Settings(data=new_folder(tmp_path / "new"), min_free_bytes=0)) as new:
        accept_pairing(new, None, URL, code, post=posting_to(node))
        at_centre = peer_at(node, new)
    assert (at_centre.name, at_centre.predecessors) == ("Sinjar office", (hub.id,))
    assert at_centre.ids == {new.id, hub.id}
    assert grants_at(node, at_centre) == (Grant(PEER, 1, None, "a eq 'b'"),)
    assert (peer_at(node, hub).state, new.id in peer_at(node, hub).state_reason) == (REVOKED, True)


def test_a_machine_that_replaces_itself_is_paired_anew(node: Node, hub: Node) -> None:
    pair(node, hub)
    accept_pairing(hub, None, URL, replace_peer(node, None, "Sinjar office").code, post=posting_to(node))
    assert (peer_at(node, hub).state, peer_at(node, hub).predecessors) == (ACTIVE, ())


def test_a_hubs_scope_is_replaced_as_a_whole_and_only_at_its_centre(node: Node, hub: Node) -> None:
    pair(node, hub)
    other = add_project(node, None, "Other")
    set_peer_scope(node, None, "Sinjar office", only_up(other.id))
    assert grants_at(node, peer_at(node, hub)) == (Grant(PEER_UP, other.id),)
    mine = add_project(hub, None, "Mine")
    with pytest.raises(UnexpectedValue):
        set_peer_scope(hub, None, node.id, only_up(mine.id))
    with pytest.raises(LedElsewhere):
        offer_pairing(hub, None, "a hub's hub", EVERYTHING)


def test_a_request_that_is_refused_changes_nothing(node: Node) -> None:
    request = request_of(offered(node).code)
    refused(node, replace(request, proof="سنجار"))
    with node.database.read() as session:
        assert find_peer(session, ID) is None
    assert [offer.wrong for offer in list_offers(node, None)] == [1]
