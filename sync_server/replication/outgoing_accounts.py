"""Who may sign in at a hub: people and tablets with their roles in the projects that this node leads.

A person's digest hash and second factor never leave, nor does the password of who signs in with one: a hub on a
laptop in a field office is stolen sooner than a server is broken into. What somebody may do on the whole site, or in
another project, is nobody's business there.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from sync_server.core.replication_items import AccountItem, Json, Who
from sync_server.core.roles import PEER_VERBS
from sync_server.core.scope import Grant, Scope
from sync_server.node import Node
from sync_server.store import assignments, projects, replicated_accounts
from sync_server.store.accounts import APP_USER, PEER
from sync_server.store.peers import PeerNode
from sync_server.store.replicated_accounts import Account

Place = tuple[int, int]  # an actor, a project


def account_items(
    session: Session, node: Node, peer: PeerNode, actor_ids: set[int], project_ids: Iterable[int]
) -> list[AccountItem]:
    """Say of each of these actors what it may do in each project that is led here.

    Who has no role in a project is not named there; only who once had one is, by uid alone, so that it ends.
    """
    if peer.is_centre or not actor_ids:
        return []
    led = projects.find_led_here(session, project_ids)
    scope = Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))
    known = replicated_accounts.find_accounts_made_here(session, actor_ids)
    granted = {
        place: kept
        for place, grants in replicated_accounts.find_grants_in(session, [a.id for a in known], led).items()
        if (kept := [grant for grant in grants if _may_know(scope, grant)])
    }
    ended = _find_ended(session, scope, known, granted, led)
    return [
        _item(node, account, uid, granted.get((account.id, project_id), ()))
        for account in known
        for project_id, uid in led.items()
        if (account.id, project_id) in granted or (account.id, project_id) in ended
    ]


def _may_know(scope: Scope, grant: Grant) -> bool:
    return scope.knows(grant.project_id, grant.form_id) and not grant.role.verbs & PEER_VERBS


def _find_ended(
    session: Session, scope: Scope, known: Iterable[Account], granted: Mapping[Place, object], led: Mapping[int, str]
) -> set[Place]:
    """Find who has nothing left in a project and once had, and the tablets whose access to theirs is over."""
    bare = {a.id: a for a in known if any((a.id, project_id) not in granted for project_id in led)}
    over = {
        (id, a.project_id)
        for id, a in bare.items()
        if a.type == APP_USER and a.project_id is not None and (a.revoked_at or a.deleted_at)
    }
    once = replicated_accounts.find_once_granted(session, bare) if bare else set()
    return over | {(id, place[0]) for id, actee in once if (place := _read_place(actee)) and scope.knows(*place)}


def _read_place(actee: str) -> tuple[int, str | None] | None:
    """Read "project:1" or "form:1/visit"; None for the whole site."""
    kind, _, rest = actee.partition(":")
    number, _, form_id = rest.partition("/")
    if kind not in ("project", "form") or not number.isdecimal():
        return None
    return int(number), form_id or None


def _item(node: Node, account: Account, project: str, grants: Iterable[Grant]) -> AccountItem:
    said = tuple(_write(grant) for grant in grants)
    revoked_at, deleted_at = account.revoked_at, account.deleted_at
    if not said or deleted_at is not None:
        who = Who(uid=account.uid, type=account.type, name="", node=node.id)
        return AccountItem(project=project, who=who, revoked_at=revoked_at, deleted_at=deleted_at)
    who = Who(uid=account.uid, type=account.type, name=account.display_name, node=node.id)
    return AccountItem(
        project=project,
        who=who,
        created_at=account.created_at,
        email=account.email,
        password_hash=None if account.has_second_factor else account.password_hash or None,
        token_hash=account.token_hash,
        revoked_at=revoked_at,
        grants=said,
    )


def _write(grant: Grant) -> Json:
    level = None if grant.level is None else grant.level.word
    return {"role": grant.role.system, "form_id": grant.form_id, "rows": grant.rows, "level": level}
