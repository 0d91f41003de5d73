"""Submissions with all that hangs together with them, by ids alone: without their XML, and many at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sync_server.core import entity_decision, list_settings
from sync_server.core.connected import part_connected
from sync_server.store.tables import decisions, receipts, submission_attachments, submission_versions, submissions

_v, _r, _a, _d, _s = submission_versions.c, receipts.c, submission_attachments.c, decisions.c, submissions.c
PART = 500
_OTHERS = (entity_decision.KIND, list_settings.KIND)  # decided about something else, whatever that goes by
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """One version of a family. `nodes` received it; None stands for this one."""

    row_id: int
    instance_id: str
    deprecated_id: str | None
    sha256: str
    has_erased: bool
    receipts: tuple[tuple[str, str | None], ...]  # (id, node)

    @property
    def nodes(self) -> frozenset[str | None]:
        return frozenset(node for _, node in self.receipts)


@dataclass(frozen=True, slots=True)
class FamilyNames:
    """All versions of one form in one project that hang together by instanceID or deprecatedID.

    `roots` are the submissions they make: nearly always one.
    """

    project_id: int
    form_id: str
    members: tuple[Member, ...]
    names: frozenset[str]
    roots: tuple[str, ...]


def find_families(session: Session, instance_ids: Iterable[str]) -> list[FamilyNames]:
    """Find the families of these instances; those of which nothing is left are not there."""
    rows = _connected(session, instance_ids)
    received = _receipts(session, [row_id for row_id, *_ in rows])
    groups: dict[tuple[int, str], list[Member]] = {}
    for row_id, project_id, form_id, instance_id, deprecated_id, sha256, redacted in rows:
        member = Member(row_id, instance_id, deprecated_id, sha256, redacted is not None, received.get(row_id, ()))
        groups.setdefault((project_id, form_id), []).append(member)
    parted = [(place, part) for place, members in groups.items() for part in part_connected(members)]
    known = _roots(session, {name for _, part in parted for name in _names(part)})
    return [_family(place, part, known.get(place, set())) for place, part in parted]


def find_files(session: Session, members: Iterable[Member]) -> dict[int, list[tuple[str, str]]]:
    """Load (sha256, name) of the files of these versions, by row."""
    found: dict[int, list[tuple[str, str]]] = {}
    for part in _parts({member.row_id for member in members}):
        query = select(_a.version_id, _a.sha256, _a.name).where(_a.version_id.in_(part))
        for row_id, sha256, name in session.execute(query.order_by(_a.name, _a.sha256)):
            found.setdefault(row_id, []).append((sha256, name))
    return found


def find_receivers(session: Session, row_ids: Iterable[int]) -> dict[int, frozenset[str | None]]:
    """Say which nodes received these versions, by row; None stands for this one."""
    return {row_id: frozenset(node for _, node in found) for row_id, found in _receipts(session, row_ids).items()}


def find_decided(
    session: Session, families: Iterable[FamilyNames]
) -> dict[tuple[int, str, str], list[tuple[str, str]]]:
    """Load (id, node) of what was decided about these families, by project, form and the name it was decided about."""
    found: dict[tuple[int, str, str], list[tuple[str, str]]] = {}
    for part in _parts(name for family in families for name in family.names):
        query = select(_d.id, _d.node, _d.project_id, _d.form_id, _d.subject).where(
            _d.subject.in_(part), _d.kind.not_in(_OTHERS)
        )
        for id, node, *place in session.execute(query.order_by(_d.id)):
            found.setdefault((place[0], place[1], place[2]), []).append((id, node))
    return found


def _family(place: tuple[int, str], members: Sequence[Member], roots: set[str]) -> FamilyNames:
    names = _names(members)
    return FamilyNames(*place, tuple(members), names, tuple(sorted(names & roots)))


def _connected(session: Session, instance_ids: Iterable[str]) -> list[Any]:
    columns = (_v.id, _v.project_id, _v.form_id, _v.instance_id, _v.deprecated_id, _v.sha256, _v.redacted_sha256)
    found: dict[int, Any] = {}
    asked: set[str] = set()
    to_ask = set(instance_ids)
    while to_ask:
        asked |= to_ask
        for part in _parts(to_ask):
            touching = or_(_v.instance_id.in_(part), _v.deprecated_id.in_(part))
            found.update({row.id: row for row in session.execute(select(*columns).where(touching))})
        to_ask = {name for row in found.values() for name in (row.instance_id, row.deprecated_id) if name} - asked
    return list(found.values())


def _receipts(session: Session, row_ids: Iterable[int]) -> dict[int, tuple[tuple[str, str | None], ...]]:
    found: dict[int, list[tuple[str, str | None]]] = {}
    for part in _parts(row_ids):
        query = select(_r.version_id, _r.id, _r.node).where(_r.version_id.in_(part)).order_by(_r.id)
        for row_id, id, node in session.execute(query):
            found.setdefault(row_id, []).append((id, node))
    return {row_id: tuple(of_row) for row_id, of_row in found.items()}


def _roots(session: Session, names: Iterable[str]) -> dict[tuple[int, str], set[str]]:
    found: dict[tuple[int, str], set[str]] = {}
    for part in _parts(names):
        query = select(_s.project_id, _s.form_id, _s.root_id).where(_s.root_id.in_(part))
        for project_id, form_id, root_id in session.execute(query):
            found.setdefault((project_id, form_id), set()).add(root_id)
    return found


def _names(members: Iterable[Member]) -> frozenset[str]:
    return frozenset(name for m in members for name in (m.instance_id, m.deprecated_id) if name)


def _parts(wanted: Iterable[T]) -> Iterator[list[T]]:
    ordered = list(dict.fromkeys(wanted))
    return (ordered[start : start + PART] for start in range(0, len(ordered), PART))


def owners_of(family: FamilyNames) -> frozenset[str]:
    """Name the other nodes whose own a family is."""
    erased = [member for member in family.members if member.has_erased]
    counted = [min(erased, key=lambda member: member.row_id)] if erased else family.members
    return frozenset(node for member in counted for node in member.nodes if node is not None)
