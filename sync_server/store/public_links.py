"""Public links: a token that opens one form to whoever has it. Revoked ones are still known, as app users are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.store import accounts, changes
from sync_server.store.accounts import PUBLIC_LINK, Actor
from sync_server.store.changes import Change
from sync_server.store.tables import actors, public_links

_t = public_links.c


@dataclass(frozen=True, slots=True)
class PublicLink:
    """A link, and the form it is for. `once`: web forms let each browser fill it once (they count, not the server)."""

    actor: Actor
    form_id: str
    once: bool
    token_hash: str
    token_sealed: bytes


def add_link(
    session: Session, *, project_id: int, form_id: str, display_name: str, once: bool, token_hash: str,
    token_sealed: bytes, now: datetime, created_by: int | None,
) -> PublicLink:  # fmt: skip
    actor_id = accounts.add_actor(session, PUBLIC_LINK, display_name, now=now, created_by=created_by)
    values = {"project_id": project_id, "form_id": form_id, "once": once, "created_at": now}
    secret = {"token_hash": token_hash, "token_sealed": token_sealed}
    session.execute(insert(public_links).values({"actor_id": actor_id, **values, **secret}))
    _say(session, actor_id, "created")
    return get_link(session, actor_id)


def get_link(session: Session, actor_id: int) -> PublicLink:
    """Return a link that was not deleted; raise NotFound."""
    row = session.execute(_links().where(_t.actor_id == actor_id, actors.c.deleted_at.is_(None))).first()
    if row is None:
        raise NotFound
    return _to_link(row)


def find_link_by_token(session: Session, token_hash: str) -> PublicLink | None:
    """Find a link, revoked or deleted ones too."""
    row = session.execute(_links().where(_t.token_hash == token_hash)).first()
    return _to_link(row) if row else None


def iter_links(session: Session, project_id: int, form_id: str) -> list[PublicLink]:
    """List a form's links that were not deleted, the newest first."""
    query = _links().where(_t.project_id == project_id, _t.form_id == form_id, actors.c.deleted_at.is_(None))
    return [_to_link(row) for row in session.execute(query.order_by(_t.actor_id.desc()))]


def revoke_link(session: Session, actor_id: int, *, now: datetime) -> None:
    """End a link; once ended, it stays as it was."""
    query = update(public_links).where(_t.actor_id == actor_id, _t.revoked_at.is_(None))
    if session.execute(query.values(revoked_at=now).returning(_t.actor_id)).first():
        _say(session, actor_id, "revoked")


def delete_link(session: Session, actor_id: int, *, now: datetime) -> None:
    """End a link and take it off the list; its row stays, for the receipts that name it."""
    revoke_link(session, actor_id, now=now)
    session.execute(update(actors).where(actors.c.id == actor_id).values(deleted_at=now))
    _say(session, actor_id, "deleted")


def note_use(session: Session, actor_id: int, *, now: datetime) -> None:
    session.execute(update(public_links).where(_t.actor_id == actor_id).values(last_used_at=now))


def _links() -> Any:
    own = (_t.project_id, _t.form_id, _t.once, _t.token_hash, _t.token_sealed, _t.revoked_at, _t.last_used_at)
    who = (actors.c.id, actors.c.display_name, actors.c.created_at, actors.c.updated_at)
    return select(*own, *who).join(actors, actors.c.id == _t.actor_id)


def _to_link(row: Row[Any]) -> PublicLink:
    actor = Actor(
        id=row.id, type=PUBLIC_LINK, display_name=row.display_name, created_at=row.created_at,
        project_id=row.project_id, revoked_at=row.revoked_at, last_used_at=row.last_used_at, updated_at=row.updated_at,
    )  # fmt: skip
    return PublicLink(actor, row.form_id, row.once, row.token_hash, row.token_sealed)


def _say(session: Session, actor_id: int, what: str) -> None:
    changes.append(session, [Change("account", f"actor:{actor_id}", what)])
