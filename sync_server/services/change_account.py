"""Look after an account, one's own or as an administrator others': read it, change its name or password, end it."""

import logging
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_server.account_errors import AccountExists, LastAdministrator
from sync_server.core.http_digest import make_ha1
from sync_server.core.ids import sha256_hex
from sync_server.core.scope import is_administrator
from sync_server.errors import UnexpectedValue
from sync_server.node import Node
from sync_server.services import mail_texts, send_mail
from sync_server.services.access import change_access, may, require, scope_of
from sync_server.services.audit import make_act, write_act
from sync_server.services.password_strength import require_strength
from sync_server.services.passwords import hash_password
from sync_server.services.reset_password import get_user
from sync_server.services.sign_in import find_secrets, fold_email
from sync_server.services.two_factor import require_password
from sync_server.services.users import read_email
from sync_server.store import accounts, people
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

LONGEST_NAME = 200


def find_users(node: Node, actor: Actor, words: str | None) -> list[Actor]:
    """List people as the actor may know them: all, or those with the words; else only who has exactly this e-mail."""
    with node.database.read() as session:
        if may(node, actor, "user.list"):
            return people.iter_people(session, words or "")
        found = people.find_exact(session, fold_email(words)) if words else None
    return [found] if found else []


def read_user(node: Node, actor: Actor | None, user_id: int) -> Actor:
    """Return a person: oneself, or anybody with user.read."""
    _require_self_or(node, actor, user_id, "user.read")
    return get_user(node, user_id)


def change_user(
    node: Node, actor: Actor | None, user_id: int, *, email: str | None = None, display_name: str | None = None
) -> Actor:
    """Change a person's e-mail or name; the old address is told, where there is a mail server."""
    _require_self_or(node, actor, user_id, "user.update")
    user = get_user(node, user_id)
    address = read_email(email) if email is not None else user.email or ""
    name = _read_name(display_name) if display_name is not None else user.display_name
    changed = {"email": address != user.email, "displayName": name != user.display_name}
    act = make_act(actor, "user.update", f"actor:{user.id}", **changed)

    def change(session: Session) -> None:
        people.change_user(session, user.id, email=address, display_name=name, now=datetime.now(UTC))
        write_act(session, act)

    try:
        change_access(node, change)
    except IntegrityError as error:  # another process was faster by a hair
        raise AccountExists(email=address) from error
    if address != user.email:
        _tell(node, user.email or "", mail_texts.ADDRESS_CHANGED.about(address))
    return get_user(node, user_id)


def change_password(node: Node, actor: Actor, user_id: int, *, old: str, new: str, keep_token: str = "") -> None:
    """Replace a password by who knows the old one; every other session of the person ends, and reset codes too."""
    _require_self_or(node, actor, user_id, "user.update")
    user = get_user(node, user_id)
    require_password(node, user, old)
    require_strength(new, user.display_name, user.email or "")
    hashed, kept = hash_password(new), sha256_hex(keep_token.encode())
    found = find_secrets(node, user.email or "")
    ha1 = make_ha1(user.email or "", new) if found and found.digest_ha1 else None
    act = make_act(actor, "user.update", f"actor:{user.id}", password=True)

    def change(session: Session) -> None:
        people.replace_password(session, user.id, hashed, ha1, keep_session=kept, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, change)
    log.info("password changed actor=%d node=%s", user.id, node.id)
    _tell(node, user.email or "", mail_texts.PASSWORD_CHANGED.about(user.email or ""))


def delete_user(node: Node, actor: Actor | None, user_id: int) -> None:
    """End a person's access: sessions, roles, codes. What they did keeps their name."""
    require(node, actor, "user.delete")
    user = get_user(node, user_id)
    act = make_act(actor, "user.delete", f"actor:{user.id}")

    def delete(session: Session) -> None:
        if is_administrator(scope_of(node, user)) and people.count_administrators(session) < 2:
            raise LastAdministrator
        people.delete_user(session, user.id, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, delete)
    log.info("user deleted actor=%d node=%s", user.id, node.id)


def _require_self_or(node: Node, actor: Actor | None, user_id: int, verb: str) -> None:
    is_self = actor is not None and actor.type == accounts.USER and actor.id == user_id
    if not is_self:
        require(node, actor, verb)


def _read_name(name: str) -> str:
    read = " ".join(name.replace("\0", "").split())
    if not read or len(read) > LONGEST_NAME:
        reason = f"a name has one to {LONGEST_NAME} letters."
        raise UnexpectedValue(field="displayName", value=name[:LONGEST_NAME], reason=reason)
    return read


def _tell(node: Node, address: str, text: tuple[str, ...]) -> None:
    if send_mail.can_send(node) and address:
        send_mail.in_background(node, lambda: send_mail.send_mail(node, address, *text))
