"""Erase what people wrote about entities: with the person it names, and with the submission that registered them.

An erasure of an entity is a decision like that of a submission, made at the project's home; it goes by the entity's
root (core/entity_root.py). The decisions stay, as events that say nothing, so that every node counts the same versions.
What is decided later about the same entity is treated the same (core/entity_erasure.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core import entity_decision
from sync_server.core.decision_seal import join_words, split_words
from sync_server.core.entity_erasure import is_of, names, takes_words
from sync_server.core.entity_event import CREATE, DELETE, UPSERT
from sync_server.core.entity_root import root_of
from sync_server.core.person_identity import Person
from sync_server.services.apply_erasure import Taken, apply_decision
from sync_server.store import decided_entities, entities, entity_actions, projects
from sync_server.store.blocks import PERSON, WHOLE
from sync_server.store.decisions import StoredDecision, add_decision
from sync_server.store.entity_actions import EntityKey
from sync_server.store.erasure_reads import ERASURE

_MAKES = (CREATE, UPSERT)


@dataclass(slots=True)
class FoundEntity:
    """An entity about which people wrote something of a person; `is_whole`: the entity is that person."""

    key: EntityKey
    is_whole: bool = False
    decisions: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """What an erasure is a part of, as its decisions say it."""

    erasure: str
    what: str
    reason: str
    author_id: int | None
    decided_at: datetime

    @classmethod
    def of(cls, decision: StoredDecision) -> "Cause":
        body = decision.body
        return cls(body["erasure"], body["what"], decision.reason, decision.author_id, decision.decided_at)


def find_named(session: Session, project_id: int, person: Person) -> list[FoundEntity]:
    """Find the entities of a project about which people wrote something of a person."""
    found: dict[EntityKey, FoundEntity] = {}
    for words in decided_entities.iter_words(session, project_id):
        is_whole = is_of(person, words.entity[2], words.body)
        if is_whole or names(person, words.body, words.reason):
            entity = found.setdefault(words.entity, FoundEntity(words.entity))
            entity.is_whole |= is_whole
            entity.decisions += 1
    return [found[key] for key in sorted(found)]


def erase_named(session: Session, cause: Cause, found: Iterable[FoundEntity], identity: dict[str, Any]) -> None:
    """Erase entities that are the person, and take the person out of what was written about others."""
    for each in found:
        if each.is_whole:
            _delete(session, cause, each.key)
            _erase(session, cause, each.key, scope=WHOLE)
        else:
            _erase(session, cause, each.key, scope=PERSON, identity=identity)


def find_registered(session: Session, project_id: int, form_id: str, instances: Iterable[str]) -> list[EntityKey]:
    """Find the entities about which people decided something and that nothing but these submissions registered."""
    if projects.find_home(session, project_id) is not None:
        return []  # their home erases them, when it hears that their submission is erased
    roots = set(instances)
    made = {a.entity for a in entity_actions.find_actions_of(session, roots) if a.kind in _MAKES and a.failure is None}
    decided = decided_entities.find_decided(session, made)
    by_hand = decided_entities.find_makers(session, decided)
    others = {
        action.entity
        for action in entity_actions.find_actions_on(session, decided)
        if action.kind in _MAKES and (action.form_id, action.root_id) not in {(form_id, root) for root in roots}
    }
    return sorted(set(decided) - set(by_hand) - others)


def erase_registered(session: Session, cause: Cause, keys: Iterable[EntityKey]) -> None:
    """Erase what people wrote about entities whose registration was erased."""
    for key in keys:
        _erase(session, cause, key, scope=WHOLE)


def without_erased(session: Session, made: Sequence[StoredDecision]) -> list[StoredDecision]:
    """Return decisions about entities without the words that an erasure takes."""
    keys = {key_of(decision): None for decision in made}
    erased = decided_entities.find_erasures(session, keys)
    return [_blank(each) if _is_taken(each, erased.get(key_of(each), ())) else each for each in made]


def key_of(decision: StoredDecision) -> EntityKey:
    return decision.project_id, decision.form_id, decision.subject


def _is_taken(decision: StoredDecision, erasures: Sequence[Any]) -> bool:
    return bool(erasures) and takes_words(erasures, decision.body, decision.reason)


def _blank(decision: StoredDecision) -> StoredDecision:
    body, reason = join_words(split_words(decision.body, decision.reason)[0], None)
    return replace(decision, body=body, reason=reason)


def _delete(session: Session, cause: Cause, key: EntityKey) -> None:
    """Delete an entity that is shown: without its words it would be a row without a name on every tablet."""
    for shown in entities.find_entities(session, *key[:2], [key[2]]):
        if shown.is_served:
            add_decision(
                session,
                StoredDecision(
                    id=uuid4().hex,
                    kind=entity_decision.KIND,
                    project_id=key[0],
                    form_id=key[1],
                    subject=key[2],
                    parents=tuple(shown.state["events"]),
                    body=entity_decision.write_entity_body(DELETE, {}),
                    author_id=cause.author_id,
                    decided_at=cause.decided_at,
                    reason="",
                ),
            )


def _erase(session: Session, cause: Cause, key: EntityKey, *, scope: str, **more: Any) -> None:
    project_id, form_id, subject = root_of(key)
    decision = StoredDecision(
        id=uuid4().hex,
        kind=ERASURE,
        project_id=project_id,
        form_id=form_id,
        subject=subject,
        parents=(),
        body={"erasure": cause.erasure, "what": cause.what, "scope": scope, **Taken([subject]).to_json(), **more},
        author_id=cause.author_id,
        decided_at=cause.decided_at,
        reason=cause.reason,
    )
    taken = apply_decision(session, decision)
    add_decision(session, replace(decision, body={**decision.body, **taken.to_json()}))
