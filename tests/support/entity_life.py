"""What may happen to the entities of a list at two hubs and a centre, and what must hold of them once all is quiet."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.xlsform import convert_form
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import (
    ListPlace,
    create_entities,
    delete_entities,
    restore_entities,
    settle_entity,
    update_entity,
)
from sync_server.services.edit_lists import add_property, change_list, make_list
from sync_server.store import entities
from sync_server.store.entities import StoredEntity
from tests.support.samples import NOON, add_form, send

LIST = "forums"
FORUMS = ListPlace(1, LIST)
IDS = {number: f"0190a1b2-0000-4000-8000-00000000000{number}" for number in range(1, 8)}
FORM = """
| settings | | |
| | form_title | form_id | version |
| | Forums | forum | 1 |
| survey | | | | |
| | type | name | label | save_to |
| | text | adm2 | District | adm2 |
| | text | status | Status | status |
| | text | picked | Picked | |
| entities | | | | | |
| | list_name | label | entity_id | create_if | update_if |
| | forums | ${status} | coalesce(${picked}, uuid()) | ${picked} = '' | ${picked} != '' |
"""


def publish_forums(centre: Node) -> None:
    """A list that a form writes and that people made by hand as well."""
    add_form(centre, convert_form(FORM.encode()).xml, "forum", "1", NOON)
    make_list(centre, ListPlace(1, "trainings"))
    add_property(centre, ListPlace(1, "trainings"), "adm2")


def share(centre: Node, *, is_shared: bool) -> None:
    change_list(centre, FORUMS, {"access": {"shared": True} if is_shared else None})


def register(node: Node, instance: str, number: int, district: str, minutes: float) -> bytes:
    """A tablet registers an entity; of one that is known already it is a second registration."""
    return _send(node, instance, 'create="1"', number, f"<adm2>{district}</adm2><status>new</status>", minutes)


def update_by_tablet(node: Node, served_by: Node, instance: str, number: int, said: str, minutes: float) -> bytes:
    """A tablet updates what it was served, by this node or another."""
    known = shown(served_by).get(IDS[number])
    base = known.number if known else 1
    action = f'update="1" baseVersion="{base}" trunkVersion="{base}" branchId="{instance}"'
    return _send(node, instance, action, number, said, minutes)


def _send(node: Node, instance: str, action: str, number: int, said: str, minutes: float) -> bytes:
    meta = (
        f"<instanceID>{instance}</instanceID>"
        f'<entity dataset="{LIST}" {action} id="{IDS[number]}"><label>Forum {number}</label></entity>'
    )
    xml = f'<data id="forum" version="1">{said}<meta>{meta}</meta></data>'.encode()
    send(node, xml, minutes=minutes)
    return xml


def act(node: Node, what: str, number: int, said: Mapping[str, str]) -> None:
    """What a person does on a server; raises a Problem where it cannot be done."""
    id = IDS[number]
    acts: dict[str, Callable[[], Any]] = {
        "make": lambda: create_entities(node, FORUMS, [EntityDraft(f"Forum {number}", said, id)]),
        "change": lambda: update_entity(node, FORUMS, id, said, base=None, is_forced=True),
        "settle": lambda: settle_entity(node, FORUMS, id, said, is_forced=True),
        "delete": lambda: delete_entities(node, FORUMS, [id]),
        "restore": lambda: restore_entities(node, FORUMS, [id]),
    }
    acts[what]()


ACTS = ("make", "change", "settle", "delete", "restore")


def random_said(chance: random.Random, districts: tuple[str, ...]) -> dict[str, str]:
    """Some properties with values; each may be left out."""
    said = {"adm2": chance.choice(districts), "status": chance.choice(("open", "closed", "dry"))}
    return {name: value for name, value in said.items() if chance.random() < 0.7}


def shown(node: Node) -> dict[str, StoredEntity]:
    consumers.fold_received(node)
    with node.database.read() as session:
        return {each.entity_id: each for each in entities.iter_entities(session, 1, LIST)}


def states(node: Node) -> dict[str, Any]:
    return {id: (each.number, each.data, each.state, each.is_served) for id, each in shown(node).items()}
