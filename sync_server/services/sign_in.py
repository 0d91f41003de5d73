"""Let people in: check a password, begin and end a session.

Passwords are kept as argon2 hashes, and an unknown e-mail costs as much time as a wrong password. Digest needs an HA1,
which is as good as the password to whoever reads the database: it is kept only for accounts that asked for it.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from sync_server.account_errors import AuthenticationFailed, SessionNeeded
from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.services import two_factor
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_secrets import derive_key, make_token
from sync_server.services.passwords import is_password
from sync_server.store import accounts, people, reset_tokens
from sync_server.store.accounts import Actor, Secrets, SignIn
from sync_server.store.people import OpenSession

SESSION_LIFETIME = timedelta(hours=24)  # as ODK Central
TICKET_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it is told once; only the token's hash is kept."""

    actor: Actor
    token: str
    csrf: str
    created_at: datetime
    expires_at: datetime


def check_password(node: Node, email: str, password: str) -> Actor:
    """Return whose password this is; raise AuthenticationFailed, as slowly for a stranger as for a typing error."""
    found = find_secrets(node, email)
    if not is_password(found.password_hash if found else None, password) or found is None:
        raise AuthenticationFailed
    return found.actor


def check_password_alone(node: Node, email: str, password: str) -> Actor:
    """As `check_password`, for doors that cannot ask for a code; raise SessionNeeded for accounts that need one."""
    actor = check_password(node, email, password)
    if two_factor.is_on(node, actor) or two_factor.is_required(node, actor):
        raise SessionNeeded
    return actor


def find_digest(node: Node, email: str) -> tuple[Actor, str] | None:
    """Return a person and the HA1 of an account that turned Digest on, and needs no code."""
    found = find_secrets(node, email)
    if found is None or not found.digest_ha1:
        return None
    needs_code = two_factor.is_on(node, found.actor) or two_factor.is_required(node, found.actor)
    return None if needs_code else (found.actor, found.digest_ha1)


def create_session(node: Node, email: str, password: str, *, code: str = "") -> NewSession:
    """Sign a person in for a day; raise as `two_factor.require_code` does for an account that needs a code as well."""
    actor = check_password(node, email, password)
    two_factor.require_code(node, actor, code)
    return begin_session(node, actor)


def begin_session(node: Node, actor: Actor) -> NewSession:
    """Begin a session of somebody who proved who they are; always a new one, whatever the browser came with."""
    now = datetime.now(UTC)
    new = NewSession(actor, make_token(), make_token(), now, now + SESSION_LIFETIME)
    act = make_act(actor, "user.session.create", f"actor:{actor.id}")

    def begin(session: Session) -> None:
        accounts.add_session(
            session,
            token_hash=sha256_hex(new.token.encode()),
            actor_id=actor.id,
            csrf=new.csrf,
            now=now,
            expires_at=new.expires_at,
        )
        write_act(session, act)

    node.write(begin)
    return new


def make_ticket(node: Node, actor: Actor) -> str:
    """Say that somebody's password was right, for the page that asks for the code; good for ten minutes.

    It is worth nothing as a session, and nothing at all once the password was changed.
    """
    ends = int(datetime.now(UTC).timestamp()) + int(TICKET_LIFETIME.total_seconds())
    return f"{actor.id}.{ends}.{_sign_ticket(node, actor, ends)}"


def read_ticket(node: Node, ticket: str) -> Actor:
    """Return whose password was right; raise AuthenticationFailed when the ticket is over or not ours."""
    number, _, rest = ticket[:200].partition(".")
    ends, _, signature = rest.partition(".")
    if not (number.isascii() and number.isdecimal() and ends.isascii() and ends.isdecimal() and len(number) < 16):
        raise AuthenticationFailed
    with node.database.read() as session:
        actor = accounts.find_living_actor(session, int(number))
    is_ours = actor is not None and hmac.compare_digest(
        _sign_ticket(node, actor, int(ends)).encode(), signature.encode("utf-8", "replace")
    )
    if actor is None or not is_ours or int(ends) < datetime.now(UTC).timestamp():
        raise AuthenticationFailed
    return actor


def _sign_ticket(node: Node, actor: Actor, ends: int) -> str:
    found = find_secrets(node, actor.email or "")
    proven = f"{actor.id}.{ends}.{found.password_hash if found else ''}"
    return hmac.digest(derive_key(node, "ticket"), proven.encode(), "sha256").hex()


def list_sessions(node: Node, actor: Actor, *, current_token: str = "") -> list[OpenSession]:
    """List a person's own sessions, the newest first."""
    with node.database.read() as session:
        return people.iter_sessions(
            session, actor.id, now=datetime.now(UTC), current_hash=sha256_hex(current_token.encode())
        )


def end_sessions(node: Node, actor: Actor, *, handle: str = "", keep_token: str = "") -> None:
    """End one of a person's own sessions, or all but the one in use."""
    act = make_act(actor, "user.session.end", f"actor:{actor.id}")
    kept = sha256_hex(keep_token.encode())

    def end(session: Session) -> None:
        if people.delete_sessions(session, actor.id, but=kept, handle=handle):
            write_act(session, act)

    node.write(end)


def find_session(node: Node, token: str) -> SignIn | None:
    """Find the session of a token, unless it is over."""
    with node.database.read() as session:
        return accounts.find_session(session, sha256_hex(token.encode()), now=datetime.now(UTC))


def end_session(node: Node, token: str, *, by: Actor | None = None) -> None:
    """Sign out, or let somebody else end the session; one that is over already is no error."""
    found = find_session(node, token)
    act = make_act(by or found.actor, "user.session.end", f"actor:{found.actor.id}") if found else None

    def end(session: Session) -> None:
        accounts.delete_session(session, sha256_hex(token.encode()))
        if act:
            write_act(session, act)

    node.write(end)


def forget_old_sessions(node: Node) -> None:
    """Clear away the sessions that are over, and the codes for a new password."""
    now = datetime.now(UTC)

    def forget(session: Session) -> None:
        accounts.delete_old_sessions(session, now=now)
        reset_tokens.delete_old_reset_tokens(session, now=now)

    node.write(forget)


def find_secrets(node: Node, email: str) -> Secrets | None:
    with node.database.read() as session:
        return accounts.find_secrets(session, fold_email(email))


def fold_email(email: str) -> str:
    """Write an e-mail as accounts are found by it."""
    return email.strip().lower().replace("\0", "\ufffd")  # PostgreSQL cannot even look for NUL
