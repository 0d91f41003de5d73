"""People's accounts as others look after them: search, change, end; and the sessions they have open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from sync_server.account_errors import AccountExists
from sync_server.core.roles import ADMIN
from sync_server.store import accounts, assignments, changes, reset_tokens, user_secrets
from sync_server.store.accounts import Actor
from sync_server.store.changes import Change
from sync_server.store.tables import actors, sessions, users
from sync_server.store.tables import assignments as granted


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One session of a person; `handle` names it on pages, and is worth nothing as a token."""

    handle: str
    created_at: datetime
    expires_at: datetime
    is_current: bool


def iter_people(session: Session, words: str = "") -> list[Actor]:
    """List people by e-mail; with `words`, those in whose name or e-mail each of them stands."""
    found = accounts.iter_users(session)
    wanted = words.casefold().split()
    return [person for person in found if all(word in _text(person) for word in wanted)]


def _text(person: Actor) -> str:
    return f"{person.email} {person.display_name}".casefold()


def count_administrators(session: Session) -> int:
    query = select(func.count(granted.c.actor_id.distinct())).join(actors, actors.c.id == granted.c.actor_id)
    query = query.where(granted.c.role_id == ADMIN.id, granted.c.project_id.is_(None), actors.c.deleted_at.is_(None))
    return session.scalar(query.where(actors.c.type == accounts.USER)) or 0


def change_user(session: Session, actor_id: int, *, email: str, display_name: str, now: datetime) -> None:
    """Change a person's e-mail and name; raise AccountExists when the e-mail is another's. Digest ends with the
    e-mail it was made of."""
    taken = accounts.find_secrets(session, email)
    if taken is not None and taken.actor.id != actor_id:
        raise AccountExists(email=email)
    if taken is None:
        session.execute(update(users).where(users.c.actor_id == actor_id).values(email=email, digest_ha1=None))
    changed = update(actors).where(actors.c.id == actor_id)
    session.execute(changed.values(display_name=display_name, updated_at=now))
    _say(session, actor_id, "changed")


def set_password_hash(session: Session, actor_id: int, hashed: str, ha1: str | None, *, now: datetime) -> None:
    """Replace a password (or "" for none), end the sessions, and make open reset codes worth nothing."""
    accounts.set_password(session, actor_id, password_hash=hashed, digest_ha1=ha1)
    reset_tokens.delete_reset_tokens(session, actor_id)
    session.execute(update(actors).where(actors.c.id == actor_id).values(updated_at=now))


def replace_password(
    session: Session, actor_id: int, hashed: str, ha1: str | None, *, keep_session: str, now: datetime
) -> None:
    """As `set_password_hash`, but the session of this token hash goes on: who changed it stays signed in."""
    kept = select(sessions).where(sessions.c.token_hash == keep_session, sessions.c.actor_id == actor_id)
    rows = [dict(row._mapping) for row in session.execute(kept)]
    set_password_hash(session, actor_id, hashed, ha1, now=now)
    if rows:
        session.execute(insert(sessions), rows)


def delete_user(session: Session, actor_id: int, *, now: datetime) -> None:
    """End a person's access: roles, sessions, codes. The row stays, for what names it; the e-mail is free again."""
    of_old = literal(f"{actor_id}:") + users.c.email  # on file, and free for a new account; no address has a colon
    ended = {"email": of_old, "password_hash": "", "digest_ha1": None}
    session.execute(update(users).where(users.c.actor_id == actor_id).values(ended))
    session.execute(update(actors).where(actors.c.id == actor_id).values(deleted_at=now))
    delete_sessions(session, actor_id)
    reset_tokens.delete_reset_tokens(session, actor_id)
    user_secrets.delete_two_factor(session, actor_id)
    assignments.delete_assignments(session, actor_id)
    _say(session, actor_id, "deleted")


def iter_sessions(session: Session, actor_id: int, *, now: datetime, current_hash: str = "") -> list[OpenSession]:
    """List a person's sessions that are not over, the newest first."""
    query = select(sessions).where(sessions.c.actor_id == actor_id, sessions.c.expires_at > now)
    found = session.execute(query.order_by(sessions.c.created_at.desc(), sessions.c.token_hash))
    return [_to_session(row, current_hash) for row in found]


def delete_sessions(session: Session, actor_id: int, *, but: str = "", handle: str = "") -> int:
    """End a person's sessions but the one of a token hash, or only the one of a handle; return how many."""
    ended = delete(sessions).where(sessions.c.actor_id == actor_id, sessions.c.token_hash != but)
    if handle:
        ended = ended.where(sessions.c.token_hash.startswith(handle, autoescape=True))
    return len(session.execute(ended.returning(sessions.c.token_hash)).all())


def find_exact(session: Session, email: str) -> Actor | None:
    found = accounts.find_secrets(session, email)
    return found.actor if found else None


def _to_session(row: Any, current_hash: str) -> OpenSession:
    return OpenSession(row.token_hash[:16], row.created_at, row.expires_at, row.token_hash == current_hash)


def _say(session: Session, actor_id: int, what: str) -> None:
    changes.append(session, [Change("account", f"actor:{actor_id}", what)])
