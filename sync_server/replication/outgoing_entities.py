"""What people decided about entities, for a hub: the new of those it has, all of those it gets, orders for the others.

As submissions do, an entity enters a hub's scope with everything that was decided about it and leaves it by an order to
remove that. What submissions did to it goes with the submissions. Whether an entity is inside is asked of what it has
come to here, so it may enter or leave by whatever is done to it.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from sync_server.core.entity_root import entity_of, list_of, root_of
from sync_server.replication.outgoing_plan import ENTITY, LIST, Plan, Reader, Told, is_had, name_item
from sync_server.services.form_definitions import get_entity_spec
from sync_server.services.peer_lists import PeerLists
from sync_server.store import decided_entities, entity_actions, forms, peer_subjects
from sync_server.store.changes import Change
from sync_server.store.entity_actions import EntityKey
from sync_server.store.families import FamilyNames
from sync_server.store.peer_subjects import Entered

Touched = dict[EntityKey, int]
"""Entities, each with the change at which a slice first speaks of it."""


def find_touched(
    session: Session, reader: Reader, lists: PeerLists, happened: Iterable[Change], told: Iterable[Told],
    found: Iterable[FamilyNames], touched: Mapping[str, int],
) -> Touched:  # fmt: skip
    """Find the entities that a slice speaks of: by a decision, by a submission that acts on them, by an order."""
    entities: Touched = {}
    for one in told:
        if (key := _key_of(one)) is not None:
            _touch(entities, key, one.seq)
    for change in happened:
        order = peer_subjects.find_withdrawal(session, change.version) if change.kind == "withdrawal" else None
        key = entity_of((order.project_id, order.form_id, order.root_id)) if order else None
        if key is not None:
            _touch(entities, key, change.seq)
    changed = [family for family in found if not lists.has_whole(family.project_id)]
    seqs = {name: touched[name] for family in changed for name in family.names if name in touched}
    roots = {name: min((seqs[n] for n in f.names if n in seqs), default=0) for f in changed for name in f.names}
    for action in entity_actions.find_actions_of(session, roots):
        if action.failure is None:
            _touch(entities, action.entity, roots[action.root_id])
    return {key: seq for key, seq in entities.items() if key[0] in reader.projects}


def plan_entities(
    session: Session, reader: Reader, lists: PeerLists, plan: Plan, touched: Touched, told: Sequence[Told]
) -> None:
    """Add to the plan what these entities mean for a hub."""
    decided = decided_entities.find_decided(session, touched)
    roots = [root_of(key) for key in touched]
    had = peer_subjects.find_entered(session, reader.peer.id, roots)
    withdrawn = peer_subjects.find_withdrawn(session, reader.peer.id, roots)
    inside = lists.find_inside(decided)
    news = _news(told)
    for key, seq in touched.items():
        root, of_entity = root_of(key), decided.get(key, [])
        if key not in inside:
            if root in had or (of_entity and _may_hold(reader, seq, news.get(key, ()), is_ordered=root in withdrawn)):
                plan.withdrawn[root] = None
        elif is_had(reader, plan, had.get(root), root):
            plan.add(*(one.name for one in news.get(key, ()) if not one.is_echo))
        elif of_entity:
            is_echo = seq > reader.peer.echo_floor and root not in withdrawn
            own = reader.peer.ids if is_echo else frozenset()
            plan.add(*(name_item("decision", "", (id,)) for id, node in of_entity if node not in own))
            plan.entered[root] = Entered(seq if reader.carried is None else reader.carried.head, reader.scope_hash)


def may_bring_entities(session: Session, reader: Reader, found: Iterable[FamilyNames]) -> bool:
    """Tell whether what these submissions do may let entities into a hub's scope, about which people decided."""
    lists = PeerLists(session, reader.peer, reader.scope)
    places = {(f.project_id, f.form_id) for f in found if not lists.has_whole(f.project_id)}
    return any(
        bool(get_entity_spec(session, version).declarations)
        for place in sorted(places)
        if decided_entities.has_any(session, place[0])
        for version in forms.iter_versions(session, *place)
    )


def plan_list_decisions(reader: Reader, lists: PeerLists, told: Iterable[Told]) -> list[str]:
    """Name what was decided about the lists that a hub knows, and what was erased of entities in them."""
    about = [one for one in told if one.kind == LIST or list_of(one.named.form_id) is not None]
    return [
        one.name
        for one in about
        if one.named.project_id in reader.projects and not one.is_echo
        and lists.knows(one.named.project_id, list_of(one.named.form_id) or one.named.form_id)
    ]  # fmt: skip


def _may_hold(reader: Reader, seq: int, news: Iterable[Told], *, is_ordered: bool) -> bool:
    """Tell whether a hub that was sent nothing of an entity may hold something all the same.

    It sent a decision of its own just now, or it was restored to a day before it had removed it.
    """
    return any(one.is_theirs for one in news) or (is_ordered and seq <= reader.peer.echo_floor)


def _news(told: Iterable[Told]) -> dict[EntityKey, list[Told]]:
    found: dict[EntityKey, list[Told]] = {}
    for one in told:
        if one.kind == ENTITY:
            found.setdefault((one.named.project_id, one.named.form_id, one.named.instance_id), []).append(one)
    return found


def _key_of(one: Told) -> EntityKey | None:
    """The entity that a decision is about, or of which it erases something."""
    place = one.named.project_id, one.named.form_id, one.named.instance_id
    return place if one.kind == ENTITY else entity_of(place)


def _touch(entities: Touched, key: EntityKey, seq: int) -> None:
    entities[key] = min(seq, entities.get(key, seq))
