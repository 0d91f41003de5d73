"""People with an e-mail and a password: add one, list them, give a new password."""

import logging
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_server.core.http_digest import make_ha1
from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.errors import AccountExists, NotFound, PasswordTooShort, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_secrets import make_password
from sync_server.services.passwords import hash_password
from sync_server.services.sign_in import find_secrets, fold_email
from sync_server.store import accounts, assignments
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

SHORTEST_PASSWORD = 10  # as ODK Central
FIRST_ADMINISTRATOR = "admin@localhost"


def ensure_administrator(node: Node) -> str | None:
    """Make sure somebody can sign in; return a password to be shown once, or None when nothing need be said."""
    with node.database.read() as session:
        if accounts.has_administrator(session):
            return None
    given = node.settings.admin_password
    password = given or make_password()
    email = node.settings.admin_email or FIRST_ADMINISTRATOR
    _add(node, None, email, password, display_name=email.partition("@")[0], is_administrator=True, uses_digest=False)
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
    """Add a person, who may nothing yet but sign in; `actor` None is the operator at the machine itself."""
    require(node, actor, "user.create")
    if is_administrator:
        require(node, actor, "assignment.create")
    _require_length(password)
    user = _add(
        node, actor, email, password,
        display_name=display_name, is_administrator=is_administrator, uses_digest=uses_digest,
    )  # fmt: skip
    log.info("user added actor=%d administrator=%s node=%s", user.id, is_administrator, node.id)
    return user


def list_users(node: Node, actor: Actor | None) -> list[Actor]:
    require(node, actor, "user.list")
    with node.database.read() as session:
        return accounts.iter_users(session)


def change_password(node: Node, actor: Actor | None, email: str, password: str) -> None:
    """Give a person a new password and end their sessions; Digest stays on or off as it was."""
    require(node, actor, "user.update")
    _require_length(password)
    found = find_secrets(node, email)
    if found is None:
        raise NotFound
    ha1 = make_ha1(fold_email(email), password) if found.digest_ha1 else None
    hashed, user_id = hash_password(password), found.actor.id
    act = make_act(actor, "user.update", f"actor:{user_id}", password=True)

    def change(session: Session) -> None:
        accounts.set_password(session, user_id, password_hash=hashed, digest_ha1=ha1)
        write_act(session, act)

    change_access(node, change)
    log.info("password changed actor=%d node=%s", user_id, node.id)


def _add(
    node: Node, actor: Actor | None, email: str, password: str, *,
    display_name: str, is_administrator: bool, uses_digest: bool,
) -> Actor:  # fmt: skip
    address = fold_email(email)
    if "@" not in address or any(c.isspace() or c in ':"' for c in address):
        raise UnexpectedValue(field="e-mail", value=email, reason="it is no e-mail address, such as sara@example.org.")
    hashed, by, now = hash_password(password), actor.id if actor else None, datetime.now(UTC)
    act = make_act(actor, "user.create")

    def add(session: Session) -> Actor:
        user = accounts.add_user(
            session,
            email=address,
            display_name=display_name or address,
            password_hash=hashed,
            digest_ha1=make_ha1(address, password) if uses_digest else None,
            now=now,
            created_by=by,
        )
        if is_administrator:
            assignments.put_assignment(session, user.id, Grant(ADMIN), now=now, by=by)
        write_act(session, act, actee=f"actor:{user.id}")
        return accounts.get_actor(session, user.id)

    try:
        return change_access(node, add)
    except IntegrityError as error:  # another process was faster by a hair
        raise AccountExists(email=address) from error


def _require_length(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(length=SHORTEST_PASSWORD)
