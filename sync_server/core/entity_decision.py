"""What a person does to an entity on the server, as a decision: signed, replicated and erased like any other.

What it says of the entity (label and properties) can name somebody, so it is kept among the decision's words, as JSON
text; once erased, the decision still counts as an event that says nothing.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sync_server.core.digest import canonical_json
from sync_server.core.entity_event import CREATE, DELETE, RESTORE, SETTLE, UPDATE, EntityEvent
from sync_server.core.storable import is_text

KIND = "entity"
ACTS = frozenset((CREATE, UPDATE, SETTLE, DELETE, RESTORE))


def write_entity_body(act: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Write the body of a decision; deleting and restoring say no values."""
    return {"act": act, **({"values": canonical_json(dict(values))} if values else {})}


def is_entity_body(body: Mapping[str, Any]) -> bool:
    """Tell whether a body, without its words, is one."""
    return body.keys() == {"act"} and body["act"] in ACTS


def read_entity_event(decision_id: str, parents: Iterable[str], body: Mapping[str, Any]) -> EntityEvent:
    return EntityEvent(id=decision_id, kind=body["act"], values=read_values(body), parents=frozenset(parents))


def read_values(body: Mapping[str, Any]) -> dict[str, str]:
    """Return what a decision says of an entity; of what came from another node, what cannot be kept is left out."""
    try:
        values = json.loads(body.get("values") or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: value for name, value in values.items() if isinstance(value, str) and is_text(name + value)}
