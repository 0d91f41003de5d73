"""People with an e-mail and a password: add one, list them, give a new password."""

import logging
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_server.account_errors import AccountExists
from sync_server.core.http_digest import make_ha1
from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.errors import NotFound, Problem, UnexpectedValue
from sync_server.node import Node
from sync_server.operator_errors import ImpossibleSetting
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_secrets import make_password
from sync_server.services.password_strength import require_strength
from sync_server.services.passwords import hash_password
from sync_server.services.sign_in import find_secrets, fold_email
from sync_server.store import accounts, assignments, people
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

NO_PASSWORD = ""  # the hash of none
LONGEST_EMAIL = 320  # RFC 3696: 64 before the @, 255 after it
FIRST_ADMINISTRATOR = "admin@localhost"


def ensure_administrator(node: Node) -> str | None:
    """Make sure somebody can sign in; return a password to be shown once, or None when nothing need be said."""
    with node.database.read() as session:
        if accounts.has_administrator(session):
            return None
    given = node.settings.admin_password
    password = given or make_password()
    email = node.settings.admin_email or FIRST_ADMINISTRATOR
    if given:
        _require_setting(given, email)
    _add(node, None, email, password, display_name=email.partition("@")[0], is_administrator=True, uses_digest=False)
    return None if given else password


def add_user(
    node: Node,
    actor: Actor | None,
    email: str,
    password: str | None,
    *,
    display_name: str = "",
    is_administrator: bool = False,
    uses_digest: bool = False,
) -> Actor:
    """Add a person, who may nothing yet but sign in; `actor` None is the operator at the machine itself.

    Without a password nobody can sign in until one is set by a reset code.
    """
    require(node, actor, "user.create")
    if is_administrator:
        require(node, actor, "assignment.create")
    if password is not None:
        require_strength(password, display_name, email)
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
    found = find_secrets(node, email)
    if found is None:
        raise NotFound
    require_strength(password, found.actor.display_name, email)
    ha1 = make_ha1(fold_email(email), password) if found.digest_ha1 else None
    hashed, user_id = hash_password(password), found.actor.id
    act = make_act(actor, "user.update", f"actor:{user_id}", password=True)

    def change(session: Session) -> None:
        people.set_password_hash(session, user_id, hashed, ha1, now=datetime.now(UTC))
        write_act(session, act)

    change_access(node, change)
    log.info("password changed actor=%d node=%s", user_id, node.id)


def _add(
    node: Node, actor: Actor | None, email: str, password: str | None, *,
    display_name: str, is_administrator: bool, uses_digest: bool,
) -> Actor:  # fmt: skip
    address = read_email(email)
    hashed = hash_password(password) if password else NO_PASSWORD
    by, now = actor.id if actor else None, datetime.now(UTC)
    act = make_act(actor, "user.create")

    def add(session: Session) -> Actor:
        user = accounts.add_user(
            session,
            email=address,
            display_name=display_name or address,
            password_hash=hashed,
            digest_ha1=make_ha1(address, password) if uses_digest and password else None,
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


def read_email(email: str) -> str:
    """Return an e-mail as accounts have it; raise UnexpectedValue for what is none."""
    address = fold_email(email)
    name, _, host = address.partition("@")
    if not (name and host) or len(address) > LONGEST_EMAIL or any(c.isspace() or c in ':"' for c in address):
        raise UnexpectedValue(
            field="e-mail", value=email[:LONGEST_EMAIL], reason="it is no e-mail address, such as sara@example.org."
        )
    return address


def _require_setting(password: str, email: str) -> None:
    """Refuse to begin with a first password that is quickly guessed."""
    try:
        require_strength(password, email)
    except Problem as problem:
        raise ImpossibleSetting(
            name="admin_password", value="what it is (not shown here)", reason=problem.text
        ) from None
