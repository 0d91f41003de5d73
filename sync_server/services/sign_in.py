"""Let people in: check a password, begin and end a session.

Passwords are kept as argon2 hashes, and an unknown e-mail costs as much time as a wrong password. Digest needs an HA1,
which is as good as the password to whoever reads the database: it is kept only for accounts that asked for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from sync_server.core.ids import sha256_hex
from sync_server.errors import AuthenticationFailed
from sync_server.node import Node
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_secrets import make_token
from sync_server.services.passwords import is_password
from sync_server.store import accounts
from sync_server.store.accounts import Actor, Secrets, SignIn

SESSION_LIFETIME = timedelta(hours=24)  # as ODK Central


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it is told once; only the token's hash is kept."""

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


def find_digest(node: Node, email: str) -> tuple[Actor, str] | None:
    """Return a person and the HA1 of an account that turned Digest on."""
    found = find_secrets(node, email)
    return (found.actor, found.digest_ha1) if found and found.digest_ha1 else None


def create_session(node: Node, email: str, password: str) -> NewSession:
    """Sign a person in for a day."""
    actor = check_password(node, email, password)
    now = datetime.now(UTC)
    new = NewSession(make_token(), make_token(), now, now + SESSION_LIFETIME)
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


def find_session(node: Node, token: str) -> SignIn | None:
    """Find the session of a token, unless it is over."""
    with node.database.read() as session:
        return accounts.find_session(session, sha256_hex(token.encode()), now=datetime.now(UTC))


def end_session(node: Node, token: str) -> None:
    """Sign out; a session that is over already is no error."""
    node.write(lambda s: accounts.delete_session(s, sha256_hex(token.encode())))


def forget_old_sessions(node: Node) -> None:
    """Clear away the sessions that are over."""
    node.write(lambda s: accounts.delete_old_sessions(s, now=datetime.now(UTC)))


def find_secrets(node: Node, email: str) -> Secrets | None:
    with node.database.read() as session:
        return accounts.find_secrets(session, fold_email(email))


def fold_email(email: str) -> str:
    """Write an e-mail as accounts are found by it."""
    return email.strip().lower().replace("\0", "\ufffd")  # PostgreSQL cannot even look for NUL
