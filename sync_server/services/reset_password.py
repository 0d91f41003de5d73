"""Set a password without knowing the old one: by a code that an administrator hands over, or that an e-mail brings.

The code is a hundred random bits in five groups: it can be said over the telephone and typed from paper, as a hub has
no e-mail. It stands behind the # of its link, which browsers keep to themselves: no server, log or other site sees it.
It is good for a day, once, and sets a password; it signs nobody in, and two-factor sign-in stays as it was.
"""

import logging
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from sync_server.account_errors import ResetCodeOver
from sync_server.core.ids import sha256_hex
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import mail_texts, send_mail
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.services.password_strength import require_strength
from sync_server.services.passwords import hash_password
from sync_server.services.sign_in import find_secrets
from sync_server.services.users import NO_PASSWORD
from sync_server.store import accounts, people, reset_tokens
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=24)
# One e-mail in five minutes for each account, whoever asks: nobody's letter-box is filled from here.
MAIL_EVERY = timedelta(minutes=5)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 5, 4
PAGE = "/reset"


def make_reset_code(node: Node, actor: Actor | None, user_id: int) -> str:
    """Make a one-time code for somebody, in place of earlier ones; it is shown once, to the administrator."""
    require(node, actor, "user.update")
    user = get_user(node, user_id)
    act = make_act(actor, "user.password.reset.create", f"actor:{user.id}")

    def add(session: Session) -> str:
        reset_tokens.delete_reset_tokens(session, user.id)
        write_act(session, act)
        return _add_code(session, user, by=actor)

    code = node.write(add)
    log.info("reset code made actor=%d node=%s", user.id, node.id)
    return code


def use_reset_code(node: Node, code: str, password: str) -> None:
    """Set a password by a code, which uses it up; raise ResetCodeOver for one that is worth nothing."""
    hashed_code, now = hash_code(code), datetime.now(UTC)
    user = find_user_of(node, code)
    if user is None:
        raise ResetCodeOver
    require_strength(password, user.display_name, user.email or "")
    hashed = hash_password(password)
    act = make_act(user, "user.update", f"actor:{user.id}", password=True, reset=True)

    def use(session: Session) -> None:
        if reset_tokens.use_reset_token(session, hashed_code, now=now) != user.id:
            raise ResetCodeOver
        people.set_password_hash(session, user.id, hashed, None, now=now)
        write_act(session, act)

    change_access(node, use)
    log.info("password reset actor=%d node=%s", user.id, node.id)


def find_user_of(node: Node, code: str) -> Actor | None:
    """Find whose password a code may set."""
    with node.database.read() as session:
        user_id = reset_tokens.find_reset_token(session, hash_code(code), now=datetime.now(UTC))
        return accounts.get_actor(session, user_id) if user_id else None


def ask_reset(node: Node, email: str, *, root: str) -> None:
    """Send a code to an account's address, if there is such an account and a mail server; tell the caller nothing."""
    if not send_mail.can_send(node):
        log.warning("reset asked for, and there is no mail server: make a link for the person node=%s", node.id)
        return
    send_mail.in_background(node, lambda: _mail_code(node, email, root))


def invalidate_password(node: Node, actor: Actor | None, email: str) -> None:
    """Make somebody's password worth nothing at once and end their sessions; an unknown address is no error."""
    require(node, actor, "user.password.invalidate")
    found = find_secrets(node, email)
    if found is None:
        return
    user_id = found.actor.id
    act = make_act(actor, "user.update", f"actor:{user_id}", password=False)

    def invalidate(session: Session) -> None:
        people.set_password_hash(session, user_id, NO_PASSWORD, None, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, invalidate)
    log.info("password invalidated actor=%d node=%s", user_id, node.id)


def make_link(root: str, code: str) -> str:
    return f"{root}{PAGE}#{code}"


def welcome_user(node: Node, user: Actor, *, root: str) -> None:
    """Send a new person the code to set their first password, where there is a mail server."""
    if send_mail.can_send(node):
        send_mail.in_background(node, lambda: _mail_code(node, user.email or "", root, is_new=True))


def get_user(node: Node, user_id: int) -> Actor:
    """Return a person who was not deleted; raise NotFound, for tablets and links too."""
    with node.database.read() as session:
        found = accounts.get_living_actor(session, user_id)
    if found.type != accounts.USER:
        raise NotFound
    return found


def hash_code(code: str) -> str:
    """Hash a code as it was typed or pasted: with its link before it, in capitals, with or without the dashes."""
    plain = code[-1000:].rpartition("#")[2].lower()
    return sha256_hex("".join(sign for sign in plain if sign in _ALPHABET).encode())


def _mail_code(node: Node, email: str, root: str, *, is_new: bool = False) -> None:
    found = find_secrets(node, email)
    if found is None:
        return
    user, now = found.actor, datetime.now(UTC)

    def add(session: Session) -> str | None:
        if reset_tokens.count_reset_tokens(session, user.id, since=now - MAIL_EVERY):
            return None
        return _add_code(session, user, by=None)

    if code := node.write(add):
        text = mail_texts.WELCOME if is_new else mail_texts.RESET
        send_mail.send_mail(node, user.email or "", *text.about(make_link(root, code)))


def _add_code(session: Session, user: Actor, *, by: Actor | None) -> str:
    code, now = _make_code(), datetime.now(UTC)
    reset_tokens.add_reset_token(
        session,
        token_hash=hash_code(code),
        actor_id=user.id,
        created_by=by.id if by else None,
        now=now,
        expires_at=now + LIFETIME,
    )
    return code


def _make_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
