"""Take a person or a tablet with all it may do in one project; from the project's home only.

An account that the home made is kept as the home says. One that this node made stays its own, even when the home knows
the same person by the same e-mail: it keeps its password and what it was granted here, and has the home's roles beside.
What ends an account only ever adds: no item brings back what was revoked or deleted.
"""

import logging
from typing import Any

from sync_server.core.replication_items import AccountItem
from sync_server.core.roles import PEER_VERBS, find_role
from sync_server.core.row_scope import require_readable
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import read_level
from sync_server.errors import RowsUnreadable
from sync_server.replication.taking import (
    BEYOND_SCOPE,
    FORGED_AUTHOR,
    NOT_FROM_A_HUB,
    NOT_WHAT_IT_SAYS,
    UNREADABLE,
    NotTaken,
    Taking,
)
from sync_server.services.sign_in import fold_email
from sync_server.store import replicated_accounts
from sync_server.store.accounts import APP_USER, USER
from sync_server.store.assignments import actee_of
from sync_server.store.replicated_accounts import Account

log = logging.getLogger(__name__)


def take_account(taking: Taking, item: AccountItem) -> None:
    if not taking.is_led_by_sender(item.project):
        raise NotTaken(NOT_FROM_A_HUB)
    project_id = taking.project(item.project)
    if item.who.type not in (USER, APP_USER):
        raise NotTaken(UNREADABLE)
    account = _find(taking, item, project_id)
    if account is None or account.deleted_at is not None:
        return
    if account.node is not None:
        _follow_home(taking, item, account)
    wanted = set() if item.deleted_at else _read_grants(item, project_id)
    _grant(taking, account, project_id, wanted)


def _find(taking: Taking, item: AccountItem, project_id: int) -> Account | None:
    """Find whom the home speaks of, or add them; None: somebody unknown who has nothing here."""
    account = replicated_accounts.find_account(taking.session, item.who.uid)
    if account is not None:
        _require_same(taking, item, account, project_id)
    if not item.grants or (account is not None and _is_whole(account)):
        return account
    if item.who.type == APP_USER:
        return _add_tablet(taking, item, account, project_id)
    email = fold_email(item.email or "")
    if not email:
        raise NotTaken(UNREADABLE)
    other = replicated_accounts.find_account_by_email(taking.session, email)
    return _link(taking, item, other) if other else _add_person(taking, item, account, email)


def _require_same(taking: Taking, item: AccountItem, account: Account, project_id: int) -> None:
    if account.type != item.who.type:
        raise NotTaken(NOT_WHAT_IT_SAYS)
    if account.node is not None and account.node not in taking.peer.ids:
        raise NotTaken(FORGED_AUTHOR)
    if account.project_id not in (None, project_id):
        raise NotTaken(BEYOND_SCOPE)


def _is_whole(account: Account) -> bool:
    """Whether it is an account, not the bare name of somebody who once sent or decided something."""
    return account.email is not None or account.token_hash is not None


def _add_tablet(taking: Taking, item: AccountItem, bare: Account | None, project_id: int) -> Account:
    if item.token_hash is None:
        raise NotTaken(UNREADABLE)
    if replicated_accounts.has_token(taking.session, item.token_hash):
        raise NotTaken(FORGED_AUTHOR)
    actor_id = _name(taking, item, bare)
    made = item.created_at or taking.now
    replicated_accounts.add_tablet(
        taking.session, actor_id, project_id=project_id, token_hash=item.token_hash, created_at=made
    )
    return _added(taking, item)


def _add_person(taking: Taking, item: AccountItem, bare: Account | None, email: str) -> Account:
    actor_id = _name(taking, item, bare)
    replicated_accounts.add_person(taking.session, actor_id, email=email, password_hash=item.password_hash)
    return _added(taking, item)


def _name(taking: Taking, item: AccountItem, bare: Account | None) -> int:
    if bare is not None:
        return bare.id
    return replicated_accounts.add_account(
        taking.session, uid=item.who.uid, kind=item.who.type, display_name=item.who.name, node=taking.peer.id,
        created_at=item.created_at or taking.now,
    )  # fmt: skip


def _added(taking: Taking, item: AccountItem) -> Account:
    account = replicated_accounts.find_account(taking.session, item.who.uid)
    assert account is not None
    _tell(taking, account, "created")
    return account


def _link(taking: Taking, item: AccountItem, local: Account) -> Account:
    """Take the home's person and the one of this node for one, by their e-mail; what is of a third node is not ours
    to give away."""
    if local.node is not None:
        raise NotTaken(FORGED_AUTHOR)
    replicated_accounts.link_account(taking.session, local.id, item.who.uid)
    log.warning(
        "account linked actor=%d uid=%s peer=%s node=%s", local.id, item.who.uid, taking.peer.id, taking.node.id
    )
    _tell(taking, local, "linked")
    return local


# -- an account of the home


def _follow_home(taking: Taking, item: AccountItem, account: Account) -> None:
    if account.type == APP_USER:
        _revoke(taking, item, account)
    if item.deleted_at is not None:
        replicated_accounts.delete_account(taking.session, account.id, deleted_at=item.deleted_at)
        _tell(taking, account, "deleted")
    elif item.grants:
        _rename(taking, item, account)
        _set_password(taking, item, account)


def _revoke(taking: Taking, item: AccountItem, account: Account) -> None:
    """End a tablet's access; of two that ended it, the earlier."""
    if item.revoked_at is None or account.token_hash is None:
        return
    if account.revoked_at is None or item.revoked_at < account.revoked_at:
        replicated_accounts.revoke_tablet(taking.session, account.id, item.revoked_at)
        _tell(taking, account, "revoked")


def _rename(taking: Taking, item: AccountItem, account: Account) -> None:
    email = fold_email(item.email or "") or account.email
    changed = False
    if item.who.name != account.display_name:
        named = {"display_name": item.who.name}
        replicated_accounts.change_account(taking.session, account.id, now=taking.now, **named)
        changed = True
    if account.type == USER and email != account.email and email is not None and _is_free(taking, email):
        replicated_accounts.change_person(taking.session, account.id, email=email, digest_ha1=None)
        changed = True
    if changed:
        _tell(taking, account, "changed")


def _is_free(taking: Taking, email: str) -> bool:
    other = replicated_accounts.find_account_by_email(taking.session, email)
    if other is not None:
        log.warning("e-mail not taken over, it is another's here actor=%d node=%s", other.id, taking.node.id)
    return other is None


def _set_password(taking: Taking, item: AccountItem, account: Account) -> None:
    """Follow the home when it says another password than it last did, or, with a second factor, none any more.

    A password that was set here meanwhile is left alone unless the home says a new one.
    """
    if account.type != USER or item.password_hash == account.home_password_hash:
        return
    is_used = item.password_hash is not None or account.password_hash == account.home_password_hash
    replicated_accounts.set_home_password(taking.session, account.id, item.password_hash, is_used=is_used)
    _tell(taking, account, "password")


# -- roles


def _read_grants(item: AccountItem, project_id: int) -> set[Grant]:
    """Read roles; what this program does not know, or a peer's, allows nothing."""
    read = (_read_grant(said, project_id) for said in item.grants)
    return {grant for grant in read if grant is not None}


def _read_grant(said: dict[str, Any], project_id: int) -> Grant | None:
    texts = [said.get(name) for name in ("role", "form_id", "rows", "level")]
    name, form_id, rows, word = texts
    if not isinstance(name, str) or not all(isinstance(text, str | None) for text in texts):
        raise NotTaken(UNREADABLE)
    role = find_role(name)
    if role is None or role.verbs & PEER_VERBS or not _is_readable(rows):
        return None
    return Grant(role, project_id, form_id, rows, None if word is None else read_level(word))


def _is_readable(rows: str | None) -> bool:
    try:
        require_readable(rows or "a eq 'a'")
    except RowsUnreadable:
        log.warning("rows of a role not readable: another version of this program wrote them")
        return False
    return True


def _grant(taking: Taking, account: Account, project_id: int, wanted: set[Grant]) -> None:
    session, before = taking.session, replicated_accounts.find_grants_of_home(taking.session, account.id, project_id)
    for grant in sorted(before - wanted, key=_order):
        if not any(_order(grant) == _order(other) for other in wanted):
            replicated_accounts.delete_grant(session, account.id, grant)
            _tell_role(taking, account, grant, " ended")
    for grant in sorted(wanted - before, key=_order):
        replicated_accounts.put_grant(session, account.id, grant, node=taking.peer.id, now=taking.now)
        _tell_role(taking, account, grant)
    if before - wanted and not replicated_accounts.has_any_role(session, account.id):
        replicated_accounts.end_sessions(session, account.id)


def _order(grant: Grant) -> tuple[str, int]:
    return actee_of(grant.project_id, grant.form_id), grant.role.id


def _tell(taking: Taking, account: Account, what: str) -> None:
    taking.tell("account", f"actor:{account.id}", what)
    taking.has_changed_access = True


def _tell_role(taking: Taking, account: Account, grant: Grant, ending: str = "") -> None:
    where = actee_of(grant.project_id, grant.form_id)
    taking.tell("assignment", f"actor:{account.id}", f"{where} {grant.role.system}{ending}")
    taking.has_changed_access = True
