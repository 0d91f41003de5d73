"""What a person proves themselves with beside the password: the sealed key of their codes, recovery codes' hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import user_secrets

_t = user_secrets.c


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """One person's second factor; begun, and in force once a first code confirmed it."""

    totp_sealed: bytes
    is_confirmed: bool
    last_step: int
    recovery_codes_left: int


def find_two_factor(session: Session, actor_id: int) -> TwoFactor | None:
    row = session.execute(select(user_secrets).where(_t.actor_id == actor_id)).first()
    if row is None:
        return None
    return TwoFactor(row.totp_sealed, row.confirmed_at is not None, row.last_step, len(row.recovery_hashes))


def begin_two_factor(session: Session, actor_id: int, *, totp_sealed: bytes) -> bool:
    """Keep a new key, in place of one that was never confirmed; return False when one is in force."""
    begun = {"totp_sealed": totp_sealed, "last_step": 0, "recovery_hashes": []}
    statement = insert_for(session)(user_secrets).values(actor_id=actor_id, confirmed_at=None, **begun)
    statement = statement.on_conflict_do_update(
        index_elements=["actor_id"], set_=begun, where=_t.confirmed_at.is_(None)
    )
    return session.execute(statement.returning(_t.actor_id)).first() is not None


def confirm_two_factor(
    session: Session, actor_id: int, *, step: int, recovery_hashes: Sequence[str], now: datetime
) -> bool:
    """Put a begun key in force; return False when none is begun."""
    values = {"confirmed_at": now, "last_step": step, "recovery_hashes": list(recovery_hashes)}
    begun = update(user_secrets).where(_t.actor_id == actor_id, _t.confirmed_at.is_(None)).values(values)
    return _is_changed(session, actor_id, begun.returning(_t.actor_id), "two-factor on")


def use_step(session: Session, actor_id: int, step: int) -> bool:
    """Use the code of a time step up; return False when it or a later one was used before."""
    used = update(user_secrets).where(_t.actor_id == actor_id, _t.last_step < step).values(last_step=step)
    return session.execute(used.returning(_t.actor_id)).first() is not None


def use_recovery_code(session: Session, actor_id: int, code_hash: str) -> bool:
    """Use a recovery code up; return False when it is none, or was used before."""
    query = select(_t.recovery_hashes).where(_t.actor_id == actor_id, _t.confirmed_at.is_not(None)).with_for_update()
    hashes = session.scalar(query) or []
    if code_hash not in hashes:
        return False
    left = [kept for kept in hashes if kept != code_hash]
    session.execute(update(user_secrets).where(_t.actor_id == actor_id).values(recovery_hashes=left))
    return True


def put_recovery_codes(session: Session, actor_id: int, recovery_hashes: Sequence[str]) -> None:
    """Replace the recovery codes: those of before are worth nothing."""
    session.execute(update(user_secrets).where(_t.actor_id == actor_id).values(recovery_hashes=list(recovery_hashes)))


def delete_two_factor(session: Session, actor_id: int) -> bool:
    """Take the second factor away; return False when there was none."""
    gone = delete(user_secrets).where(_t.actor_id == actor_id).returning(_t.actor_id)
    return _is_changed(session, actor_id, gone, "two-factor off")


def _is_changed(session: Session, actor_id: int, statement: object, what: str) -> bool:
    is_changed = session.execute(statement).first() is not None  # type: ignore[call-overload]
    if is_changed:
        changes.append(session, [Change("account", f"actor:{actor_id}", what)])
    return is_changed
