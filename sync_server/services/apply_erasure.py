"""Carry out the decision to erase: the same where it was made, on another node, and after a back-up was restored.

Everything in the database happens in one transaction, under the feed's lock: versions, files' rows and receipts go or
are rewritten, blocks are set, and what must be cleared away outside is written down as tasks. A crash leaves all of it
or nothing; the tasks are done by services/finish_erasures.py, now or at the next start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.entity_erasure import takes_words
from sync_server.core.entity_root import EntityKey, entity_of
from sync_server.core.ids import sha256_hex
from sync_server.core.person_identity import HashedPerson, Person
from sync_server.core.redaction import Row, Shape, redact
from sync_server.services.form_definitions import get_definition
from sync_server.store import changes, decided_entities, entity_actions, erasures, forms
from sync_server.store.awaited_files import find_of_versions
from sync_server.store.blocks import NO_PROJECT, PERSON, WHOLE
from sync_server.store.changes import Change
from sync_server.store.decisions import StoredDecision
from sync_server.store.engine import lock_feed
from sync_server.store.erasures import Task
from sync_server.store.submission_states import find_attachments
from sync_server.store.submissions import StoredVersion, find_connected_versions

BLOB, FORM, JOURNAL, SCRATCH, DATABASE = "blob", "form", "journal", "scratch", "database"
UPLOAD = "sha256:"  # how an upload that could not be read is named


@dataclass(slots=True)
class Taken:
    """What a decision took, by ids and counts."""

    instances: list[str] = field(default_factory=list)
    versions: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    receipts: int = 0
    rows: int = 0
    answers: int = 0
    sealed: int = 0

    @property
    def has_changed(self) -> bool:
        """Whether anything that lay here went."""
        return bool(self.files or self.receipts or self.answers)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a decision is about."""

    decision_id: str
    project_id: int
    form_id: str
    instances: tuple[str, ...]

    @classmethod
    def of(cls, decision: StoredDecision) -> "Target":
        instances = (decision.subject, *decision.body["instances"])
        return cls(
            decision_id=decision.id,
            project_id=decision.project_id,
            form_id=decision.form_id,
            instances=tuple(dict.fromkeys(instances)),
        )


def apply_decision(session: Session, decision: StoredDecision, *, instances: Iterable[str] = ()) -> Taken:
    """Apply a decision to what is here of its subject, and of `instances` that turned out to belong to it."""
    if (entity := entity_of((decision.project_id, decision.form_id, decision.subject))) is not None:
        return take_words(session, decision, entity)
    target = Target.of(decision)
    target = Target(
        decision_id=target.decision_id,
        project_id=target.project_id,
        form_id=target.form_id,
        instances=tuple(dict.fromkeys((*target.instances, *instances))),
    )
    if decision.body["scope"] == PERSON:
        return take_out(session, target, HashedPerson.from_json(decision.body["identity"]))
    return take_away(session, target)


def take_away(session: Session, target: Target) -> Taken:
    """Erase everything of a subject, or an upload that could not be read."""
    lock_feed(session)
    versions = members(session, target)
    _tell_entities(session, _instances(target, versions))
    row_ids = [version.row_id for version in versions]
    files = {sha256 for found in find_attachments(session, row_ids).values() for _, sha256 in found}
    awaited = {sha256 for found in find_of_versions(session, row_ids).values() for _, sha256 in found}
    taken = Taken(_instances(target, versions), _told(versions), sorted(files | _take_upload(session, target)))
    erasures.note_erased(session, versions, decision_id=target.decision_id, scope=WHOLE)
    taken.receipts = erasures.delete_versions(session, row_ids)
    _block(session, target, taken, WHOLE, awaited)
    return taken


def take_out(session: Session, target: Target, person: Person) -> Taken:
    """Take a person out of every version of a subject that this decision has not seen yet."""
    lock_feed(session)
    everything = members(session, target)
    _tell_entities(session, _instances(target, everything))
    done = erasures.find_erased(session, target.decision_id)
    versions = [version for version in everything if version.sha256 not in done]
    shape = shape_of(session, target.project_id, target.form_id)
    taken = Taken(_instances(target, everything))
    like = tuple(row for v in versions if not v.is_sealed for row in redact(v.xml, person, shape).found)
    names: set[str] = set()
    for version in versions:
        names |= _redact_version(session, version, person, shape, like, taken)
    row_ids = [version.row_id for version in everything]
    awaited = {s for found in find_of_versions(session, row_ids).values() for name, s in found if name in names}
    taken.files = _take_files(session, row_ids, names)
    erasures.note_erased(session, versions, decision_id=target.decision_id, scope=PERSON)
    _block(session, target, taken, PERSON, awaited)
    return taken


def take_words(session: Session, decision: StoredDecision, entity: EntityKey) -> Taken:
    """Blank what people wrote about an entity, as far as a decision takes it."""
    lock_feed(session)
    words = decided_entities.find_words(session, entity)
    taken = [each.decision_id for each in words if takes_words([decision.body], each.body, each.reason)]
    erasures.blank_words(session, taken)
    steps = (JOURNAL, SCRATCH, DATABASE)
    erasures.add_tasks(session, [Task(decision.id, step, "", decision.project_id) for step in steps])
    return Taken([decision.subject], answers=len(taken))


def members(session: Session, target: Target) -> list[StoredVersion]:
    """Find the versions of these instances and of all that edit them; not what else hangs together with those.

    An instance of which one version is such an edit and another is not is a submission of its own.
    """
    connected = [
        version
        for version in find_connected_versions(session, target.instances)
        if (version.project_id, version.form_id) == (target.project_id, target.form_id)
    ]
    names, before = set(target.instances), 0
    while len(names) > before:
        before = len(names)
        others = {v.instance_id for v in connected if v.deprecated_id not in names}
        names |= {str(v.instance_id) for v in connected if v.instance_id not in others}
    return sorted((v for v in connected if v.instance_id in names), key=lambda v: v.row_id)


def shape_of(session: Session, project_id: int, form_id: str) -> Shape:
    """Read from all versions of a form what repeats, what is chosen from lists and what is free text."""
    published = forms.iter_versions(session, project_id, form_id)
    return Shape.of(field for version in published for field in get_definition(session, version).fields)


def _tell_entities(session: Session, instances: Iterable[str]) -> None:
    """Tell the feed of the entities on which these submissions acted: they may be in the scope of other peers now.

    Only those about which people decided something go to peers by themselves, and those go by a decision's id.
    """
    acted_on = {action.entity for action in entity_actions.find_actions_of(session, instances)}
    decided = decided_entities.find_decided(session, acted_on)
    changes.append(session, [Change("entity", key[2], made[0][0]) for key, made in sorted(decided.items())])


def tasks_of(target: Target, files: Iterable[str], *, is_form: bool = True) -> list[Task]:
    keys = [(BLOB, sha256) for sha256 in files]
    keys += [(FORM, target.form_id)] if is_form else []
    keys += [(JOURNAL, ""), (SCRATCH, ""), (DATABASE, "")]
    return [Task(target.decision_id, step, key, target.project_id) for step, key in keys]


def _block(session: Session, target: Target, taken: Taken, scope: str, awaited: set[str]) -> None:
    where = (target.project_id, target.form_id)
    known = set(erasures.find_instances(session, target.decision_id))
    erasures.delete_state(session, *where, taken.instances)
    erasures.forget_words(session, *where, taken.instances)
    erasures.add_blocks(session, *where, taken.instances, decision_id=target.decision_id, scope=scope)
    if not known or taken.has_changed or awaited:
        files = sorted({*taken.files, *awaited})  # half of a file may be here that was on its way
        erasures.add_tasks(session, tasks_of(target, files, is_form=target.project_id != NO_PROJECT))
    if known and taken.has_changed:  # the decision itself is in the feed; that more belongs to it is new
        more = (name for name in taken.instances if name not in known)
        changes.append(session, [Change("decision", name, target.decision_id) for name in more])


def _take_upload(session: Session, target: Target) -> set[str]:
    found = {name.removeprefix(UPLOAD) for name in target.instances if name.startswith(UPLOAD)}
    for sha256 in found:
        erasures.delete_unreadable(session, sha256)
    return found if target.project_id == NO_PROJECT else set()


def _redact_version(
    session: Session, version: StoredVersion, person: Person, shape: Shape, like: tuple[Row, ...], taken: Taken
) -> frozenset[str]:
    if version.is_sealed:
        taken.sealed += 1
        return frozenset()
    made = redact(version.xml, person, shape, like)
    told = {"sha256": version.sha256, "instance_id": version.instance_id}
    if made.has_found:
        told["redacted_sha256"] = sha256_hex(made.xml)
        erasures.put_redacted(session, version.row_id, made.xml, told["redacted_sha256"])
    taken.versions.append(told)
    taken.rows += made.rows
    taken.answers += made.answers
    return made.files


def _take_files(session: Session, row_ids: Sequence[int], names: Iterable[str]) -> list[str]:
    wanted = set(names)
    attached = find_attachments(session, row_ids)
    files = {sha256 for found in attached.values() for name, sha256 in found if name in wanted}
    erasures.delete_files(session, row_ids, wanted)
    return sorted(files)


def _instances(target: Target, versions: Iterable[StoredVersion]) -> list[str]:
    return sorted({*target.instances, *(str(version.instance_id) for version in versions)})


def _told(versions: Iterable[StoredVersion]) -> list[dict[str, str]]:
    return [{"sha256": version.sha256, "instance_id": version.instance_id} for version in versions]
