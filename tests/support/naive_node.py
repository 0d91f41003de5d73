"""Fold everything a node received of one form into tables, from the raw rows: what the warehouse must come to.

Which documents stand is worked out here again where that is simple: what waits to be admitted is left out, the newest
edit counts, of variants the greatest id. Only where edits part does it ask core/resolve.py, which has its own tests.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core.ids import InstanceId, VersionId
from sync_server.core.resolve import Decision, Version, merged_document, resolve
from sync_server.store.tables import decisions, form_versions, receipts, submission_attachments, submission_versions
from tests.support.naive_fold import NaiveSubmission, fold
from tests.support.naive_form import NaiveForm, read_form


@dataclass(frozen=True)
class Upload:
    """One received version with all that is known of its arrival."""

    row_id: int
    sha256: str
    instance_id: str
    deprecated_id: str | None
    form_version: str
    is_sealed: bool
    xml: bytes
    arrivals: list[Any] = field(default_factory=list)
    files: set[tuple[str, str]] = field(default_factory=set)

    def is_held(self) -> bool:
        return all(arrival.is_revoked or arrival.form_state == "closed" for arrival in self.arrivals)


@dataclass(frozen=True)
class Expected:
    """One submission as the warehouse must show it."""

    rows: NaiveSubmission
    first_received_at: datetime
    meta: dict[str, object]

    @property
    def place(self) -> tuple[datetime, str]:
        return self.first_received_at, self.rows.key


def expected_submissions(session: Session, form_id: str, project_id: int = 1) -> tuple[NaiveForm, list[Expected]]:
    """Return the form as all its versions make it, and its submissions in page order."""
    f = form_versions.c
    query = select(f.xml).where(f.form_id == form_id, f.project_id == project_id)
    form = read_form(bytes(xml) for xml in session.scalars(query))
    decided = list(session.execute(select(decisions).where(decisions.c.form_id == form_id)))
    accepted = {parent for d in decided if d.kind == "accept" for parent in d.parents}
    found = [
        expected
        for family in _families(_uploads(session, form_id, project_id))
        for expected in _shown(form, family, accepted, decided)
    ]
    return form, sorted(found, key=lambda expected: expected.place, reverse=True)


def _uploads(session: Session, form_id: str, project_id: int) -> list[Upload]:
    v, r, a = submission_versions.c, receipts.c, submission_attachments.c
    where = (v.form_id == form_id, v.project_id == project_id)
    columns = (v.id, v.sha256, v.instance_id, v.deprecated_id, v.form_version, v.is_sealed, v.xml)
    uploads = {row.id: Upload(*row) for row in session.execute(select(*columns).where(*where))}
    arrived = select(receipts).join(submission_versions, v.id == r.version_id).where(*where)
    for arrival in session.execute(arrived.order_by(r.received_at, r.id)):
        uploads[arrival.version_id].arrivals.append(arrival)
    for file in session.execute(select(a.version_id, a.name, a.sha256)):
        if file.version_id in uploads:
            uploads[file.version_id].files.add((file.name, file.sha256))
    return list(uploads.values())


def _families(uploads: Iterable[Upload]) -> list[list[Upload]]:
    """Put together what hangs together by instanceID or deprecatedID."""
    families: list[tuple[set[str], list[Upload]]] = []
    for upload in uploads:
        names, members = {upload.instance_id, upload.deprecated_id or upload.instance_id}, [upload]
        apart = []
        for known, others in families:
            if known & names:
                names, members = names | known, members + others
            else:
                apart.append((known, others))
        families = [*apart, (names, members)]
    return [members for _, members in families]


def _shown(form: NaiveForm, family: list[Upload], accepted: set[str], decided: Iterable[Any]) -> Iterator[Expected]:
    shown = [upload for upload in family if upload.sha256 in accepted or not upload.is_held()]
    whole = {root: set(instances) for root, instances in _trees(family).items()}
    for root, instances in _trees(shown).items():
        members = [upload for upload in shown if upload.instance_id in instances]
        # What is held is no part of the document, but it is known when the first of it came.
        together = set().union(instances, *(t for name, t in whole.items() if name == root or t & set(instances)))
        yield _expected(form, root, members, [u for u in family if u.instance_id in together], decided)


def _trees(uploads: Iterable[Upload]) -> dict[str, list[str]]:
    """The instances of each submission by its root, which may be missing; the greatest variant says what it edits."""
    parents = {u.instance_id: u.deprecated_id for u in sorted(uploads, key=lambda upload: upload.sha256)}
    for instance in sorted(parents):  # a ring is cut above its smallest id
        if instance in _above(parents, instance):
            parents[instance] = None
    trees: dict[str, list[str]] = {}
    for instance in parents:
        trees.setdefault([instance, *_above(parents, instance)][-1], []).append(instance)
    return trees


def _above(parents: dict[str, str | None], instance: str) -> list[str]:
    """Follow the edits up to the original, or once around a ring."""
    above: list[str] = []
    parent = parents.get(instance)
    while parent and parent not in above:
        above.append(parent)
        parent = parents.get(parent)
    return above


def _expected(
    form: NaiveForm, root: str, members: list[Upload], together: list[Upload], decided: Iterable[Any]
) -> Expected:
    arrivals = sorted((a for upload in together for a in upload.arrivals), key=lambda a: (a.received_at, a.id))
    by_sha = {upload.sha256: upload for upload in members}
    (state,) = resolve((_version(upload) for upload in members), (_decision(d) for d in decided))
    current = _current(root, members)
    document = None
    if current is None:  # edits parted, or a person chose
        current = by_sha[state.current]
        document = merged_document(state, lambda sha256: by_sha[sha256].xml)
    else:
        assert (current.sha256, state.root_id, dict(state.sources)) == (state.current, root, {})
        document = etree.fromstring(current.xml)
    originals = sorted((upload for upload in members if upload.instance_id == root), key=lambda u: u.sha256)
    instances = {upload.instance_id for upload in members}
    meta = {
        "_edits": len(instances) - (root in instances),
        "_form_version": (originals[-1] if originals and len(members) > 1 else current).form_version,
        "_device_id": arrivals[0].device_id,
        "_waits": root not in instances,
        "_is_sealed": current.is_sealed,
        "_has_conflict": bool(state.conflicts),
    }
    rows = fold(form, root, None if current.is_sealed else document)
    return Expected(rows, arrivals[0].received_at, meta)


def _current(root: str, members: list[Upload]) -> Upload | None:
    """The version that stands where nothing must be merged: the greatest of the only instance nobody edited."""
    winners = {upload.instance_id: upload for upload in sorted(members, key=lambda upload: upload.sha256)}
    edited = [upload.deprecated_id for name, upload in winners.items() if upload.deprecated_id and name != root]
    leaves = winners.keys() - set(edited)
    return winners[leaves.pop()] if len(leaves) == 1 and len(edited) == len(set(edited)) else None


def _version(upload: Upload) -> Version:
    deprecated = InstanceId(upload.deprecated_id) if upload.deprecated_id else None
    instance, sha256 = InstanceId(upload.instance_id), VersionId(upload.sha256)
    return Version(sha256, instance, deprecated, upload.xml, frozenset(upload.files))


def _decision(row: Any) -> Decision:
    return Decision(row.id, row.kind, frozenset(row.parents), row.body)
