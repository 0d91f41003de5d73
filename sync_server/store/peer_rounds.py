"""How rounds with each peer go: who is at it, what was said last, and what somebody asked for.

One process at a time synchronises with a peer. It holds a lease: a word and a time, set where they were free or past
(compare and set), and set anew while it works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.store.tables import peer_rounds

LEASE = timedelta(seconds=120)
CLOCK_SLACK = timedelta(minutes=10)
"""A lease that ends later than this after its length was taken before the clock jumped back: it counts as past."""

_t = peer_rounds.c


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRound:
    """How it stands with one peer. `error` is the name of the Problem that ended the last round.

    `told_epoch`, `told_seq`: our feed's, up to which the peer said it has everything. `files_there`: files it still
    awaits from us, -1 when it has not been asked since it was sent something. `asking`: for a direction ("in" or
    "out") the [epoch, scope_hash, seq] of a feed up to which the receiver is asked first what it lacks.
    """

    peer_id: str
    told_epoch: str | None
    told_seq: int
    files_there: int
    tried_at: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    error: str | None
    error_details: Mapping[str, Any] | None
    failures: int
    wanted_at: datetime | None
    busy_token: str | None
    busy_until: datetime | None
    progress: Mapping[str, Any] | None
    asking: Mapping[str, Any] | None

    def is_busy(self, now: datetime) -> bool:
        """Tell whether a process holds the lease."""
        return self.busy_token is not None and not _is_past(self.busy_until, now)


_NAMES = tuple(PeerRound.__dataclass_fields__)
_COLUMNS = tuple(_t[name] for name in _NAMES)


def get_round(session: Session, peer_id: str) -> PeerRound:
    """Return how it stands with a peer; raise NotFound."""
    row = session.execute(select(*_COLUMNS).where(_t.peer_id == peer_id)).first()
    if row is None:
        raise NotFound
    return PeerRound(**dict(zip(_NAMES, row, strict=True)))


def iter_rounds(session: Session) -> list[PeerRound]:
    """List them for all peers, by the peers' ids."""
    rows = session.execute(select(*_COLUMNS).order_by(_t.peer_id))
    return [PeerRound(**dict(zip(_NAMES, row, strict=True))) for row in rows]


# -- who is at it


def claim(session: Session, peer_id: str, token: str, *, now: datetime, dead_token: str | None = None) -> bool:
    """Take the lease if nobody holds it, or only one who is known to be gone; tell whether it is ours now."""
    is_free = or_(
        _t.busy_token.is_(None), _t.busy_until <= now, _t.busy_until > now + LEASE + CLOCK_SLACK,
        _t.busy_token == (dead_token or token),
    )  # fmt: skip
    claimed = update(peer_rounds).where(_t.peer_id == peer_id, is_free)
    claimed = claimed.values(busy_token=token, busy_until=now + LEASE, progress=None)
    return session.execute(claimed.returning(_t.peer_id)).first() is not None


def renew(session: Session, peer_id: str, token: str, *, now: datetime) -> bool:
    """Hold the lease for longer; False when another took it meanwhile."""
    renewed = update(peer_rounds).where(_t.peer_id == peer_id, _t.busy_token == token)
    return session.execute(renewed.values(busy_until=now + LEASE).returning(_t.peer_id)).first() is not None


def release(session: Session, peer_id: str, token: str) -> None:
    """Give the lease back, if it is still ours."""
    held = update(peer_rounds).where(_t.peer_id == peer_id, _t.busy_token == token)
    session.execute(held.values(busy_token=None, busy_until=None, progress=None))


# -- what happened


def want_round(session: Session, peer_id: str, *, now: datetime) -> None:
    """Ask for a round as soon as possible."""
    _set(session, peer_id, wanted_at=now)


def note_tried(session: Session, peer_id: str, *, now: datetime) -> None:
    """Note that a round begins: whoever asked for one has it."""
    _set(session, peer_id, tried_at=now, wanted_at=None)


def note_succeeded(session: Session, peer_id: str, *, now: datetime) -> None:
    _set(session, peer_id, succeeded_at=now, error=None, error_details=None, failures=0)


def note_failed(
    session: Session, peer_id: str, *, error: str, details: Mapping[str, Any], now: datetime, counts: bool = True
) -> None:
    """Keep why a round ended before all was quiet: the name of a Problem and what it says.

    Without `counts`, it is not one more failure in a row: there is no reason to come less often.
    """
    failures = _t.failures + 1 if counts else 0
    _set(session, peer_id, failed_at=now, error=error, error_details=dict(details), failures=failures)


def note_told(session: Session, peer_id: str, *, epoch: str | None, seq: int | None) -> None:
    """Keep how much of our feed the peer said it has; nothing, when it knows nothing of it."""
    _set(session, peer_id, told_epoch=epoch, told_seq=seq or 0)


def note_files_there(session: Session, peer_id: str, count: int) -> None:
    """Keep how many files the peer awaits from us; -1: it was sent something and has not been asked since."""
    _set(session, peer_id, files_there=count)


def put_asking(session: Session, peer_id: str, asking: Mapping[str, Any]) -> None:
    _set(session, peer_id, asking=dict(asking) or None)


def put_progress(session: Session, peer_id: str, token: str, progress: Mapping[str, Any]) -> None:
    """Show how far the round is, if it is still ours."""
    held = update(peer_rounds).where(_t.peer_id == peer_id, _t.busy_token == token)
    session.execute(held.values(progress=dict(progress)))


def _set(session: Session, peer_id: str, **values: Any) -> None:
    session.execute(update(peer_rounds).where(_t.peer_id == peer_id).values(values))


def _is_past(until: datetime | None, now: datetime) -> bool:
    return until is None or until <= now or until > now + LEASE + CLOCK_SLACK
