"""One-time codes with which somebody sets a password without knowing the old one; kept by their hash only."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from sync_server.store.tables import actors, reset_tokens

_t = reset_tokens.c


def add_reset_token(
    session: Session, *, token_hash: str, actor_id: int, created_by: int | None, now: datetime, expires_at: datetime
) -> None:
    session.execute(
        insert(reset_tokens).values(
            token_hash=token_hash, actor_id=actor_id, created_by=created_by, created_at=now, expires_at=expires_at
        )
    )


def find_reset_token(session: Session, token_hash: str, *, now: datetime) -> int | None:
    """Return whose password a code may set, None when it was used, is over or was never given."""
    query = select(_t.actor_id).join(actors, actors.c.id == _t.actor_id)
    query = query.where(_t.token_hash == token_hash, _t.used_at.is_(None), _t.expires_at > now)
    found: int | None = session.scalar(query.where(actors.c.deleted_at.is_(None)))
    return found


def use_reset_token(session: Session, token_hash: str, *, now: datetime) -> int | None:
    """Use a code up, in the transaction that sets the password; return whose it was, None when it is worth nothing."""
    actor_id = find_reset_token(session, token_hash, now=now)
    used = update(reset_tokens).where(_t.token_hash == token_hash, _t.used_at.is_(None)).values(used_at=now)
    is_used = session.execute(used.returning(_t.token_hash)).first() is not None
    return actor_id if is_used else None


def count_reset_tokens(session: Session, actor_id: int, *, since: datetime) -> int:
    """Count the codes that somebody was given since then."""
    return len(session.execute(select(_t.token_hash).where(_t.actor_id == actor_id, _t.created_at > since)).all())


def delete_reset_tokens(session: Session, actor_id: int) -> None:
    """Make every code of somebody worth nothing."""
    session.execute(delete(reset_tokens).where(_t.actor_id == actor_id))


def delete_old_reset_tokens(session: Session, *, now: datetime) -> None:
    session.execute(delete(reset_tokens).where(_t.expires_at < now))
