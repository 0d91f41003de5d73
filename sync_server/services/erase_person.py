"""Erase one person from everything received: who withdrew consent, found by entity id or phone.

Where the identifier stands in a row of a repeat, that row is blanked; where it stands in a list or a sentence, it is
taken out; where it stands alone at the root, the whole submission is that person's and goes (or only that answer, with
`keep_rest`). The plan is made first and can be shown; nothing is erased that the plan did not name, but for what
arrives in between, which the blocks then catch.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.person_identity import (
    ENTITY,
    PHONE,
    KnownPerson,
    fold_digits,
    normal_entity,
    normal_phone,
    to_json,
)
from sync_server.core.redaction import Redaction, Shape, redact
from sync_server.errors import NobodyNamed
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.apply_erasure import Target, shape_of, take_out
from sync_server.services.erasable import require_erasable
from sync_server.services.erase_entities import Cause, FoundEntity, erase_named, find_named
from sync_server.services.erase_submissions import (
    ERASE,
    Request,
    Subject,
    erase_subjects,
    find_subjects,
    finish,
    make_decision,
    note_erasure,
    start_request,
)
from sync_server.store import erasure_reads
from sync_server.store.accounts import Actor
from sync_server.store.blocks import PERSON
from sync_server.store.decisions import add_decision
from sync_server.store.erasure_reads import ScannedVersion

_NOT_DIGIT = re.compile(r"\D+")


@dataclass(slots=True)
class Found:
    """What of one submission is the person's."""

    subject: Subject
    is_whole: bool = False
    rows: int = 0
    answers: int = 0
    entities: set[str] = field(default_factory=set, repr=False)


@dataclass(slots=True)
class Plan:
    """What an erasure would take. `people`: entities in the rows found; more than one for a phone that is shared."""

    kind: str
    found: list[Found] = field(default_factory=list)
    entities: list[FoundEntity] = field(default_factory=list)  # about which people wrote something of the person
    sealed: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.found or self.entities)

    @property
    def people(self) -> int:
        return len(set().union(*(found.entities for found in self.found)))


def plan_person(
    node: Node, actor: Actor | None, kind: str, value: str, *, project_id: int = 1, form_id: str | None = None
) -> Plan:
    """Find what of everything received is a person's, without changing anything."""
    require(node, actor, ERASE, project_id=project_id, form_id=form_id)
    return _plan(node, kind, normalise(kind, value), project_id, form_id)


def erase_person(
    node: Node, actor: Actor | None, kind: str, value: str, *, reason: str, project_id: int = 1,
    form_id: str | None = None, keep_rest: bool = False,
) -> str | None:  # fmt: skip
    """Erase a person; return the receipt's id, None when nothing is about them."""
    request = start_request(node, actor, "person", reason, project_id=project_id, form_id=form_id)
    normal = normalise(kind, value)
    plan = _plan(node, kind, normal, project_id, form_id)
    if plan.is_empty:
        return None
    whole = [found.subject for found in plan.found if found.is_whole and not keep_rest]
    partly = [found for found in plan.found if not found.is_whole or keep_rest]
    salt = os.urandom(16)
    identity = to_json(salt, {(kind, normal), *((ENTITY, id) for found in plan.found for id in found.entities)})
    orders = [_Order.of(found, salt, (kind, normal)) for found in partly]  # slow, so before the transaction
    node.write(lambda session: _take_out_all(session, request, orders))
    cause = Cause(request.id, request.what, request.reason, request.author_id, request.decided_at)
    node.write(lambda session: erase_named(session, cause, plan.entities, identity))
    erase_subjects(node, request, [(s.project_id, s.form_id, s.root_id) for s in whole])
    finish(node, request)
    return request.id


def normalise(kind: str, value: str) -> str:
    """Return the form in which values are compared; raise NobodyNamed when it is none."""
    normal = normal_phone(value) if kind == PHONE else normal_entity(value)
    if normal is None:
        wanted = "it is no phone number." if kind == PHONE else "an entity id is one word of 3 characters or more."
        raise NobodyNamed(value=value, reason=wanted)
    return normal


@dataclass(frozen=True, slots=True)
class _Order:
    """To take a person out of one submission. `identity` has the hashes by which they are known from then on."""

    subject: Subject
    person: KnownPerson = field(repr=False)  # finds the same as the hashes, without their slowness
    identity: dict[str, object] = field(repr=False)

    @classmethod
    def of(cls, found: Found, salt: bytes, value: tuple[str, str]) -> "_Order":
        values = {value, *((ENTITY, entity) for entity in found.entities)}
        return cls(found.subject, KnownPerson(frozenset(values)), to_json(salt, values))


def _take_out_all(session: Session, request: Request, orders: Sequence[_Order]) -> None:
    for order in orders:
        subject, decision_id = order.subject, uuid4().hex
        target = Target(
            decision_id=decision_id,
            project_id=subject.project_id,
            form_id=subject.form_id,
            instances=subject.instances,
        )
        require_erasable(session, target)
        taken = take_out(session, target, order.person)
        decision = make_decision(request, subject, decision_id, PERSON, taken, identity=order.identity)
        add_decision(session, decision)
        note_erasure(session, request, subject.project_id, subject.form_id)


def _plan(node: Node, kind: str, normal: str, project_id: int, form_id: str | None) -> Plan:
    consumers.catch_up(node)
    person, plan = KnownPerson(frozenset({(kind, normal)})), Plan(kind)
    with node.database.read() as session:
        hits = list(_hits(session, kind, normal, person, plan, project_id, form_id))
        by_root: dict[tuple[str, str], Found] = {}
        for version, made in hits:
            for subject in find_subjects(session, project_id, version.form_id, version.instance_id):
                _add(by_root.setdefault((subject.form_id, subject.root_id), Found(subject)), made)
        plan.found = [by_root[key] for key in sorted(by_root)]
        if form_id is None:
            ids = {(ENTITY, id) for found in plan.found for id in found.entities}
            plan.entities = find_named(session, project_id, KnownPerson(person.values | ids))
    return plan


def _hits(
    session: Session, kind: str, normal: str, person: KnownPerson, plan: Plan, project_id: int, form_id: str | None
) -> Iterator[tuple[ScannedVersion, Redaction]]:
    shapes: dict[str, Shape] = {}
    for version in erasure_reads.iter_scanned(session, project_id, form_id):
        if version.is_sealed:
            plan.sealed += 1
        elif _may_hold(version.xml, kind, normal):
            if version.form_id not in shapes:
                shapes[version.form_id] = shape_of(session, project_id, version.form_id)
            made = redact(version.xml, person, shapes[version.form_id])
            if made.has_found:
                yield version, made


def _add(found: Found, made: Redaction) -> None:
    found.is_whole |= made.is_whole
    found.rows = max(found.rows, made.rows)
    found.answers = max(found.answers, made.answers)
    found.entities |= made.entities


def _may_hold(xml: bytes, kind: str, normal: str) -> bool:
    """Tell at a glance, and rather too often than not, so that few documents are parsed."""
    text = xml.decode("utf-8", "replace")
    if "&#" in text or "\ufffd" in text or xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    if kind == PHONE:
        return normal in _NOT_DIGIT.sub("", fold_digits(text))
    return normal in text.casefold()
