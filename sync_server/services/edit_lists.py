"""What people decide about entity lists: make, add and remove properties, settings, delete. At the home only."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.entity_spec import is_list_name, is_property_name
from sync_server.core.list_access import check_access
from sync_server.core.list_settings import KIND
from sync_server.core.list_tags import check_tags
from sync_server.entity_errors import ListExists, ListInUse, PropertyInUse
from sync_server.errors import NotFound, PropertyExists, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.edit_entities import ListPlace, delete_entities, get_list
from sync_server.services.form_definitions import get_definition, get_entity_spec
from sync_server.services.project_home import require_led_here
from sync_server.store import entities, entity_decisions, forms
from sync_server.store.decisions import StoredDecision, add_decision
from sync_server.store.entities import EntityList

WITH_THE_LIST = "the list was deleted"  # what is said of entities that were deleted with their list
NAME_RULE = "it must begin with a letter, without spaces and periods, and not with two underscores."


def make_list(node: Node, place: ListPlace) -> None:
    """Make a list; raise ListExists, or UnexpectedValue for what no list can be called."""
    require(node, place.actor, "dataset.create", project_id=place.project_id)
    if not is_list_name(place.name):
        raise UnexpectedValue(field="name of a list", value=place.name[:60], reason=NAME_RULE)
    with _reading(node, place) as session:
        taken = {each.name.lower(): each.name for each in entities.iter_lists(session, place.project_id)}
    if place.name.lower() in taken:
        raise ListExists(value=taken[place.name.lower()])
    _decide(node, place, {"act": "make"}, "dataset.create")


def add_property(node: Node, place: ListPlace, name: str) -> None:
    """Add a property to a list; raise PropertyExists, UnexpectedValue."""
    of_list = _require_list(node, place, "dataset.update")
    if not is_property_name(name):
        raise UnexpectedValue(field="name of a property", value=name[:60], reason=NAME_RULE)
    if name.lower() in map(str.lower, of_list.properties):
        raise PropertyExists(value=name)
    _decide(node, place, {"act": "add property", "name": name}, "dataset.update")


def remove_property(node: Node, place: ListPlace, name: str) -> None:
    """Remove a property that no form writes and no entity has; raise PropertyInUse otherwise."""
    of_list = _require_list(node, place, "dataset.update")
    if name not in of_list.properties:
        raise NotFound
    with node.database.read() as session:
        if name not in of_list.settings.properties:
            raise PropertyInUse(property=name, reason="a form writes it.")
        if sum(bool(each.data.get(name)) for each in entities.iter_entities(session, place.project_id, place.name)):
            raise PropertyInUse(property=name, reason="there are entities that have it.")
    _decide(node, place, {"act": "remove property", "name": name}, "dataset.update")


def change_list(node: Node, place: ListPlace, settings: Mapping[str, Any]) -> None:
    """Set `needs_approval`, `access` (who gets which entities) or `tags` of a list.

    Raises what core/list_access.py raises for a rule that cannot be read, and UnexpectedValue for what is no tag.
    """
    of_list = _require_list(node, place, "dataset.update")
    check_access(settings.get("access"), of_list.properties)
    check_tags(settings.get("tags", {}), of_list.properties)
    _decide(node, place, {"act": "set", **settings}, "dataset.update")


def delete_list(node: Node, place: ListPlace) -> None:
    """Delete a list with all that is in it; raise ListInUse while a form writes or shows it."""
    _require_list(node, place, "dataset.delete")
    with node.database.read() as session:
        if using := find_forms_using(session, place.project_id, place.name):
            raise ListInUse(value=place.name, forms=", ".join(sorted(using)))
        left = [each.entity_id for each in entities.iter_served(session, place.project_id, place.name)]
    delete_entities(node, replace(place, source=WITH_THE_LIST), left)
    _decide(node, place, {"act": "delete"}, "dataset.delete")


def find_forms_using(session: Session, project_id: int, name: str) -> set[str]:
    """Name the forms of which any version writes a list, or shows it."""
    return {
        version.form_id
        for version in forms.iter_project_versions(session, project_id)
        if name in get_entity_spec(session, version).lists or f"{name}.csv" in get_definition(session, version).media
    }


def _require_list(node: Node, place: ListPlace, verb: str) -> EntityList:
    require(node, place.actor, verb, project_id=place.project_id)
    with _reading(node, place) as session:
        return get_list(session, place)


def _reading(node: Node, place: ListPlace) -> Any:
    require_led_here(node, place.project_id)
    consumers.fold_received(node)
    return node.database.read()


def _decide(node: Node, place: ListPlace, body: Mapping[str, Any], action: str) -> None:
    def write(session: Session) -> None:
        decided = entity_decisions.find_list_decisions(session, place.project_id).get(place.name, [])
        decision = StoredDecision(
            id=uuid4().hex,
            kind=KIND,
            project_id=place.project_id,
            form_id=place.name,
            subject=place.name,
            parents=tuple(each.id for each in decided),
            body=dict(body),
            author_id=place.actor.id if place.actor else None,
            decided_at=datetime.now(UTC),
            reason="",
        )
        add_decision(session, decision)
        write_act(session, make_act(place.actor, action, f"dataset:{place.project_id}/{place.name}", **body))

    node.write(noted(write))
    consumers.fold_received(node)
