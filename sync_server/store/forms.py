"""Forms, their immutable published versions, and the media of each version."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from sync_server.core.form_states import CLOSED as CLOSED
from sync_server.core.form_states import CLOSING as CLOSING
from sync_server.core.form_states import OPEN as OPEN
from sync_server.core.ids import BlobId
from sync_server.errors import NotFound
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import form_attachments, form_versions, forms


@dataclass(frozen=True, slots=True, kw_only=True)
class FormVersion:
    """One published version, without its bytes. `md5` is what tablets compare, `sha256` its identity."""

    row_id: int
    project_id: int
    form_id: str
    version: str
    sha256: str
    md5: str
    title: str
    source_name: str | None
    source_sha256: str | None
    annotations: dict[str, Any]
    warnings: list[Any]
    published_at: datetime
    published_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form with its current version."""

    project_id: int
    form_id: str
    state: str
    created_at: datetime
    current: FormVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFormVersion:
    """A version about to be published, with its bytes."""

    project_id: int
    form_id: str
    version: str
    sha256: str
    md5: str
    title: str
    xml: bytes = field(repr=False)
    source_name: str | None = None
    source: bytes | None = field(default=None, repr=False)
    source_sha256: str | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    warnings: list[Any] = field(default_factory=list)
    published_at: datetime
    published_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAttachment:
    """A media file of a form version; its bytes are a blob."""

    name: str
    sha256: BlobId
    md5: str
    size: int
    type: str
    updated_at: datetime


_NAMES = tuple(FormVersion.__dataclass_fields__)
_VERSION = tuple(form_versions.c["id" if name == "row_id" else name] for name in _NAMES)
_MEDIA = tuple(form_attachments.c[name] for name in FormAttachment.__dataclass_fields__)


def add_form_version(session: Session, new: NewFormVersion) -> FormVersion:
    """Store a version, make it the form's current one, and append it to the feed. The form begins open."""
    row = {name: getattr(new, name) for name in NewFormVersion.__dataclass_fields__}
    version_id = session.execute(insert(form_versions).values(row).returning(form_versions.c.id)).scalar_one()
    form = {"project_id": new.project_id, "form_id": new.form_id, "state": OPEN, "created_at": new.published_at}
    session.execute(
        insert_for(session)(forms)
        .values(**form, current_version_id=version_id)
        .on_conflict_do_update(index_elements=("project_id", "form_id"), set_={"current_version_id": version_id})
    )
    changes.append(session, [Change("form_version", new.form_id, new.sha256)])
    return _version(session.execute(select(*_VERSION).where(form_versions.c.id == version_id)).one())


def find_form(session: Session, project_id: int, form_id: str) -> Form | None:
    found = _forms(session, forms.c.project_id == project_id, forms.c.form_id == form_id)
    return found[0] if found else None


def get_form(session: Session, project_id: int, form_id: str) -> Form:
    """Return the form; raise NotFound."""
    form = find_form(session, project_id, form_id)
    if form is None:
        raise NotFound
    return form


def iter_forms(session: Session, project_id: int) -> list[Form]:
    """List the forms of a project by id."""
    return _forms(session, forms.c.project_id == project_id)


def find_version(session: Session, project_id: int, form_id: str, version: str) -> FormVersion | None:
    t = form_versions.c
    return _find_version(session, t.project_id == project_id, t.form_id == form_id, t.version == version)


def find_version_by_id(session: Session, project_id: int, row_id: int) -> FormVersion | None:
    t = form_versions.c
    return _find_version(session, t.project_id == project_id, t.id == row_id)


def find_version_by_source(session: Session, project_id: int, source_sha256: str) -> FormVersion | None:
    """Find what was published from exactly this file."""
    t = form_versions.c
    return _find_version(session, t.project_id == project_id, t.source_sha256 == source_sha256)


def iter_versions(session: Session, project_id: int, form_id: str) -> list[FormVersion]:
    """List the versions of a form, newest first."""
    t = form_versions.c
    query = select(*_VERSION).where(t.project_id == project_id, t.form_id == form_id).order_by(t.id.desc())
    return [_version(row) for row in session.execute(query)]


def iter_project_versions(session: Session, project_id: int) -> list[FormVersion]:
    """List the versions of all forms of a project, the first published first; alike at every node."""
    t = form_versions.c
    query = select(*_VERSION).where(t.project_id == project_id).order_by(t.published_at, t.sha256)
    return [_version(row) for row in session.execute(query)]


def find_projects(session: Session, form_ids: Iterable[str]) -> set[int]:
    """Find the projects that have one of these forms."""
    t = form_versions.c
    return set(session.scalars(select(t.project_id).where(t.form_id.in_(sorted(set(form_ids)))).distinct()))


def get_xml(session: Session, version_id: int) -> bytes:
    """Return the frozen bytes of a version, exactly as published."""
    xml: bytes = session.execute(select(form_versions.c.xml).where(form_versions.c.id == version_id)).scalar_one()
    return xml


def get_source(session: Session, version_id: int) -> bytes | None:
    query = select(form_versions.c.source).where(form_versions.c.id == version_id)
    source: bytes | None = session.execute(query).scalar_one()
    return source


def set_state(session: Session, project_id: int, form_id: str, state: str) -> None:
    """Set what tablets are told; the decision that says who and why is appended by the service."""
    session.execute(
        update(forms).where(forms.c.project_id == project_id, forms.c.form_id == form_id).values(state=state)
    )


def put_attachment(session: Session, version_id: int, attachment: FormAttachment) -> None:
    """Set the bytes of one media file of a version, and append the change."""
    row = {name: getattr(attachment, name) for name in FormAttachment.__dataclass_fields__}
    statement = insert_for(session)(form_attachments).values(form_version_id=version_id, **row)
    key = ("form_version_id", "name")
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=row))
    form_id = session.execute(select(form_versions.c.form_id).where(form_versions.c.id == version_id)).scalar_one()
    changes.append(session, [Change("form_attachment", form_id, attachment.sha256)])


def remove_attachment(session: Session, version_id: int, name: str) -> None:
    """Take a media file away from a version, and append the change; its bytes stay in the blob store."""
    gone = delete(form_attachments).where(form_attachments.c.form_version_id == version_id)
    session.execute(gone.where(form_attachments.c.name == name))
    form_id = session.execute(select(form_versions.c.form_id).where(form_versions.c.id == version_id)).scalar_one()
    changes.append(session, [Change("form_attachment", form_id, "")])


def iter_attachments(session: Session, version_id: int) -> list[FormAttachment]:
    """List the media of a version by name: tablets hash the manifest, so the order is stable."""
    query = select(*_MEDIA).where(form_attachments.c.form_version_id == version_id).order_by(form_attachments.c.name)
    return [FormAttachment(**row._mapping) for row in session.execute(query)]


def _forms(session: Session, *conditions: Any) -> list[Form]:
    columns = (forms.c.project_id, forms.c.form_id, forms.c.state, forms.c.created_at, *_VERSION)
    join = forms.join(form_versions, forms.c.current_version_id == form_versions.c.id)
    query = select(*columns).select_from(join).where(*conditions).order_by(forms.c.form_id)
    return [
        Form(project_id=r[0], form_id=r[1], state=r[2], created_at=r[3], current=_version(r[4:]))
        for r in session.execute(query)
    ]


def _find_version(session: Session, *conditions: Any) -> FormVersion | None:
    query = select(*_VERSION).where(*conditions).order_by(form_versions.c.id.desc()).limit(1)
    row = session.execute(query).first()
    return _version(row) if row else None


def _version(row: Any) -> FormVersion:
    return FormVersion(**dict(zip(_NAMES, row, strict=True)))
