"""Marks of versions: each with its files as a number, in the order of places, to be added up by ranges.

Derived by `services/mark_versions.py`. A version that is deleted takes its mark along in the same transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from sync_server.core.held_version import ALWAYS, HeldCount, HeldFile, HeldVersion, Period
from sync_server.core.range_digest import Tally, write_mark
from sync_server.store.submissions import PARAMETERS
from sync_server.store.tables import receipts, submission_attachments, submission_versions, version_marks

_m, _v, _r, _a = version_marks.c, submission_versions.c, receipts.c, submission_attachments.c
_MARK = (_m.mark_1, _m.mark_2, _m.mark_3, _m.mark_4)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMark:
    """One row; `sha256` is the version's, to be sure that the row's number was not given to another since."""

    project_id: int
    place: int
    version_id: int
    sha256: str
    form_id: str
    mark: tuple[int, int, int, int]
    received_at: datetime
    device_id: str | None
    is_edit: bool
    files: int
    received_by: frozenset[str]
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forms:
    """Some forms by name; or all others but those."""

    named: frozenset[str] = frozenset()
    is_all_but: bool = False

    def has(self, column: Any) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column.not_in(self.named) if self.is_all_but else column.in_(self.named)
        return found


NO_FORMS, ALL_FORMS = Forms(), Forms(is_all_but=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarksPart:
    """Which versions are meant, of one project: those of `whole`; of `own`, what one of `nodes` received; of the forms
    in `shown`, the submissions with these roots."""

    project_id: int
    whole: Forms = ALL_FORMS
    own: Forms = NO_FORMS
    nodes: frozenset[str] = frozenset()
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    period: Period = ALWAYS


def put_marks(session: Session, marks: Sequence[VersionMark]) -> None:
    """Write the marks of these versions, as far as the versions are there still."""
    by_id = {mark.version_id: mark for mark in marks}
    delete_marks(session, list(by_id))
    rows = [_row(by_id[row_id]) for row_id, sha256 in _lock_versions(session, by_id) if by_id[row_id].sha256 == sha256]
    if rows:
        session.execute(insert(version_marks), rows)


def delete_marks(session: Session, row_ids: Sequence[int]) -> None:
    for part in _parts(row_ids):
        session.execute(delete(version_marks).where(_m.version_id.in_(part)))


def find_first_receipts(session: Session, row_ids: Iterable[int]) -> dict[int, tuple[datetime, str | None]]:
    """Load when, and from which device, each of these versions was first received, anywhere."""
    found: dict[int, tuple[datetime, str, str | None]] = {}
    for part in _parts(sorted(set(row_ids))):
        query = select(_r.version_id, _r.received_at, _r.id, _r.device_id).where(_r.version_id.in_(part))
        for row_id, *receipt in session.execute(query):
            known = found.get(row_id)
            if known is None or tuple(receipt[:2]) < known[:2]:
                found[row_id] = (receipt[0], receipt[1], receipt[2])
    return {row_id: (received_at, device_id) for row_id, (received_at, _, device_id) in found.items()}


def iter_forms(session: Session, project_id: int) -> Iterator[str]:
    yield from session.scalars(select(_m.form_id).where(_m.project_id == project_id).distinct().order_by(_m.form_id))


def iter_tallies(
    session: Session, part: MarksPart, first: int, last: int, *, shift: int
) -> Iterator[tuple[int, Tally]]:  # fmt: skip
    """Add up the marks at the places from `first` to `last`, by the place without its last `shift` bits."""
    bucket = _m.place.op(">>")(literal(shift, literal_execute=True)).label("bucket")
    query = select(bucket, func.count(), *map(func.sum, _MARK)).where(_is_in(session, part), _m.place >= first)
    for number, count, *sums in session.execute(query.where(_m.place <= last).group_by(bucket)):
        a, b, c, d = map(int, sums)
        yield number, Tally(count, (a, b, c, d))


def find_members(session: Session, part: MarksPart, first: int, last: int) -> dict[bytes, int]:
    """List the marks at these places, with the row of each version."""
    query = select(_m.version_id, *_MARK).where(_is_in(session, part), _m.place >= first, _m.place <= last)
    return {write_mark(mark): row_id for row_id, *mark in session.execute(query)}


def count_held(session: Session, part: MarksPart) -> list[HeldCount]:
    """Count versions and files by form and device, in the order of their names, which no database's language sways."""
    edits = func.count().filter(_m.is_edit)
    query = select(_m.form_id, _m.device_id, func.count() - edits, edits, func.sum(_m.files))
    query = query.where(_is_in(session, part)).group_by(_m.form_id, _m.device_id)
    found = [
        HeldCount(form_id=form_id, device_id=device_id, submissions=submissions, edits=changed, files=int(files))
        for form_id, device_id, submissions, changed, files in session.execute(query)
    ]
    return sorted(found, key=lambda count: (count.form_id, count.device_id or ""))


def find_rows(session: Session, part: MarksPart, versions: Iterable[str]) -> dict[str, int]:
    """Find those of these versions, by sha256, that are in a part; return their rows."""
    found: dict[str, int] = {}
    for some in _parts(sorted(set(versions))):
        query = select(_v.sha256, _v.id).join_from(submission_versions, version_marks, _m.version_id == _v.id)
        is_meant = (_v.project_id == part.project_id, _v.sha256.in_(some))
        found.update(map(tuple, session.execute(query.where(*is_meant, _is_in(session, part)))))
    return found


def find_roots(session: Session, project_id: int, versions: Iterable[str]) -> dict[str, tuple[str, list[str]]]:
    """Say of these versions, by sha256, of which form they are, and to which submissions they belong."""
    found: dict[str, tuple[str, list[str]]] = {}
    for some in _parts(sorted(set(versions))):
        query = select(_v.sha256, _m.form_id, _m.roots).join_from(
            submission_versions, version_marks, _m.version_id == _v.id
        )
        is_meant = (_v.project_id == project_id, _v.sha256.in_(some))
        found.update((sha256, (form_id, roots)) for sha256, form_id, roots in session.execute(query.where(*is_meant)))
    return found


def describe_versions(session: Session, row_ids: Iterable[int]) -> dict[int, HeldVersion]:
    """Load these versions as they are told to another node, by row; one that is gone is left out."""
    found: dict[int, HeldVersion] = {}
    for part in _parts(sorted(set(row_ids))):
        files = _find_files(session, part)
        query = select(_v.id, _v.sha256, _v.form_id, _v.instance_id, _v.deprecated_id, _m.device_id, _m.received_at)
        query = query.join_from(submission_versions, version_marks, _m.version_id == _v.id).where(_v.id.in_(part))
        for row_id, sha256, form_id, instance_id, edits, device_id, received_at in session.execute(query):
            found[row_id] = HeldVersion(
                version=sha256, form_id=form_id, instance_id=instance_id, edits=edits, device_id=device_id,
                received_at=received_at, files=tuple(sorted(files.get(row_id, ()))),
            )  # fmt: skip
    return found


def _find_files(session: Session, row_ids: Sequence[int]) -> dict[int, list[HeldFile]]:
    found: dict[int, list[HeldFile]] = {}
    query = select(_a.version_id, _a.name, _a.sha256, _a.size).where(_a.version_id.in_(row_ids))
    for row_id, name, sha256, size in session.execute(query):
        found.setdefault(row_id, []).append(HeldFile(name, sha256, size))
    return found


def _is_in(session: Session, part: MarksPart) -> ColumnElement[bool]:
    own = or_(false(), *(_m.received_by.contains(f" {node} ", autoescape=True) for node in sorted(part.nodes)))
    shown = (
        and_(_m.form_id == form_id, _has_root(session, roots)) for form_id, roots in sorted(part.shown.items()) if roots
    )
    is_meant = or_(part.whole.has(_m.form_id), and_(part.own.has(_m.form_id), own), *shown)
    period = part.period
    since = [] if period.first is None else [_m.received_at >= period.first]
    before = [] if period.until is None else [_m.received_at < period.until]
    return and_(_m.project_id == part.project_id, is_meant, *since, *before)


def _has_root(session: Session, roots: frozenset[str]) -> ColumnElement[bool]:
    """Whether one of a row's roots is among these: as one parameter, since there may be any number of them."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    split = func.json_each if is_sqlite else func.json_array_elements_text
    each, wanted = (split(given).table_valued("value") for given in (_m.roots, literal(sorted(roots), _m.roots.type)))
    found: ColumnElement[bool] = select(each.c.value).where(each.c.value.in_(select(wanted.c.value))).exists()
    return found


def _lock_versions(session: Session, row_ids: Iterable[int]) -> list[tuple[int, str]]:
    """Find which versions are there, and keep others from deleting them until this transaction ends."""
    found: list[tuple[int, str]] = []
    for part in _parts(sorted(row_ids)):
        query = select(_v.id, _v.sha256).where(_v.id.in_(part)).with_for_update(read=True, key_share=True)
        found += [(row_id, sha256) for row_id, sha256 in session.execute(query)]
    return found


def _row(mark: VersionMark) -> dict[str, Any]:
    same = ("project_id", "place", "version_id", "form_id", "received_at", "device_id", "is_edit", "files")
    return {
        **{name: getattr(mark, name) for name in same},
        **{f"mark_{number}": part for number, part in enumerate(mark.mark, start=1)},
        "received_by": " ".join(("", *sorted(mark.received_by), "")) if mark.received_by else "",
        "roots": list(mark.roots),
    }


def _parts(ids: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (ids[start : start + PARAMETERS] for start in range(0, len(ids), PARAMETERS))
