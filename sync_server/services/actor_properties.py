"""Note of tablets and links what a project wants to know of each, such as a region.

The names are registered in the project first, so that a typing error is no new property.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server.errors import PropertyExists, UnexpectedValue, UnknownProperty
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, write_act
from sync_server.services.project_home import require_led_here
from sync_server.store import actor_properties
from sync_server.store.accounts import Actor

# As names of entities' properties; a longer one is no name.
_NAME = re.compile(r"[^\W\d][\w.-]{0,99}")
_RESERVED = "displayname"
LONGEST_VALUE = 2_000

Values = Mapping[str, str | None]


def add_property(node: Node, actor: Actor | None, project_id: int, name: str) -> None:
    """Register a name; raise UnexpectedValue for what is none, and PropertyExists."""
    require(node, actor, "actor_property.create", project_id=project_id)
    require_led_here(node, project_id)
    if not _NAME.fullmatch(name) or name.casefold() == _RESERVED:
        reason = "letters, digits, '-', '_' and '.' make a name; it begins with a letter, and is not displayName."
        raise UnexpectedValue(field="name", value=name[:100], reason=reason)
    act = make_act(actor, "actor_property.create", f"project:{project_id}", name=name)

    def add(session: Session) -> None:
        if not actor_properties.add_property(session, project_id, name, now=datetime.now(UTC)):
            raise PropertyExists(value=name)
        write_act(session, act)

    node.write(add)


def list_properties(node: Node, actor: Actor | None, project_id: int) -> dict[str, list[str]]:
    """List the registered names, each with the values in use."""
    require(node, actor, "actor_property.list", project_id=project_id)
    with node.database.read() as session:
        used = actor_properties.find_used_values(session, project_id)
        return {name: used.get(name, []) for name in actor_properties.iter_properties(session, project_id)}


def read_values(given: Any) -> dict[str, str | None]:
    """Read values as a client sent them: an object of texts, and null to take one away."""
    if not isinstance(given, dict):
        raise UnexpectedValue(field="properties", value=str(given)[:100], reason="it must be an object.")
    for name, value in given.items():
        if not (value is None or (isinstance(value, str) and len(value) <= LONGEST_VALUE)):
            reason = f"a property is a text of {LONGEST_VALUE} characters at most, or null."
            raise UnexpectedValue(field=name[:100], value=str(value)[:100], reason=reason)
    return {name: value if value is None else value.replace("\0", "\ufffd") for name, value in given.items()}


def set_values(session: Session, actor: Actor | None, owner: Actor, project_id: int, values: Values) -> None:
    """Set a tablet's or link's values, in a transaction that does more; raise UnknownProperty."""
    known = set(actor_properties.iter_properties(session, project_id))
    for name in values:
        if name not in known:
            raise UnknownProperty(property=name[:100])
    if values:
        actor_properties.put_values(session, owner.id, values)
        act = make_act(actor, f"{owner.type}.property.set", f"actor:{owner.id}", names=sorted(values))
        write_act(session, act)
