"""What somebody may read of an entity list: which rows, and which properties. Every bulk reader asks here."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.store import entities
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList
from sync_server.store.entity_filter import Condition, nothing

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

    Whose every grant is limited to rows sees none: which entities are theirs is not known yet.
    """
    scope = require(node, actor, "entity.list", project_id=project_id)
    found = entities.find_list(session, project_id, name)
    if found is None:
        raise NotFound
    granted = scope.view(project_id, ANY_FORM, "entity.list")
    is_whole = granted is not None and granted.rows is None
    return EntityView(found, found.properties, () if is_whole else (nothing(),))
