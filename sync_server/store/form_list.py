"""What tablets are offered: the open forms of a project, their frozen XML, their media."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.errors import NotFound
from sync_server.store.tables import form_attachments, form_versions, forms

_v = form_versions.c
_a = form_attachments.c

# Lives on the tablet alone; a server that lists it would overwrite what the tablet remembers.
_LAST_SAVED = "last-saved.xml"


@dataclass(frozen=True, slots=True)
class OfferedForm:
    """The current version of an open form."""

    version_id: int
    form_id: str
    version: str
    title: str
    md5: str
    has_media: bool


@dataclass(frozen=True, slots=True)
class FormXml:
    """A published version's bytes, exactly as they were frozen."""

    version_id: int
    md5: str
    xml: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FormMedia:
    """One file of a published version."""

    name: str
    sha256: BlobId
    md5: str
    size: int
    type: str


def iter_offered_forms(session: Session, project_id: int, *, form_id: str | None = None) -> list[OfferedForm]:
    """List the forms tablets may download, by form id; only the one asked for when there is one."""
    has_media = exists().where(form_attachments.c.form_version_id == _v.id, form_attachments.c.name != _LAST_SAVED)
    query = select(_v.id, _v.form_id, _v.version, _v.title, _v.md5, has_media)
    query = query.join(forms, forms.c.current_version_id == _v.id)
    query = query.where(forms.c.project_id == project_id, forms.c.state == "open")
    # Its home put another form in its place, and not all media of that one are here: no tablet gets half a form.
    query = query.where(forms.c.wanted_version_id.is_distinct_from(forms.c.current_version_id))
    if form_id is not None:
        query = query.where(forms.c.form_id == form_id)
    return [OfferedForm(*row) for row in session.execute(query.order_by(_v.form_id))]


def find_form_id(session: Session, project_id: int, version_id: int) -> str | None:
    """Find of which form a version of this project is."""
    return session.scalar(select(_v.form_id).where(_v.project_id == project_id, _v.id == version_id))


def get_form_xml(session: Session, project_id: int, version_id: int) -> FormXml:
    """Return the bytes of a version of this project, published at any time."""
    return _get_xml(session, _v.project_id == project_id, _v.id == version_id)


def get_form_xml_by_name(session: Session, project_id: int, form_id: str, version: str | None = None) -> FormXml:
    """Return the bytes of a form's version, of the current one when no version is named."""
    named = (_v.project_id == project_id, _v.form_id == form_id)
    if version is not None:
        return _get_xml(session, *named, _v.version == version)
    current = select(forms.c.current_version_id).where(forms.c.project_id == project_id, forms.c.form_id == form_id)
    return _get_xml(session, *named, _v.id == current.scalar_subquery())


def iter_form_media(session: Session, project_id: int, version_id: int) -> list[FormMedia]:
    """List a version's files by name: a stable order keeps tablets from announcing updates that are none."""
    return [FormMedia(*row) for row in session.execute(_media(project_id, version_id).order_by(_a.name))]


def find_form_media(session: Session, project_id: int, version_id: int, name: str) -> FormMedia | None:
    row = session.execute(_media(project_id, version_id).where(_a.name == name)).first()
    return FormMedia(*row) if row else None


def _get_xml(session: Session, *conditions: ColumnElement[bool]) -> FormXml:
    row = session.execute(select(_v.id, _v.md5, _v.xml).where(*conditions)).first()
    if row is None:
        raise NotFound
    return FormXml(*row)


def _media(project_id: int, version_id: int) -> Any:
    query = select(_a.name, _a.sha256, _a.md5, _a.size, _a.type)
    query = query.join(form_versions, _v.id == _a.form_version_id)
    return query.where(_v.project_id == project_id, _v.id == version_id, _a.name != _LAST_SAVED)
