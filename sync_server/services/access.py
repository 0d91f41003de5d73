"""Let people in: accounts, passwords, sign-in sessions.

Passwords are kept as argon2 hashes, and an unknown e-mail costs as much time as a wrong password. Digest needs an HA1,
which is as good as the password to whoever reads the database: it is kept only for accounts that asked for it.
"""

import hmac
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError

from sync_server.core.http_digest import make_ha1
from sync_server.core.ids import sha256_hex
from sync_server.errors import (
    AccountExists,
    AuthenticationFailed,
    InsufficientRights,
    NotFound,
    PasswordTooShort,
    ServerBusy,
    UnexpectedValue,
)
from sync_server.node import Node
from sync_server.store import accounts
from sync_server.store.accounts import Actor, Secrets, SignIn

log = logging.getLogger(__name__)

SHORTEST_PASSWORD = 10  # as ODK Central
SESSION_LIFETIME = timedelta(hours=24)  # as ODK Central
FIRST_ADMINISTRATOR = "admin@localhost"

# OWASP's smallest sound setting: 19 MiB a check. The default's 64 MiB would be felt on a small board.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A hash like any other, of a password nobody has: checked when there is no account.
_nobody = _hasher.hash(secrets.token_hex(16))
# At most two checks at once: 64 sign-ins together would take 1.2 GB.
_checking = threading.BoundedSemaphore(2)
LONGEST_WAIT_SECONDS = 2.0
# Letters and digits nobody confuses when reading them from a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it is told once; only the token's hash is kept."""

    token: str
    csrf: str
    created_at: datetime
    expires_at: datetime


def ensure_administrator(node: Node) -> str | None:
    """Make sure somebody can sign in; return a password to be shown once, or None when nothing need be said."""
    with node.database.read() as session:
        if accounts.has_administrator(session):
            return None
    given = node.settings.admin_password
    password = given or make_password()
    email = node.settings.admin_email or FIRST_ADMINISTRATOR
    _add(node, email, password, display_name=email.partition("@")[0], is_administrator=True, uses_digest=False)
    return None if given else password


def add_user(
    node: Node,
    actor: Actor | None,
    email: str,
    password: str,
    *,
    display_name: str = "",
    is_administrator: bool = False,
    uses_digest: bool = False,
) -> Actor:
    """Add a person; `actor` None is the operator at the machine itself."""
    require_administrator(actor)
    _require_length(password)
    user = _add(
        node, email, password, display_name=display_name, is_administrator=is_administrator, uses_digest=uses_digest
    )
    log.info("user added actor=%d administrator=%s node=%s", user.id, is_administrator, node.id)
    return user


def list_users(node: Node, actor: Actor | None) -> list[Actor]:
    require_administrator(actor)
    with node.database.read() as session:
        return accounts.iter_users(session)


def change_password(node: Node, actor: Actor | None, email: str, password: str) -> None:
    """Give a person a new password and end their sessions; Digest stays on or off as it was."""
    require_administrator(actor)
    _require_length(password)
    found = _find_secrets(node, email)
    if found is None:
        raise NotFound
    ha1 = make_ha1(_fold(email), password) if found.digest_ha1 else None
    hashed = _hash(password)
    node.write(lambda s: accounts.set_password(s, found.actor.id, password_hash=hashed, digest_ha1=ha1))
    log.info("password changed actor=%d node=%s", found.actor.id, node.id)


def check_password(node: Node, email: str, password: str) -> Actor:
    """Return whose password this is; raise AuthenticationFailed, as slowly for a stranger as for a typing error."""
    found = _find_secrets(node, email)
    if not _is_password(found.password_hash if found else _nobody, password) or found is None:
        raise AuthenticationFailed
    return found.actor


def find_digest(node: Node, email: str) -> tuple[Actor, str] | None:
    """Return a person and the HA1 of an account that turned Digest on."""
    found = _find_secrets(node, email)
    return (found.actor, found.digest_ha1) if found and found.digest_ha1 else None


def create_session(node: Node, email: str, password: str) -> NewSession:
    """Sign a person in for a day."""
    actor = check_password(node, email, password)
    now = datetime.now(UTC)
    new = NewSession(secrets.token_hex(32), secrets.token_hex(32), now, now + SESSION_LIFETIME)
    node.write(
        lambda s: accounts.add_session(
            s,
            token_hash=sha256_hex(new.token.encode()),
            actor_id=actor.id,
            csrf=new.csrf,
            now=now,
            expires_at=new.expires_at,
        )
    )
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


def require_administrator(actor: Actor | None) -> None:
    """Raise InsufficientRights unless it is an administrator, or the operator at the machine (None)."""
    if actor is not None and not actor.is_administrator:
        raise InsufficientRights


def derive_key(node: Node, purpose: str) -> bytes:
    """Make a key for one purpose from the node's key, so that none serves two."""
    return hmac.digest(node.key, purpose.encode(), "sha256")


def make_password() -> str:
    """Make a password of 80 random bits in four groups, to be read from a screen and typed."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _add(
    node: Node, email: str, password: str, *, display_name: str, is_administrator: bool, uses_digest: bool
) -> Actor:
    address = _fold(email)
    if "@" not in address or any(c.isspace() or c in ':"' for c in address):
        raise UnexpectedValue(field="e-mail", value=email, reason="it is no e-mail address, such as sara@example.org.")
    hashed = _hash(password)
    try:
        return node.write(
            lambda s: accounts.add_user(
                s,
                email=address,
                display_name=display_name or address,
                password_hash=hashed,
                digest_ha1=make_ha1(address, password) if uses_digest else None,
                is_administrator=is_administrator,
                now=datetime.now(UTC),
            )
        )
    except IntegrityError as error:  # another process was faster by a hair
        raise AccountExists(email=address) from error


def _find_secrets(node: Node, email: str) -> Secrets | None:
    with node.database.read() as session:
        return accounts.find_secrets(session, _fold(email))


def _fold(email: str) -> str:
    return email.strip().lower().replace("\0", "\ufffd")  # PostgreSQL cannot even look for NUL


def _require_length(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(length=SHORTEST_PASSWORD)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one's turn to use the processor for a password; not for ever, for uploads need the threads."""
    if not _checking.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise ServerBusy
    try:
        yield
    finally:
        _checking.release()


def _hash(password: str) -> str:
    with _turn():
        return _hasher.hash(password)


def _is_password(hashed: str, password: str) -> bool:
    try:
        with _turn():
            return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
