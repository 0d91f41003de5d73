"""Find which content counts for one instanceID when several came under it.

Contents that are canonically equal are one. Different ones are variants: all are kept, one wins for the time being
(the greatest version id, or what a person chose), and the conflict is told until a person has seen them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync_server.core.canonical import canonical_document
from sync_server.core.ids import InstanceId, VersionId
from sync_server.core.submission_state import VARIANT, Conflict, Version
from sync_server.core.verdict import Decisions


@dataclass(frozen=True, slots=True)
class Instance:
    """One instanceID: the version that counts, those with the same content (it among them), and all received.

    `contents` are the ids of all received by content.
    """

    id: InstanceId
    winner: Version
    same: tuple[Version, ...]
    versions: tuple[VersionId, ...]
    conflict: Conflict | None
    contents: tuple[frozenset[VersionId], ...]


def settle_instance(versions: Sequence[Version], decisions: Decisions) -> Instance:
    """Settle which of the versions of one instanceID counts."""
    contents = _contents(versions)
    ids = tuple(frozenset(version.id for version in same) for same in contents)
    position, conflict = 0, None
    if len(contents) > 1:
        verdict = decisions.judge_variants(ids)
        position = verdict.chosen or 0
        conflict = None if verdict.is_settled else _conflict(contents, position)
    same = contents[position]
    return Instance(same[0].instance_id, same[0], same, tuple(sorted(v.id for v in versions)), conflict, ids)


def _contents(versions: Sequence[Version]) -> list[tuple[Version, ...]]:
    """Group versions by content; greatest id first, within and between the groups."""
    newest_first = sorted(versions, key=lambda version: version.id, reverse=True)
    if len(newest_first) == 1:  # No XML is read unless an instanceID came twice.
        return [tuple(newest_first)]
    groups: dict[str, list[Version]] = {}
    for version in newest_first:
        groups.setdefault(canonical_document(version.xml), []).append(version)
    return [tuple(same) for same in groups.values()]


def _conflict(contents: Sequence[tuple[Version, ...]], position: int) -> Conflict:
    ids = [same[0].id for same in contents]
    winner = ids.pop(position)
    return Conflict(VARIANT, contents[0][0].instance_id, (winner, *ids))
