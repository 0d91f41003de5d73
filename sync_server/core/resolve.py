"""Fold the set of received versions and decisions of a submission into its state (guarantee G2).

The result is a pure function of the set: order, duplicates, clocks and nodes play no part. Four steps, a module each:
which content counts for an instanceID (`variants`), which instance edits which (`edit_forest`), what stands where
edits part (`merge`, `effective_attachments`), and what people said of it (`reviews`). XML is read only where versions
must be compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from lxml import etree

from sync_server.core.edit_forest import EditTree, plant_trees
from sync_server.core.effective_attachments import effective_attachments, own_attachments
from sync_server.core.field_path import find_parent, occurrences
from sync_server.core.ids import InstanceId, VersionId
from sync_server.core.instance_xml import parse_xml
from sync_server.core.merge import NEVER_CONFLICT, Branches, Merge, merge_fields
from sync_server.core.merged_document import merged_document
from sync_server.core.reviews import fold_reviews
from sync_server.core.submission_state import Conflict, Decision, SubmissionState, Version
from sync_server.core.variants import Instance, settle_instance
from sync_server.core.verdict import Decisions

__all__ = ["NEVER_CONFLICT", "Conflict", "Decision", "SubmissionState", "Version", "merged_document", "resolve"]


def resolve(
    versions: Iterable[Version],
    decisions: Iterable[Decision] = (),
    *,
    never_conflict: frozenset[str] = NEVER_CONFLICT,
) -> tuple[SubmissionState, ...]:
    """Return the states of the submissions in `versions`, by root_id.

    `versions` is a connected component: all that hang together by instanceID or deprecatedID. Several can come out.
    """
    received = list(versions)
    judge = Decisions(decisions)
    if len(received) == 1 and received[0].deprecated_id is None:
        return (_untouched(received[0], judge),)
    instances = {same[0].instance_id: settle_instance(same, judge) for same in _by_instance(received)}
    trees = plant_trees({id: instance.winner.deprecated_id for id, instance in instances.items()})
    return tuple(_state(tree, instances, judge, never_conflict) for tree in trees)


def _untouched(version: Version, judge: Decisions) -> SubmissionState:
    """Return the state of a submission nobody edited or sent otherwise: nearly all of them, so no XML is read."""
    files, conflicts = own_attachments(version)
    id, only = version.instance_id, version.id
    review, disagreements = fold_reviews([frozenset((only,))], judge)
    return SubmissionState(id, only, {}, (*conflicts, *disagreements), None, (id,), (only,), 0, files, review)


def _by_instance(received: Iterable[Version]) -> list[list[Version]]:
    """Group versions by instanceID, uniting the attachments of those that came more than once."""
    united: dict[VersionId, Version] = {}
    for version in received:
        known = united.get(version.id)
        files = version.attachments | known.attachments if known else version.attachments
        united[version.id] = Version(version.id, version.instance_id, version.deprecated_id, version.xml, files)
    groups: dict[InstanceId, list[Version]] = {}
    for version in united.values():
        groups.setdefault(version.instance_id, []).append(version)
    return list(groups.values())


def _state(
    tree: EditTree, all_instances: Mapping[InstanceId, Instance], judge: Decisions, never_conflict: frozenset[str]
) -> SubmissionState:
    instances = {id: all_instances[id] for id in tree.order}
    branches = Branches(tree, instances, tree.forks())
    current = branches.greatest(tree.leaves())
    merge = Merge({}, ())
    if branches.forks:
        merge = merge_fields(branches, current, judge, never_conflict=never_conflict)
    variants = [instance.conflict for instance in instances.values() if instance.conflict]
    review, disagreements = fold_reviews((ids for one in instances.values() for ids in one.contents), judge)
    state = SubmissionState(
        root_id=tree.root_id,
        current=branches.version(current),
        sources=merge.sources,
        conflicts=(*variants, *merge.conflicts, *disagreements),
        waits_for=tree.root_id if tree.is_root_missing else None,
        instance_ids=tree.order,
        versions=tuple(sorted(id for instance in instances.values() for id in instance.versions)),
        edits=len(tree.order) - (not tree.is_root_missing),
        attachments={},
        review=review,
    )
    return _with_attachments(state, branches, current, never_conflict)


def _with_attachments(
    state: SubmissionState, branches: Branches, current: InstanceId, never_conflict: frozenset[str]
) -> SubmissionState:
    xml_of = {instance.winner.id: instance.winner.xml for instance in branches.instances.values()}

    @cache  # and lazily: most edits bring all their files themselves, so no document need be read
    def mentioned() -> frozenset[str]:
        return frozenset(_texts(merged_document(state, xml_of.__getitem__)))

    files, conflicts = effective_attachments(
        branches,
        current,
        is_mentioned=lambda name: name in mentioned(),
        recorded=_recorded_files(branches, current, never_conflict),
    )
    ordered = tuple(sorted((*state.conflicts, *conflicts)))
    return replace(state, attachments=files, conflicts=ordered)


def _recorded_files(branches: Branches, current: InstanceId, never_conflict: frozenset[str]) -> frozenset[str]:
    """Return the names in fields that devices fill by themselves (the audit log): every edit has its own file."""
    if not branches.forks:
        return frozenset()
    root = parse_xml(branches.instances[current].winner.xml)
    parents = ((find_parent(root, path), path.rpartition("/")[2]) for path in never_conflict)
    fields = (field for parent, step in parents if parent is not None for field in occurrences(parent, step))
    return frozenset(text for field in fields for text in _texts(field))


def _texts(document: etree._Element) -> Iterator[str]:
    return (element.text.strip() for element in document.iter(etree.Element) if element.text)
