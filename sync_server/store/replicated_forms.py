"""Forms that come from another node: stored without a change of the feed, which whoever takes them appends.

A version becomes current in two steps. First its home's wish is noted (`want_version`); then, when none of its media is
on its way any more, it is current (`activate_if_complete`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.store.awaited_files import FORM
from sync_server.store.changes import Change
from sync_server.store.decisions import StoredDecision, find_decisions
from sync_server.store.engine import insert_for
from sync_server.store.forms import FormAttachment, NewFormVersion
from sync_server.store.tables import (
    awaited_files,
    decisions,
    form_attachments,
    form_variants,
    form_versions,
    forms,
    projects,
)

_f, _v, _a, _w = forms.c, form_versions.c, form_attachments.c, awaited_files.c
_NAMES = tuple(NewFormVersion.__dataclass_fields__)


def find_row_id(session: Session, project_id: int, form_id: str, sha256: str) -> int | None:
    """Find a version by its bytes."""
    return session.scalar(select(_v.id).where(_v.project_id == project_id, _v.form_id == form_id, _v.sha256 == sha256))


def get_whole_version(session: Session, row_id: int) -> NewFormVersion:
    """Load a version with its bytes."""
    return _whole(session.execute(select(*(_v[name] for name in _NAMES)).where(_v.id == row_id)).one())


def find_whole_versions(
    session: Session, project_id: int, form_id: str, named: Collection[str] | None
) -> list[tuple[int, NewFormVersion]]:
    """Load versions of a form with their row and bytes, oldest first: those with these sha256, None: all."""
    query = select(_v.id, *(_v[name] for name in _NAMES)).where(_v.project_id == project_id, _v.form_id == form_id)
    if named is not None:
        query = query.where(_v.sha256.in_(sorted(named)))
    return [(row[0], _whole(row[1:])) for row in session.execute(query.order_by(_v.id))]


def find_known(session: Session, sha256s: Collection[str]) -> set[tuple[str, str, str]]:
    """Find which form versions are here, in force or as a variant, as (project's uid, form id, sha256)."""
    found: set[tuple[str, str, str]] = set()
    wanted = sorted(sha256s)
    for start in range(0, len(wanted), 500):
        for t in (_v, form_variants.c):
            query = select(projects.c.uid, t.form_id, t.sha256).join(projects, projects.c.id == t.project_id)
            rows = session.execute(query.where(t.sha256.in_(wanted[start : start + 500])))
            found |= {(uid, form_id, sha256) for uid, form_id, sha256 in rows}
    return found


def add_version(session: Session, new: NewFormVersion) -> int:
    """Store a version, current for nobody yet; return its row."""
    row_id: int = session.execute(insert(form_versions).values(_row(new)).returning(_v.id)).scalar_one()
    return row_id


def replace_version(session: Session, row_id: int, new: NewFormVersion) -> None:
    """Put another form in a version's place; submissions name it by id and version, so they keep to it."""
    session.execute(update(form_versions).where(_v.id == row_id).values(_row(new)))


# -- which is current


def want_version(
    session: Session, project_id: int, form_id: str, row_id: int, *, state: str, created_at: datetime
) -> bool:
    """Note which version is to be current; a form that is new begins with `state`, and then the answer is True."""
    row = {"project_id": project_id, "form_id": form_id, "state": state, "created_at": created_at}
    statement = insert_for(session)(forms).values(**row, wanted_version_id=row_id).on_conflict_do_nothing()
    if session.execute(statement.returning(_f.id)).first() is not None:
        return True
    form = update(forms).where(_f.project_id == project_id, _f.form_id == form_id)
    session.execute(form.where(_f.current_version_id.is_distinct_from(row_id)).values(wanted_version_id=row_id))
    is_over = (_f.current_version_id == row_id, _f.wanted_version_id != row_id)
    session.execute(form.where(*is_over).values(wanted_version_id=None))
    return False


def withhold_if_incomplete(session: Session, row_id: int) -> None:
    """Offer a version that is current no more until its media are here: another form took its place."""
    if _awaits(session, row_id):
        session.execute(update(forms).where(_f.current_version_id == row_id).values(wanted_version_id=row_id))


def activate_if_complete(session: Session, row_id: int) -> Change | None:
    """Make a wanted version current when all its media are here; return the change for the feed, None when it is not.

    Call it when the last awaited file of a form version has come.
    """
    if _awaits(session, row_id):
        return None
    current = {"current_version_id": row_id, "wanted_version_id": None}
    wanted = update(forms).where(_f.wanted_version_id == row_id).values(current).returning(_f.form_id)
    form_id = session.scalar(wanted)
    if form_id is None:
        return None
    return Change("form_version", form_id, session.scalar(select(_v.sha256).where(_v.id == row_id)) or "")


def adopt_form(session: Session, row_id: int, new: NewFormVersion, *, state: str, now: datetime) -> bool:
    """Make a form of a version that only a hub had; return False when there is one already."""
    row = {"project_id": new.project_id, "form_id": new.form_id, "state": state, "created_at": now}
    statement = insert_for(session)(forms).values(**row, current_version_id=row_id).on_conflict_do_nothing()
    return session.execute(statement.returning(_f.id)).first() is not None


def set_current(session: Session, project_id: int, form_id: str, row_id: int) -> None:
    named = (_f.project_id == project_id, _f.form_id == form_id)
    session.execute(update(forms).where(*named).values(current_version_id=row_id))


def find_decided(session: Session, kind: str, project_id: int, form_id: str) -> list[StoredDecision]:
    """Load what was decided about a form by who leads its project; other nodes' word does not count."""
    d = decisions.c
    home = select(projects.c.home).where(projects.c.id == project_id).scalar_subquery()
    named = (d.project_id == project_id, d.form_id == form_id, d.subject == form_id, d.kind == kind)
    ids = set(session.scalars(select(d.id).where(*named, or_(home.is_(None), d.node == home))))
    return [decision for decision in find_decisions(session, [form_id]) if decision.id in ids]


# -- media


def put_media(session: Session, row_id: int, file: FormAttachment) -> None:
    """Set a file whose bytes are here; none of that name is awaited then."""
    row = {name: getattr(file, name) for name in FormAttachment.__dataclass_fields__}
    statement = insert_for(session)(form_attachments).values(form_version_id=row_id, **row)
    session.execute(statement.on_conflict_do_update(index_elements=("form_version_id", "name"), set_=row))
    forget_awaited(session, row_id, file.name)


def forget_awaited(session: Session, row_id: int, name: str, *, but: BlobId | None = None) -> None:
    """Await a file no more; `but`: its newest bytes are still wanted."""
    gone = delete(awaited_files).where(_w.owner == FORM, _w.version_id == row_id, _w.name == name)
    session.execute(gone if but is None else gone.where(_w.sha256 != but))


def keep_only_media(session: Session, row_id: int, names: Collection[str]) -> bool:
    """Take away what a version's home does not name; return whether anything went."""
    kept = sorted(names)
    waiting = delete(awaited_files).where(_w.owner == FORM, _w.version_id == row_id, _w.name.not_in(kept))
    session.execute(waiting)
    gone = delete(form_attachments).where(_a.form_version_id == row_id, _a.name.not_in(kept)).returning(_a.name)
    return bool(session.execute(gone).all())


def _awaits(session: Session, row_id: int) -> bool:
    return bool(session.scalar(select(exists().where(_w.owner == FORM, _w.version_id == row_id))))


def _row(new: NewFormVersion) -> dict[str, Any]:
    return {name: getattr(new, name) for name in _NAMES}


def _whole(row: Any) -> NewFormVersion:
    values = dict(zip(_NAMES, row, strict=True))
    source = values["source"]
    return NewFormVersion(
        **{**values, "xml": bytes(values["xml"]), "source": None if source is None else bytes(source)}
    )
