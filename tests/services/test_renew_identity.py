"""A copy gets an identity of its own and loses nothing; on both databases."""

from sync_server.core.signatures import is_signed_by
from sync_server.node import Node
from sync_server.services.accept_pairing import NEW
from sync_server.services.node_identity import get_public_key, sign
from sync_server.services.pair_nodes import list_peers
from sync_server.services.renew_identity import REASON, renew_identity
from sync_server.services.review_submission import review_submission
from sync_server.store import changes, decisions, peer_cursors
from sync_server.store.peers import ACTIVE, REVOKED
from sync_server.store.tables import decisions as decided
from sync_server.store.tables import receipts
from tests.support.by_code import pair, peer_at
from tests.support.samples import send, submission


def test_it_is_another_node_with_the_same_content(node: Node, hub: Node) -> None:
    send(node, submission("uuid:1"))
    review_submission(node, None, "uuid:1", "approved", reason="")
    pair(hub, node)
    former, key = node.id, get_public_key(node)
    with node.database.read() as session:
        epoch, made = changes.epoch(session), decisions.iter_decisions(session)
    new_id = renew_identity(node, None)
    with Node.open(node.settings) as renewed:
        assert renewed.id == new_id != former
        assert get_public_key(renewed) != key
        assert is_signed_by(get_public_key(renewed), b"x", sign(renewed, b"x"))
        with renewed.database.read() as session:
            assert changes.epoch(session) != epoch
            assert decisions.iter_decisions(session) == made
            assert set(session.scalars(decided.select().with_only_columns(decided.c.node))) == {new_id}
            assert set(session.scalars(receipts.select().with_only_columns(receipts.c.node))) == {None}
        (shown,) = list_peers(renewed, None)
        assert (shown.peer.state, shown.peer.state_reason) == (REVOKED, REASON)


def test_it_is_paired_anew_by_a_new_code_and_the_other_goes_on(node: Node, hub: Node) -> None:
    pair(hub, node)
    former = node.id
    node.write(lambda s: peer_cursors.move_cursor(s, hub.id, "e", "s", 7, peer_at(node, hub).paired_at))
    renew_identity(node, None)
    with Node.open(node.settings) as renewed:
        paired = pair(hub, renewed, name="Sinjar, the copy", join=NEW)
        assert [(each.project_id, each.was_here) for each in paired.projects] == [(1, True)]
        assert peer_at(renewed, hub).state == ACTIVE
        with renewed.database.read() as session:
            assert peer_cursors.find_furthest(session, hub.id, "e") == 0
        assert {shown.peer.id for shown in list_peers(hub, None) if shown.peer.is_active} == {former, renewed.id}
