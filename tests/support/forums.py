"""A list of forums as people make it on the server: some with a place, some changed since."""

from sync_server.core.entity_draft import EntityDraft
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace, create_entities, update_entity
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.list_entities import iter_list
from sync_server.store.accounts import Actor

NAME = "forums"
PROPERTIES = ("adm2", "geometry", "meets-on", "status")


def forum_id(number: int) -> str:
    return f"0190a1b2-0000-4000-8000-{number:012x}"


def make_forums(node: Node, actor: Actor | None = None, *, name: str = NAME) -> ListPlace:
    """Make the list, without any forum; under another name where the server brings one of this."""
    place = ListPlace(1, name, actor)
    make_list(node, place)
    for each in PROPERTIES:
        add_property(node, place, each)
    return place


def add_forums(
    node: Node, *said: dict[str, str], first: int = 0, actor: Actor | None = None, name: str = NAME
) -> list[str]:
    """Add forums, one after the other; `said` are their properties, and `label`."""
    place = ListPlace(1, name, actor)
    ids: list[str] = []
    for number, values in enumerate(said, start=first):
        label = values.pop("label", f"Forum {number}")
        ids += create_entities(node, place, [EntityDraft(label, values, forum_id(number))])
    return ids


def change_forum(node: Node, entity_id: str, **said: str) -> None:
    update_entity(node, ListPlace(1, NAME), entity_id, said, base=None, is_forced=True)


def number_of(node: Node, entity_id: str) -> int:
    return next(each.number for each in iter_list(node, NAME) if each.entity_id == entity_id)
