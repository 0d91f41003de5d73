"""Forms of which two nodes have different ones under one id and version, and nobody has settled it yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store.tables import form_variants


@dataclass(frozen=True, slots=True)
class Variant:
    """Another form under the id and version of one that is in force here, not settled yet; `node` is where it is from."""

    project_id: int
    form_id: str
    version: str
    title: str
    node: str
    noticed_at: datetime


def iter_variants(session: Session, *, limit: int = 200) -> Sequence[Variant]:
    """List the forms of which two nodes have different ones under one version, the newest first."""
    t = form_variants.c
    query = select(t.project_id, t.form_id, t.version, t.title, t.node, t.noticed_at)
    unsettled = query.where(t.settled_at.is_(None)).order_by(t.noticed_at.desc(), t.id.desc()).limit(limit)
    return [Variant(*row) for row in session.execute(unsettled)]
