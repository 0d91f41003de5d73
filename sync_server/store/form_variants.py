"""Variants: another form under the id and version of one that is in force here, kept until somebody looked at it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sync_server.store.engine import insert_for
from sync_server.store.forms import NewFormVersion
from sync_server.store.tables import form_variants

_t = form_variants.c


@dataclass(frozen=True, slots=True, kw_only=True)
class FormVariant:
    """One variant, without its bytes. `node` is where it came from."""

    id: int
    project_id: int
    form_id: str
    version: str
    sha256: str
    title: str
    node: str
    noticed_at: datetime
    settled_at: datetime | None
    settled_by: int | None


_COLUMNS = tuple(_t[name] for name in FormVariant.__dataclass_fields__)


def put_variant(session: Session, other: NewFormVersion, *, node: str, now: datetime) -> bool:
    """Keep a variant; return False when it was kept before."""
    names = ("project_id", "form_id", "version", "sha256", "title", "xml", "source_name", "source")
    row = {name: getattr(other, name) for name in names}
    statement = insert_for(session)(form_variants).values(**row, node=node, noticed_at=now)
    return session.execute(statement.on_conflict_do_nothing().returning(_t.id)).first() is not None


def iter_variants(session: Session, project_id: int | None = None) -> list[FormVariant]:
    """List the variants that nobody has settled, of a project or of all, by form and version."""
    query = select(*_COLUMNS).where(_t.settled_at.is_(None))
    if project_id is not None:
        query = query.where(_t.project_id == project_id)
    order = (_t.project_id, _t.form_id, _t.version, _t.sha256)
    return [FormVariant(**row._mapping) for row in session.execute(query.order_by(*order))]


def find_variants(session: Session, project_id: int, form_id: str, version: str) -> list[FormVariant]:
    """List all variants of a form version, settled ones too."""
    named = (_t.project_id == project_id, _t.form_id == form_id, _t.version == version)
    return [FormVariant(**r._mapping) for r in session.execute(select(*_COLUMNS).where(*named).order_by(_t.sha256))]


def find_variants_of(session: Session, project_id: int, form_id: str, node: str) -> list[NewFormVersion]:
    """Load the variants of a form that came from a node, with their bytes, as versions."""
    query = select(form_variants).where(_t.project_id == project_id, _t.form_id == form_id, _t.node == node)
    return [
        NewFormVersion(
            project_id=row.project_id, form_id=row.form_id, version=row.version, sha256=row.sha256, md5="",
            title=row.title, xml=bytes(row.xml), source_name=row.source_name,
            source=None if row.source is None else bytes(row.source), published_at=row.noticed_at,
        )
        for row in session.execute(query.order_by(_t.id))
    ]  # fmt: skip


def settle_variant(session: Session, variant_id: int, *, by: int | None, now: datetime) -> bool:
    """Note that somebody has looked at a variant; return False when somebody had before."""
    settled = update(form_variants).where(_t.id == variant_id, _t.settled_at.is_(None))
    return session.execute(settled.values(settled_at=now, settled_by=by).returning(_t.id)).first() is not None
