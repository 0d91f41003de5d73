"""Take decisions from a peer: signed by their node, in a name it can speak for, within the peer's scope."""

from sync_server.core.decision_bodies import is_well_formed
from sync_server.core.decision_seal import has_its_words, join_words, signed_message
from sync_server.core.entity_erasure import takes_words
from sync_server.core.entity_root import list_of
from sync_server.core.replication_items import DecisionItem
from sync_server.core.signatures import is_signed_by
from sync_server.replication.outgoing_plan import ENTITY, ERASURE, FORM_STATE, LIST, OF_SUBMISSIONS
from sync_server.replication.taking import (
    BAD_SIGNATURE,
    BEYOND_SCOPE,
    FORGED_AUTHOR,
    NOT_FROM_A_HUB,
    UNKNOWN_NODE,
    UNKNOWN_VERSION,
    UNREADABLE,
    NotTaken,
    Taking,
)
from sync_server.services.apply_erasure import Target, apply_decision
from sync_server.services.erasable import find_foreign
from sync_server.services.erase_entities import Cause, erase_registered, find_registered
from sync_server.services.form_state import apply_form_state
from sync_server.services.node_identity import get_public_key
from sync_server.services.peer_lists import PeerLists
from sync_server.services.peer_scope import is_inside, is_own
from sync_server.store import replica_writes
from sync_server.store.accounts import APP_USER, USER
from sync_server.store.actor_uids import ensure_actor, find_origin, has_had_role
from sync_server.store.decided_entities import find_erasures
from sync_server.store.decisions import StoredDecision, change_of
from sync_server.store.families import find_families
from sync_server.store.replica_writes import SealRow


def take_decision(taking: Taking, item: DecisionItem) -> None:
    """Store a decision, and do what it says."""
    project_id = _require_may_send(taking, item)
    if replica_writes.find_known_decisions(taking.session, [item.id]):
        return
    is_led = taking.is_led_by_sender(item.project)
    if not is_led and item.decision_kind not in (*OF_SUBMISSIONS, ENTITY):
        raise NotTaken(NOT_FROM_A_HUB)
    if not is_well_formed(item):
        raise NotTaken(UNREADABLE)
    _require_signed(taking, item)
    if not is_led:
        _require_may_decide(taking, item, project_id)
    decision = _put(taking, item, project_id)
    told = change_of(decision)
    taking.tell(told.kind, told.key, told.version)
    if item.decision_kind == ERASURE:
        taking.has_erased = True
        _erase(taking, decision)
    elif item.decision_kind == FORM_STATE:
        apply_form_state(taking.session, project_id, item.form_id)


def _erase(taking: Taking, decision: StoredDecision) -> None:
    """Carry an erasure out; at its home, erase as well what people wrote about entities that nothing registers now."""
    instances = (decision.subject, *decision.body["instances"])
    registered = find_registered(taking.session, decision.project_id, decision.form_id, instances)
    apply_decision(taking.session, decision)
    erase_registered(taking.session, Cause.of(decision), registered)


def _require_may_send(taking: Taking, item: DecisionItem) -> int:
    """Return the project's number; raise NotTaken when the sender may not send of this form or list."""
    if item.decision_kind not in (ENTITY, LIST):
        return taking.require_may_send(item.project, item.form_id)
    project_id = taking.project(item.project)
    if not taking.is_led_by_sender(item.project):
        lists = PeerLists(taking.session, taking.peer, taking.scope)
        if not lists.may_send(project_id, item.form_id):
            raise NotTaken(BEYOND_SCOPE)
    return project_id


def _require_signed(taking: Taking, item: DecisionItem) -> None:
    key = _key_of(taking, item.node)
    if key is None:
        raise NotTaken(UNKNOWN_NODE)
    if not (has_its_words(item) and is_signed_by(key, signed_message(item), item.signature)):
        raise NotTaken(BAD_SIGNATURE)


def _key_of(taking: Taking, node_id: str) -> bytes | None:
    """Find a node's key. Our own decisions come back to us after a restore."""
    if node_id == taking.node.id:
        return get_public_key(taking.node)
    return replica_writes.find_public_key(taking.session, node_id)


def _require_may_decide(taking: Taking, item: DecisionItem, project_id: int) -> None:
    """What a hub may decide: about submissions and entities in its scope; to erase, only what it received itself."""
    if not _speaks_for(taking, item, project_id):
        raise NotTaken(FORGED_AUTHOR)
    if item.decision_kind == ENTITY:
        if (project_id, item.form_id, item.subject) in taking.foreign:
            raise NotTaken(BEYOND_SCOPE)
        return
    if list_of(item.form_id) is not None:
        _require_own(taking, item)
        return
    found = find_families(taking.session, [item.subject])
    families = [f for f in found if (f.project_id, f.form_id) == (project_id, item.form_id)]
    if item.decision_kind == ERASURE:
        _require_may_erase(taking, item, project_id)
    elif not families and not taking.node.blocks.find(project_id, item.form_id, item.subject):
        raise NotTaken(UNKNOWN_VERSION)  # else it would count for whatever comes under that name later
    elif families and not any(is_own(taking.peer, family) or is_inside(family, taking.inside) for family in families):
        raise NotTaken(BEYOND_SCOPE)


def _require_own(taking: Taking, item: DecisionItem) -> None:
    """Entities are erased by their home; its own erasures come back to it after it was restored."""
    if item.decision_kind != ERASURE or item.node != taking.node.id:
        raise NotTaken(NOT_FROM_A_HUB)


def _require_may_erase(taking: Taking, item: DecisionItem, project_id: int) -> None:
    """All that the decision would take counts, not its subject alone: it names further instances itself."""
    instances = (item.subject, *item.body["instances"])
    target = Target(decision_id=item.id, project_id=project_id, form_id=item.form_id, instances=instances)
    listed = {version.get("sha256", "") for version in item.body["versions"]}
    if find_foreign(taking.session, target, taking.peer.ids, listed=listed):
        raise NotTaken(BEYOND_SCOPE)


def _speaks_for(taking: Taking, item: DecisionItem, project_id: int) -> bool:
    """Tell whether the node can speak for the author: its operator, its own people, or people of the project."""
    if item.author is None:
        return True
    known = find_origin(taking.session, item.author.uid)
    if known is None:
        return item.author.node == item.node and item.author.type in (USER, APP_USER)
    if known.node is not None:
        return known.node == item.node
    return item.node == taking.node.id or has_had_role(taking.session, known.actor_id, project_id)


def _keeps_words(taking: Taking, item: DecisionItem, project_id: int) -> bool:
    """Tell whether what people wrote is kept: not about what was erased here."""
    if item.decision_kind == ENTITY:
        key = (project_id, item.form_id, item.subject)
        erased = find_erasures(taking.session, [key]).get(key, ())
        return not takes_words(erased, *join_words(item.body, item.words))
    is_blocked = bool(taking.node.blocks.find(project_id, item.form_id, item.subject))
    return item.decision_kind == ERASURE or not is_blocked


def _put(taking: Taking, item: DecisionItem, project_id: int) -> StoredDecision:
    keeps = _keeps_words(taking, item, project_id)
    body, reason = join_words(item.body, item.words if keeps else None)
    author = item.author
    decision = StoredDecision(
        id=item.id,
        kind=item.decision_kind,
        project_id=project_id,
        form_id=item.form_id,
        subject=item.subject,
        parents=item.parents,
        body=body,
        author_id=ensure_actor(taking.session, author, now=taking.now) if author else None,
        decided_at=item.decided_at,
        reason=reason,
    )
    seal = SealRow(
        decision_id=item.id,
        salt=item.salt if keeps else None,
        words_sha256=item.words_sha256,
        signature=item.signature,
    )
    replica_writes.put_decision(taking.session, decision, item.node, None if item.node == taking.node.id else seal)
    return decision
