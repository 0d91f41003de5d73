"""Merge the leaves of an edit tree, field by field against where they parted (guarantee G2).

At every fork, from the last to the first: a side that left the field as its base had it has no say; sides that agree
are one; sides that differ are a conflict, told, with a provisional winner (later generation, then greater version id).
Two leaves are thus merged against their lowest common ancestor. Where that is missing, whatever differs is a conflict.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lxml import etree

from sync_server.core.edit_forest import EditTree, Fork
from sync_server.core.field_alignment import Values, align_fields, align_whole
from sync_server.core.field_path import value_at
from sync_server.core.ids import InstanceId, VersionId
from sync_server.core.instance_xml import is_sealed, parse_xml
from sync_server.core.submission_state import FIELD, Conflict
from sync_server.core.variants import Instance
from sync_server.core.verdict import Decisions

# What a device writes by itself at every edit: no answers, so a person could not choose between them. The current
# version's stand. Fixed rather than read from the form, which may not have reached this node: the same set of versions
# must give the same state everywhere. Names that are asked of people too (email, phonenumber, username) are left out.
NEVER_CONFLICT = frozenset(
    {
        "/meta/instanceID",
        "/meta/deprecatedID",
        "/meta/instanceName",  # calculated from the answers, which are merged themselves
        "/meta/audit",
        "/meta/timeStart",
        "/meta/timeEnd",
        "/meta/deviceID",
        "/deviceid",
        "/today",
        "/start",
        "/end",
        "/form_highest",  # docs/forms.md: by which a tablet goes on counting
    }
)
# A form may ask for a `start` or `end` of its own, mostly a date: only full time stamps are the device's.
_CLOCK_PATHS = frozenset({"/start", "/end"})
_CLOCK_VALUE = re.compile(r"(<(\w+)[^>]*>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^<]*)?</\2>)?")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Merge:
    """Which fields of the current document come from other versions, and which are in conflict."""

    sources: Mapping[str, VersionId]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """An edit tree with the instances in it."""

    tree: EditTree
    instances: Mapping[InstanceId, Instance]
    forks: Sequence[Fork]
    _documents: dict[InstanceId, etree._Element] = field(default_factory=dict)

    def rank(self, id: InstanceId) -> tuple[int, VersionId]:
        """Return what decides between leaves until a person does: the later generation, then the greater version id."""
        return self.tree.generation[id], self.version(id)

    def greatest(self, leaves: Iterable[InstanceId]) -> InstanceId:
        """Return the provisional winner."""
        return max(leaves, key=self.rank)

    def version(self, id: InstanceId) -> VersionId:
        """Return the version that counts for an instance."""
        return self.instances[id].winner.id

    def document(self, id: InstanceId) -> etree._Element:
        """Return the document that counts for an instance, parsed once: not to be altered."""
        if id not in self._documents:
            self._documents[id] = parse_xml(self.instances[id].winner.xml)
        return self._documents[id]


def combine(forks: Sequence[Fork], value_of: Mapping[InstanceId, Value]) -> dict[Value, frozenset[InstanceId]]:
    """Return the values that stand after merging one field over all forks, each with the leaves that hold it."""
    held: dict[InstanceId | None, dict[Value, frozenset[InstanceId]]] = {}
    standing: dict[Value, frozenset[InstanceId]] = {}
    for fork in forks:
        sides = [held.get(side) or {value_of[side]: frozenset({side})} for side in fork.sides]
        changed = [side for side in sides if fork.base is None or set(side) != {value_of[fork.base]}]
        standing = {}
        for side in changed or sides:
            for value, leaves in side.items():
                standing[value] = standing.get(value, frozenset()) | leaves
        held[fork.base] = standing
    return standing


def merge_fields(
    branches: Branches, current: InstanceId, decisions: Decisions, *, never_conflict: frozenset[str] = NEVER_CONFLICT
) -> Merge:
    """Merge the leaves' fields into the document of the current one."""
    ids = sorted({id for fork in branches.forks for id in (fork.base, *fork.sides) if id is not None})
    sources: dict[str, VersionId] = {}
    conflicts: list[Conflict] = []
    for path, values in _fields(branches, ids).items():
        if len(set(values)) == 1 or _is_recorded(path, values, never_conflict):
            continue
        value_of = dict(zip(ids, values, strict=True))
        standing = combine(branches.forks, value_of)
        winner, conflict = _settle(branches, path, standing, decisions)
        if conflict:
            conflicts.append(conflict)
        if value_of[winner] != value_of[current]:
            sources[path] = branches.version(winner)
    return Merge(sources, tuple(conflicts))


def _fields(branches: Branches, ids: Sequence[InstanceId]) -> dict[str, Values]:
    roots = list(map(branches.document, ids))
    if any(map(is_sealed, roots)):
        return align_whole(roots)
    position = {id: index for index, id in enumerate(ids)}
    lineage = [(position[f.base], position[side]) for f in branches.forks if f.base is not None for side in f.sides]
    return align_fields(roots, lineage)


def _settle(
    branches: Branches, path: str, standing: Mapping[str, frozenset[InstanceId]], decisions: Decisions
) -> tuple[InstanceId, Conflict | None]:
    """Return the leaf whose value stands, with the conflict that is left."""
    leaves = sorted(map(branches.greatest, standing.values()), key=branches.version, reverse=True)
    winner = branches.greatest(leaves)
    if len(leaves) == 1:
        return winner, None
    if decisions.has_fields:
        verdict = decisions.judge_field(path, _holders(branches, path, leaves))
        winner = winner if verdict.chosen is None else leaves[verdict.chosen]
        if verdict.is_settled:
            return winner, None
    versions = [branches.version(leaf) for leaf in leaves if leaf != winner]
    return winner, Conflict(FIELD, path, (branches.version(winner), *versions))


def _holders(branches: Branches, path: str, leaves: Sequence[InstanceId]) -> list[frozenset[VersionId]]:
    """Return for each leaf the versions with its value in this field: a choice outlives further edits elsewhere."""
    values = {id: value_at(branches.document(id), path) for id in branches.tree.order}
    holders: dict[str | None, set[VersionId]] = {}
    for id, value in values.items():
        holders.setdefault(value, set()).update(version.id for version in branches.instances[id].same)
    return [frozenset(holders[values[leaf]]) for leaf in leaves]


def _is_recorded(path: str, values: Values, never_conflict: frozenset[str]) -> bool:
    if path in _CLOCK_PATHS and not all(map(_CLOCK_VALUE.fullmatch, values)):
        return False
    return path in never_conflict
