"""What people decided about an entity list, as opposed to what forms say of it: a fold of decisions.

Only the project's home decides about lists, so its decisions follow one another; the order is that of their times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

KIND = "list"
SETTABLE = ("needs_approval", "access", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    """`properties` were added by hand. `is_made` when a person made the list, whatever forms write it.

    `needs_approval`: what submissions do counts only once they are approved. `access` says who gets which entities, in
    ODK Central's words or ours (core/list_access.py); None: everybody that gets the list. `tags` says which HXL tag a
    property has (none, when it is empty), over what forms say of it.
    """

    is_made: bool = False
    is_deleted: bool = False
    properties: tuple[str, ...] = ()
    needs_approval: bool = False
    access: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    made_at: str | None = None
    changed_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "properties": list(self.properties)}


@dataclass(frozen=True, slots=True)
class ListDecision:
    """One decision about a list: what it sets. `id` breaks ties of equal times."""

    id: str
    decided_at: datetime
    body: Mapping[str, Any]


def read_settings(values: Mapping[str, Any]) -> ListSettings:
    """Read what `to_json` wrote; what a newer version wrote beside it is left out."""
    known = {name: values[name] for name in ListSettings.__slots__ if name in values}
    return ListSettings(**{**known, "properties": tuple(values.get("properties", ()))})


def fold_list_settings(decisions: Iterable[ListDecision]) -> ListSettings:
    """Return what these decisions come to; without any, the settings of a list that only forms make."""
    settings = ListSettings()
    for decision in sorted(decisions, key=lambda each: (each.decided_at, each.id)):
        settings = _apply(settings, decision.body, decision.decided_at.isoformat())
    return settings


def _apply(settings: ListSettings, body: Mapping[str, Any], at: str) -> ListSettings:
    act = body.get("act")
    changed = replace(settings, changed_at=at)
    if act == "make":
        return replace(changed, is_made=True, is_deleted=False, made_at=settings.made_at or at)
    if act == "delete":
        return ListSettings(is_deleted=True, made_at=settings.made_at, changed_at=at)
    if act == "add property":
        return replace(changed, properties=tuple(sorted({*settings.properties, str(body["name"])})))
    if act == "remove property":
        return replace(changed, properties=tuple(name for name in settings.properties if name != body["name"]))
    if act == "set":
        wanted = {name: body[name] for name in SETTABLE if name in body}
        return replace(changed, **wanted)
    return settings


def is_list_body(body: Mapping[str, Any]) -> bool:
    """Tell whether a decision's body is one that `fold_list_settings` knows."""
    act = body.get("act")
    if act in ("make", "delete"):
        return body.keys() == {"act"}
    if act in ("add property", "remove property"):
        return body.keys() == {"act", "name"} and isinstance(body["name"], str)
    if act != "set" or not body.keys() <= {"act", *SETTABLE}:
        return False
    of_access, tags = body.get("access"), body.get("tags", {})
    is_text = isinstance(tags, dict) and all(isinstance(tag, str) for tag in tags.values())
    return is_text and isinstance(of_access, dict | None) and isinstance(body.get("needs_approval", False), bool)
