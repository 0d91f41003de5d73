"""What a person sets for themselves: kept as it is, read by the programs that set it."""

import json
from typing import Any

from sqlalchemy.orm import Session

from sync_server.account_errors import NoSuchPreference
from sync_server.errors import InsufficientRights, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import scope_of
from sync_server.services.audit import make_act, write_act
from sync_server.store import accounts, nodes, preferences
from sync_server.store.accounts import Actor
from sync_server.store.preferences import Preferences

LONGEST_NAME, LONGEST_VALUE, MOST = 200, 20_000, 500


def get_preferences(node: Node, actor: Actor) -> Preferences:
    with node.database.read() as session:
        return preferences.get_preferences(session, actor.id)


def set_preference(node: Node, actor: Actor, name: str, value: Any, *, project_id: int | None = None) -> None:
    """Keep a preference about the site, or a project the actor may know of."""
    _require_person(actor)
    _require_small(name, value)
    if project_id is not None:
        _require_project(node, actor, project_id)
    act = make_act(actor, "user.preference.update", f"actor:{actor.id}", projectId=project_id, name=name)

    def put(session: Session) -> None:
        if preferences.count_preferences(session, actor.id) >= MOST:
            raise UnexpectedValue(field="preference", value=name, reason=f"an account keeps {MOST} at most.")
        preferences.put_preference(session, actor.id, project_id, name, value)
        write_act(session, act)

    node.write(put)


def delete_preference(node: Node, actor: Actor, name: str, *, project_id: int | None = None) -> None:
    """Forget a preference; raise NoSuchPreference when there was none."""
    _require_person(actor)
    act = make_act(actor, "user.preference.delete", f"actor:{actor.id}", projectId=project_id, name=name[:LONGEST_NAME])

    def delete(session: Session) -> None:
        if not preferences.delete_preference(session, actor.id, project_id, name.replace("\0", "")):
            raise NoSuchPreference(name=name)
        write_act(session, act)

    node.write(delete)


def _require_person(actor: Actor) -> None:
    if actor.type != accounts.USER:
        raise InsufficientRights


def _require_small(name: str, value: Any) -> None:
    if "\0" in name or len(name) > LONGEST_NAME:
        raise UnexpectedValue(field="preference", value=name[:40], reason=f"a name has {LONGEST_NAME} letters at most.")
    written = json.dumps(value)
    if len(written) > LONGEST_VALUE or "\\u0000" in written:
        reason = f"a preference has {LONGEST_VALUE} characters at most, and no NUL."
        raise UnexpectedValue(field="preference", value=name, reason=reason)


def _require_project(node: Node, actor: Actor, project_id: int) -> None:
    with node.database.read() as session:
        is_there = nodes.find_project(session, project_id) is not None
    if not (is_there and scope_of(node, actor).knows(project_id)):
        raise NotFound
