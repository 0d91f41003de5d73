"""Accounts that go from a project's home to other nodes: read there, stored here without a change of the feed.

An account's column `node` names its home; an account of this node has none. A grant's column `node` does the same, so
that what is granted here and what comes from the home are kept apart.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from sync_server.core.roles import find_role
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import read_level
from sync_server.store import reset_tokens
from sync_server.store.accounts import APP_USER, USER
from sync_server.store.assignments import actee_of, is_about_roles
from sync_server.store.engine import insert_for
from sync_server.store.tables import actors, app_users, assignments, changes, sessions, user_secrets, users

_t, _u, _p, _g = actors.c, users.c, app_users.c, assignments.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or a tablet with its secrets; what it has no part of is None."""

    id: int
    uid: str
    type: str
    display_name: str
    created_at: datetime
    deleted_at: datetime | None
    node: str | None
    email: str | None
    password_hash: str | None
    home_password_hash: str | None
    token_hash: str | None
    project_id: int | None
    revoked_at: datetime | None
    has_second_factor: bool


_SECOND = exists().where(user_secrets.c.actor_id == _t.id, user_secrets.c.confirmed_at.is_not(None))
_ACCOUNTS = select(
    _t.id, _t.uid, _t.type, _t.display_name, _t.created_at, _t.deleted_at, _t.node,
    _u.email, _u.password_hash, _u.home_password_hash, _p.token_hash, _p.project_id, _p.revoked_at,
    _SECOND.label("has_second_factor"),
).select_from(actors.outerjoin(users, _u.actor_id == _t.id).outerjoin(app_users, _p.actor_id == _t.id))  # fmt: skip


def find_account(session: Session, uid: str) -> Account | None:
    return _account(session.execute(_ACCOUNTS.where(_t.uid == uid)).first())


def find_account_by_email(session: Session, email: str) -> Account | None:
    """Find whose e-mail this is, in lower case."""
    return _account(session.execute(_ACCOUNTS.where(_u.email == email)).first())


def find_accounts_made_here(session: Session, actor_ids: Iterable[int]) -> list[Account]:
    """Load those of these actors that are people or tablets of this node."""
    query = _ACCOUNTS.where(_t.id.in_(sorted(actor_ids)), _t.node.is_(None), _t.type.in_((USER, APP_USER)))
    return [Account(**row._mapping) for row in session.execute(query.order_by(_t.id))]


def has_token(session: Session, token_hash: str) -> bool:
    return session.scalar(select(_p.actor_id).where(_p.token_hash == token_hash)) is not None


def find_grants_in(
    session: Session, actor_ids: Iterable[int], project_ids: Iterable[int]
) -> dict[tuple[int, int], list[Grant]]:
    """Load what actors were granted in projects, by actor and project."""
    found: dict[tuple[int, int], list[Grant]] = {}
    query = select(assignments).where(_g.actor_id.in_(sorted(actor_ids)), _g.project_id.in_(sorted(project_ids)))
    for row in session.execute(query.order_by(_g.actor_id, _g.project_id, _g.actee, _g.role_id)):
        if grant := _grant(row):
            found.setdefault((row.actor_id, row.project_id), []).append(grant)
    return found


def find_once_granted(session: Session, actor_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Say from the feed where actors once had a role, as (actor, actee)."""
    t = changes.c
    keys = {f"actor:{id}": id for id in actor_ids}
    query = select(t.key, t.version).where(is_about_roles(), t.key.in_(sorted(keys)))
    return {(keys[key], _place(version)) for key, version in session.execute(query)}


def _place(version: str) -> str:
    """Read where a change of roles was: "form:1/visit formfill ended" → "form:1/visit"."""
    named, _, _role = version.removesuffix(" ended").rpartition(" ")
    return named or version.removesuffix(" ended")


# -- what comes from a home


def add_account(session: Session, *, uid: str, kind: str, display_name: str, node: str, created_at: datetime) -> int:
    row = {"uid": uid, "type": kind, "display_name": display_name, "node": node, "created_at": created_at}
    actor_id: int = session.execute(insert(actors).values(row).returning(_t.id)).scalar_one()
    return actor_id


def add_person(session: Session, actor_id: int, *, email: str, password_hash: str | None) -> None:
    """Let somebody sign in; without a hash when an administrator here gives a code for a password."""
    row = {"actor_id": actor_id, "email": email, "password_hash": password_hash or ""}
    session.execute(insert(users).values(**row, home_password_hash=password_hash))


def add_tablet(session: Session, actor_id: int, *, project_id: int, token_hash: str, created_at: datetime) -> None:
    """Let a tablet in by its token, which itself is at its home only: no code can be shown here."""
    row = {"actor_id": actor_id, "project_id": project_id, "token_hash": token_hash, "token_sealed": b""}
    session.execute(insert(app_users).values(**row, created_at=created_at))


def link_account(session: Session, local_id: int, uid: str) -> None:
    """Let an account of this node go by the uid a home gave the same person; a bare name that had it gets another."""
    session.execute(update(actors).where(_t.uid == uid, _t.id != local_id).values(uid=uuid4().hex))
    session.execute(update(actors).where(_t.id == local_id).values(uid=uid))


def change_account(session: Session, actor_id: int, *, now: datetime, **values: Any) -> None:
    session.execute(update(actors).where(_t.id == actor_id).values(**values, updated_at=now))


def change_person(session: Session, actor_id: int, **values: Any) -> None:
    session.execute(update(users).where(_u.actor_id == actor_id).values(values))


def set_home_password(session: Session, actor_id: int, password_hash: str | None, *, is_used: bool) -> None:
    """Note what the home says; `is_used`: it is the password here as well, and whoever signed in with the last one is
    out."""
    values: dict[str, Any] = {"home_password_hash": password_hash}
    if is_used:
        values |= {"password_hash": password_hash or "", "digest_ha1": None}
        end_sessions(session, actor_id)
        reset_tokens.delete_reset_tokens(session, actor_id)
    change_person(session, actor_id, **values)


def revoke_tablet(session: Session, actor_id: int, revoked_at: datetime) -> None:
    session.execute(update(app_users).where(_p.actor_id == actor_id).values(revoked_at=revoked_at))


def delete_account(session: Session, actor_id: int, *, deleted_at: datetime) -> None:
    """End all that an account has; its row stays for what names it, and its e-mail is free again."""
    of_old = literal(f"{actor_id}:") + users.c.email
    change_person(session, actor_id, email=of_old, password_hash="", home_password_hash=None, digest_ha1=None)
    session.execute(update(actors).where(_t.id == actor_id).values(deleted_at=deleted_at))
    session.execute(delete(user_secrets).where(user_secrets.c.actor_id == actor_id))
    session.execute(delete(assignments).where(_g.actor_id == actor_id))
    reset_tokens.delete_reset_tokens(session, actor_id)
    end_sessions(session, actor_id)


def end_sessions(session: Session, actor_id: int) -> None:
    session.execute(delete(sessions).where(sessions.c.actor_id == actor_id))


def has_any_role(session: Session, actor_id: int) -> bool:
    return bool(session.scalar(select(exists().where(_g.actor_id == actor_id))))


def find_grants_of_home(session: Session, actor_id: int, project_id: int) -> set[Grant]:
    """Load what the project's home granted an actor there."""
    query = select(assignments).where(_g.actor_id == actor_id, _g.project_id == project_id, _g.node.is_not(None))
    return {grant for row in session.execute(query) if (grant := _grant(row))}


def is_granted_by_home(session: Session, actor_id: int, grant: Grant) -> bool:
    query = select(_g.node).where(*_named(actor_id, grant))
    return session.scalar(query) is not None


def is_account_of_home(session: Session, actor_id: int) -> bool:
    """Tell whether another node is an account's home."""
    return session.scalar(select(_t.node).where(_t.id == actor_id)) is not None


def put_grant(session: Session, actor_id: int, grant: Grant, *, node: str, now: datetime) -> None:
    """Grant what a home grants; the same role granted here at the same place becomes the home's."""
    key = {"actor_id": actor_id, "role_id": grant.role.id, "actee": actee_of(grant.project_id, grant.form_id)}
    level = None if grant.level is None else grant.level.word
    given = {"rows": grant.rows, "level": level, "granted_at": now, "granted_by": None, "node": node}
    place = {"project_id": grant.project_id, "form_id": grant.form_id}
    statement = insert_for(session)(assignments).values({**key, **place, **given})
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=given))


def delete_grant(session: Session, actor_id: int, grant: Grant) -> None:
    session.execute(delete(assignments).where(*_named(actor_id, grant)))


def _named(actor_id: int, grant: Grant) -> Collection[Any]:
    actee = actee_of(grant.project_id, grant.form_id)
    return (_g.actor_id == actor_id, _g.role_id == grant.role.id, _g.actee == actee)


def _grant(row: Row[Any]) -> Grant | None:
    role = find_role(row.role_id)
    level = None if row.level is None else read_level(row.level)
    return Grant(role, row.project_id, row.form_id, row.rows, level) if role else None


def _account(row: Any) -> Account | None:
    return Account(**row._mapping) if row else None
