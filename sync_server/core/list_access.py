"""Who gets which entities of a list and which of their properties: the list's `access`, as data.

    {"type": "ownerOnly"}                                                   as ODK Central has it
    {"type": "property", "rules": [{"datasetProperty": "adm2", "actorProperty": "district"}]}
    {"type": "filter", "filter": "adm2 eq $actor/district and status ne 'closed'"}

and beside any of them, or alone: `"hidden": [properties that tablets do not get]`, and `"shared": true`, by which roles
that are narrowed to rows are not narrowed on this list. Several values in one actor property stand apart by spaces.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sync_server.core.entity_event import LABEL
from sync_server.core.list_condition import EVERYTHING, NOTHING, Condition, CreatedBy, OneOf, all_of
from sync_server.core.list_filter import read_list_filter
from sync_server.errors import Problem, UnexpectedValue

OWNER_ONLY, PROPERTY, FILTER = "ownerOnly", "property", "filter"

_KEYS = {None: set(), OWNER_ONLY: set(), PROPERTY: {"rules"}, FILTER: {"filter"}}
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is to have a list: the number of the actor, and what the project noted of it."""

    actor_id: int | None
    noted: Mapping[str, str]

    def values(self) -> dict[str, tuple[str, ...]]:
        """Several values stand apart by spaces; the whole is one too, as it is for ODK Central."""
        return {
            name: tuple(dict.fromkeys((value, *value.split()))) for name, value in self.noted.items() if value.strip()
        }


def hidden_by(access: Mapping[str, Any] | None) -> frozenset[str]:
    """Name the properties that tablets do not get."""
    return frozenset(access.get("hidden", ())) if access else frozenset()


def asks_what_is_noted(access: Mapping[str, Any] | None) -> bool:
    """Tell whether the rule compares with what is noted of an actor."""
    return access is not None and access.get("type") in (PROPERTY, FILTER)


def is_shared(access: Mapping[str, Any] | None) -> bool:
    return access is not None and access.get("shared") is True


def rows_for(access: Mapping[str, Any] | None, holder: Holder, properties: Collection[str]) -> Condition:
    """Say which entities a tablet, a link or somebody who only fills in forms gets.

    A rule that cannot be read, or that names a property which the list no longer has, lets nothing through.
    """
    try:
        return _rows(access or {}, holder, properties)
    except Problem:
        return NOTHING


def check_access(access: Mapping[str, Any] | None, properties: Collection[str]) -> None:
    """Raise UnexpectedValue, or a problem of core/odata_filter.py, for what is no rule for a list with these."""
    if access is None:
        return
    kind = access.get("type")
    if not isinstance(kind, str | None) or kind not in _KEYS:
        _refuse(kind, "its type is 'ownerOnly', 'property' or 'filter'.")
    if unknown := access.keys() - _KEYS[kind] - {"type", "hidden", "shared"}:
        _refuse(sorted(unknown)[0], "a rule of this type says no such thing.")
    if not isinstance(access.get("shared", False), bool):
        _refuse(access["shared"], "'shared' is true or false.")
    hidden = access.get("hidden", [])
    if not isinstance(hidden, list) or not all(isinstance(name, str) and name in properties for name in hidden):
        _refuse(hidden, "'hidden' is a list of the properties that tablets do not get.")
    _rows(access, Holder(None, {}), (LABEL, *properties))


def _rows(access: Mapping[str, Any], holder: Holder, properties: Collection[str]) -> Condition:
    match access.get("type"):
        case None:
            return EVERYTHING
        case "ownerOnly":
            return CreatedBy(holder.actor_id)
        case "property":
            return all_of(*(_rule(rule, holder, properties) for rule in _rules(access.get("rules"))))
        case "filter":
            return _filter(access.get("filter"), holder, properties)
    _refuse(access["type"], "this server does not know a rule of this type.")


def _rules(rules: Any) -> list[Any]:
    if not isinstance(rules, list) or not rules:
        _refuse(rules, "'rules' is a list of pairs, one at least: datasetProperty and actorProperty.")
    return rules


def _rule(rule: Any, holder: Holder, properties: Collection[str]) -> Condition:
    if not isinstance(rule, dict) or rule.keys() != {"datasetProperty", "actorProperty"}:
        _refuse(rule, "each rule says a datasetProperty and an actorProperty, and nothing else.")
    name, noted = rule["datasetProperty"], rule["actorProperty"]
    if not isinstance(noted, str) or not isinstance(name, str) or name not in properties:
        _refuse(name, "the list has no such property.")
    values = holder.values().get(noted, ())
    return OneOf(name, values) if values else NOTHING


def _filter(text: Any, holder: Holder, properties: Collection[str]) -> Condition:
    if not isinstance(text, str) or not text.strip():
        _refuse(text, "'filter' is a text such as: adm2 eq $actor/district")
    return read_list_filter(text, properties, holder.values())


def _refuse(value: Any, reason: str) -> NoReturn:
    raise UnexpectedValue(field="accessFilter", value=str(value)[:_LONGEST], reason=reason)
