"""Who may come in: users with passwords, app users with tokens, sign-in sessions.

Tokens are looked up by their hash. A revoked app user is still found, and marked: what its tablet sends must be kept.
Changes to accounts go to the feed; sessions, which live for a day, do not.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from sync_server.account_errors import AccountExists
from sync_server.core.roles import ADMIN
from sync_server.errors import NotFound
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import actors, app_users, assignments, sessions, users

USER = "user"
APP_USER = "field_key"  # Central's word for it, seen by its clients
PUBLIC_LINK = "public_link"
PEER = "peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody the server knows: a person, or a tablet (an app user, bound to one project)."""

    id: int
    type: str
    display_name: str
    created_at: datetime
    email: str | None = None
    is_administrator: bool = False
    uses_digest: bool = False
    project_id: int | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is kept to check a person's password."""

    actor: Actor
    password_hash: str
    digest_ha1: str | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """One session of one actor."""

    actor: Actor
    csrf: str
    created_at: datetime
    expires_at: datetime


def add_user(
    session: Session,
    *,
    email: str,
    display_name: str,
    password_hash: str,
    digest_ha1: str | None,
    now: datetime,
    created_by: int | None = None,
) -> Actor:
    """Add a person; raise AccountExists when the e-mail is taken."""
    if find_secrets(session, email) is not None:
        raise AccountExists(email=email)
    actor_id = add_actor(session, USER, display_name, now=now, created_by=created_by)
    session.execute(
        insert(users).values(actor_id=actor_id, email=email, password_hash=password_hash, digest_ha1=digest_ha1)
    )
    _say(session, actor_id, "created")
    return get_actor(session, actor_id)


def set_password(session: Session, actor_id: int, *, password_hash: str, digest_ha1: str | None) -> None:
    """Replace a person's password and end their sessions."""
    values = {"password_hash": password_hash, "digest_ha1": digest_ha1}
    session.execute(update(users).where(users.c.actor_id == actor_id).values(values))
    session.execute(delete(sessions).where(sessions.c.actor_id == actor_id))
    _say(session, actor_id, "password")


def find_secrets(session: Session, email: str) -> Secrets | None:
    """Find a person by e-mail, which must be in lower case."""
    query = _people().add_columns(users.c.password_hash, users.c.digest_ha1)
    row = session.execute(query.where(users.c.email == email, actors.c.deleted_at.is_(None))).first()
    return Secrets(_to_actor(row), row.password_hash, row.digest_ha1) if row else None


def iter_users(session: Session) -> list[Actor]:
    """List people, by e-mail."""
    query = _people().where(users.c.email.is_not(None), actors.c.deleted_at.is_(None)).order_by(users.c.email)
    return [_to_actor(row) for row in session.execute(query)]


def has_administrator(session: Session) -> bool:
    query = select(users.c.actor_id).join(actors, actors.c.id == users.c.actor_id)
    query = query.where(_is_administrator(), actors.c.deleted_at.is_(None)).limit(1)
    return session.execute(query).first() is not None


def add_app_user(
    session: Session, *, project_id: int, display_name: str, token_hash: str, token_sealed: bytes, now: datetime,
    created_by: int | None = None,
) -> Actor:  # fmt: skip
    actor_id = add_actor(session, APP_USER, display_name, now=now, created_by=created_by)
    session.execute(
        insert(app_users).values(
            actor_id=actor_id, project_id=project_id, token_hash=token_hash, token_sealed=token_sealed, created_at=now
        )
    )
    _say(session, actor_id, "created")
    return get_actor(session, actor_id)


def find_app_user_by_token(session: Session, token_hash: str) -> Actor | None:
    """Find an app user, revoked or deleted ones too: `is_revoked` says so."""
    row = session.execute(_people().where(app_users.c.token_hash == token_hash)).first()
    return _to_actor(row) if row else None


def iter_app_users(session: Session, project_id: int | None = None) -> list[Actor]:
    """List app users that were not deleted, newest first, of one project or of all."""
    query = _people().where(app_users.c.actor_id.is_not(None), actors.c.deleted_at.is_(None))
    if project_id is not None:
        query = query.where(app_users.c.project_id == project_id)
    return [_to_actor(row) for row in session.execute(query.order_by(actors.c.id.desc()))]


def get_app_user(session: Session, actor_id: int) -> Actor:
    query = _people().where(app_users.c.actor_id == actor_id, actors.c.deleted_at.is_(None))
    row = session.execute(query).first()
    if row is None:
        raise NotFound
    return _to_actor(row)


def get_sealed_token(session: Session, actor_id: int) -> tuple[str, bytes]:
    """Return an app user's token hash and sealed token."""
    row = session.execute(
        select(app_users.c.token_hash, app_users.c.token_sealed).where(app_users.c.actor_id == actor_id)
    ).first()
    if row is None:
        raise NotFound
    return row.token_hash, row.token_sealed


def revoke_app_user(session: Session, actor_id: int, *, now: datetime) -> None:
    """End an app user's access; once revoked, it stays as it was."""
    query = update(app_users).where(app_users.c.actor_id == actor_id, app_users.c.revoked_at.is_(None))
    if session.execute(query.values(revoked_at=now).returning(app_users.c.actor_id)).first():
        _say(session, actor_id, "revoked")


def delete_app_user(session: Session, actor_id: int, *, now: datetime) -> None:
    """Revoke an app user and take it off the list; its row stays, for the receipts that name it."""
    revoke_app_user(session, actor_id, now=now)
    session.execute(update(actors).where(actors.c.id == actor_id).values(deleted_at=now))
    _say(session, actor_id, "deleted")


def note_use(session: Session, actor_id: int, *, now: datetime) -> None:
    session.execute(update(app_users).where(app_users.c.actor_id == actor_id).values(last_used_at=now))


def add_session(
    session: Session, *, token_hash: str, actor_id: int, csrf: str, now: datetime, expires_at: datetime
) -> None:
    session.execute(
        insert(sessions).values(
            token_hash=token_hash, actor_id=actor_id, csrf=csrf, created_at=now, expires_at=expires_at
        )
    )


def find_session(session: Session, token_hash: str, *, now: datetime) -> SignIn | None:
    query = _people().add_columns(
        sessions.c.csrf, sessions.c.created_at.label("began_at"), sessions.c.expires_at.label("ends_at")
    )
    query = query.join(sessions, sessions.c.actor_id == actors.c.id)
    query = query.where(sessions.c.token_hash == token_hash, actors.c.deleted_at.is_(None))
    row = session.execute(query).first()
    if row is None or row.ends_at <= now:
        return None
    return SignIn(_to_actor(row), row.csrf, row.began_at, row.ends_at)


def delete_session(session: Session, token_hash: str) -> None:
    session.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def delete_old_sessions(session: Session, *, now: datetime) -> None:
    session.execute(delete(sessions).where(sessions.c.expires_at < now))


def get_actor(session: Session, actor_id: int) -> Actor:
    return _to_actor(session.execute(_people().where(actors.c.id == actor_id)).one())


def get_living_actor(session: Session, actor_id: int) -> Actor:
    """Return an actor that was not deleted; raise NotFound."""
    found = find_living_actor(session, actor_id)
    if found is None:
        raise NotFound
    return found


def find_living_actor(session: Session, actor_id: int) -> Actor | None:
    row = session.execute(_people().where(actors.c.id == actor_id, actors.c.deleted_at.is_(None))).first()
    return _to_actor(row) if row else None


def find_display_name(session: Session, actor_id: int) -> str | None:
    return session.scalar(select(actors.c.display_name).where(actors.c.id == actor_id))


def _people() -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        actors.c.id,
        actors.c.type,
        actors.c.display_name,
        actors.c.created_at,
        users.c.email,
        _is_administrator().label("is_administrator"),
        users.c.digest_ha1.is_not(None).label("uses_digest"),
        app_users.c.project_id,
        app_users.c.revoked_at,
        app_users.c.last_used_at,
        actors.c.updated_at,
    ]
    joined = actors.outerjoin(users, users.c.actor_id == actors.c.id)
    return select(*columns).select_from(joined.outerjoin(app_users, app_users.c.actor_id == actors.c.id))


def _to_actor(row: Row[Any]) -> Actor:
    return Actor(
        id=row.id,
        type=row.type,
        display_name=row.display_name,
        created_at=row.created_at,
        email=row.email,
        is_administrator=bool(row.is_administrator),
        uses_digest=bool(row.uses_digest),
        project_id=row.project_id,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        updated_at=row.updated_at,
    )


def add_actor(session: Session, kind: str, display_name: str, *, now: datetime, created_by: int | None = None) -> int:
    """Add the row that every kind of actor has; return its number."""
    statement = insert(actors).values(type=kind, display_name=display_name, created_at=now, created_by=created_by)
    actor_id: int = session.execute(statement.returning(actors.c.id)).scalar_one()
    return actor_id


def _is_administrator() -> ColumnElement[bool]:
    t = assignments.c
    return exists().where(t.actor_id == actors.c.id, t.role_id == ADMIN.id, t.project_id.is_(None))


def _say(session: Session, actor_id: int, what: str) -> None:
    changes.append(session, [Change("account", f"actor:{actor_id}", what)])
