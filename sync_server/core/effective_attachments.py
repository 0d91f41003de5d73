"""Find which file stands under each name in a resolved submission.

An instance has its own files (those of every version with its content); a name it lacks is carried over from the
nearest ancestor that has it, because web forms do not send unchanged files again. Leaves that differ are merged as
fields are. A name that is only carried over or merged in stands if the merged document mentions it: a photo that was
taken out of the answers is gone. Having no file is no statement: it may still be on the way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sync_server.core.edit_forest import EditTree
from sync_server.core.ids import InstanceId, VersionId
from sync_server.core.merge import Branches, combine
from sync_server.core.submission_state import ATTACHMENT, Conflict, Version
from sync_server.core.variants import Instance

Files = Mapping[str, frozenset[str]]
"""sha256s by name; more than one when a client sent different contents under one name."""
Attachments = tuple[dict[str, str], tuple[Conflict, ...]]


def own_attachments(version: Version) -> Attachments:
    """Return the files of a version that stands alone."""
    chosen = dict(sorted(version.attachments))  # The greatest sha256 comes last, and stands.
    if len(chosen) == len(version.attachments):
        return chosen, ()
    files = _files([version])
    return chosen, tuple(conflict for name in chosen for conflict in _conflicts(name, [files[name]], [version]))


def effective_attachments(
    branches: Branches, current: InstanceId, *, is_mentioned: Callable[[str], bool], recorded: frozenset[str]
) -> Attachments:
    """Return the files that stand for the current instance, and where contents disagree.

    `recorded` names files a device writes by itself (audit.csv): the current instance's stand without conflict.
    """
    held = _carry_over(branches.tree, branches.instances)
    own = _files(branches.instances[current].same)
    versions = [version for instance in branches.instances.values() for version in instance.same]
    chosen: dict[str, str] = {}
    conflicts: list[Conflict] = []
    for name in sorted({name for files in held.values() for name in files}):
        if name not in own and not is_mentioned(name):
            continue
        forks = () if name in recorded else branches.forks
        standing = _standing(replace(branches, forks=forks), held, current, name)
        if standing:
            chosen[name] = max(standing[0])
            conflicts.extend(_conflicts(name, standing, versions))
    return chosen, tuple(conflicts)


def _carry_over(tree: EditTree, instances: Mapping[InstanceId, Instance]) -> dict[InstanceId, Files]:
    """Return every instance's files: its own, else its parent's."""
    held: dict[InstanceId, Files] = {}
    for id in tree.order:  # Parents come before their children.
        held[id] = {**held.get(id, {}), **_files(instances[id].same)}
        held.update(dict.fromkeys(tree.children.get(id, ()), held[id]))
    return held


def _standing(
    branches: Branches, held: Mapping[InstanceId, Files], current: InstanceId, name: str
) -> list[frozenset[str]]:
    """Return the contents that stand under a name, the provisional winner's first."""
    value_of = {id: files.get(name, frozenset()) for id, files in held.items()}
    standing = combine(branches.forks, value_of) or {value_of[current]: frozenset({current})}
    ranked = sorted(standing.items(), key=lambda item: branches.rank(branches.greatest(item[1])), reverse=True)
    return [contents for contents, _ in ranked if contents]


def _files(versions: Iterable[Version]) -> Files:
    files: dict[str, frozenset[str]] = {}
    for name, sha256 in (pair for version in versions for pair in version.attachments):
        files[name] = files.get(name, frozenset()) | {sha256}
    return files


def _conflicts(name: str, standing: Sequence[frozenset[str]], versions: Sequence[Version]) -> Iterator[Conflict]:
    """Yield the conflict between the contents under a name, if they are more than one."""
    contents: frozenset[str] = frozenset().union(*standing)
    if len(contents) > 1:
        chosen = max(standing[0])
        holders = {sha256: _holder(name, sha256, versions) for sha256 in contents}
        others = sorted(set(holders.values()) - {holders[chosen]}, reverse=True)
        yield Conflict(ATTACHMENT, name, (holders[chosen], *others))


def _holder(name: str, sha256: str, versions: Iterable[Version]) -> VersionId:
    return max(version.id for version in versions if (name, sha256) in version.attachments)
