"""What somebody may read of an entity list: which rows, and which properties. Every bulk reader asks here."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_event import LABEL
from sync_server.core.list_condition import EVERYTHING
from sync_server.errors import InsufficientRights, NotFound
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.list_scope import view_of_list
from sync_server.store import entities
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList
from sync_server.store.entity_filter import Condition
from sync_server.store.list_conditions import rows_where

ANY_FORM = ""  # no form is called so: only what was granted on the project or above counts


@dataclass(frozen=True, slots=True)
class EntityView:
    """`properties` by name in the list's order; `rows` are conditions over the table `entities`, none: all rows.

    Without `has_label` the labels are not shown: they can say what a property must not. What was saved from a severe
    question is no property of a list, so it is in no view.
    """

    list: EntityList
    properties: tuple[str, ...]
    rows: tuple[Condition, ...] = ()
    has_label: bool = True


def find_entity_view(node: Node, session: Session, actor: Actor | None, project_id: int, name: str) -> EntityView:
    """Return what the actor sees of a list; raise NotFound for no such list, InsufficientRights.

    Whose grants are limited to rows sees those entities (services/list_scope.py), and of them what the grants' level
    shows.
    """
    scope = require(node, actor, "entity.list", project_id=project_id)
    found = entities.find_list(session, project_id, name)
    if found is None:
        raise NotFound
    view = view_of_list(scope, found)
    if view is None:
        raise InsufficientRights
    rows = () if view.rows == EVERYTHING else (rows_where(view.rows),)
    properties = tuple(name for name in view.columns if name != LABEL)
    return EntityView(found, properties, rows, has_label=LABEL in view.columns)
