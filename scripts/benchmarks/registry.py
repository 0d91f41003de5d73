"""A node with a list of a hundred thousand people, three small lists, and a form for each that tablets pick from."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from uuid import UUID

from sync_server.core.entity_draft import EntityDraft
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.actor_properties import add_property as add_noted
from sync_server.services.demo.people import choose_language, make_person
from sync_server.services.devices import add_device
from sync_server.services.edit_entities import ListPlace, create_entities
from sync_server.services.edit_lists import add_property, change_list, make_list
from sync_server.services.publish_form import publish_form

PEOPLE = ListPlace(1, "participants")
SMALL = ("forums", "concerns", "trainings")
DISTRICTS = 20
PROPERTIES = (
    "active", "adm2", "birth_year", "family_name", "father_name", "forum_id", "full_name", "given_name",
    "grandfather_name", "role", "sex",
)  # fmt: skip
# Everybody of the districts that are noted of the tablet, and nobody else.
OWN_DISTRICTS = {"type": "filter", "filter": "adm2 eq $actor/district and active ne '0'"}

_PICKER = """
| settings | | |
| | form_title | form_id | version |
| | Visit {name} | visit_{name} | 1 |
| survey | | | |
| | type | name | label |
| | select_one_from_file {name}.csv | which | Which |
"""


def make_lists(node: Node) -> None:
    """Make the lists and publish the forms that pick from them."""
    add_noted(node, None, 1, "district")
    for name in (PEOPLE.name, *SMALL):
        place = ListPlace(1, name)
        make_list(node, place)
        for each in PROPERTIES:
            add_property(node, place, each)
        publish_form(node, None, _PICKER.format(name=name).encode(), ignore_warnings=True)
    for name in SMALL:
        create_entities(node, ListPlace(1, name), make_people(100, seed=len(name)))


def narrow(node: Node, name: str) -> None:
    change_list(node, ListPlace(1, name), {"access": OWN_DISTRICTS})


def add_tablet(node: Node, districts: range) -> str:
    """Add a tablet for some of the districts; return its address below the server's."""
    noted = " ".join(map(district, districts))
    _, token = add_device(node, None, f"districts {districts}", 1, properties={"district": noted})
    return f"/v1/key/{token}/projects/1"


def district(number: int) -> str:
    return f"IQG15Q{number:02d}"


def make_people(count: int, *, seed: int) -> Iterator[EntityDraft]:
    """Make people as the attendance form registers them, their names in one of three languages."""
    chance = random.Random(seed)
    strangers = [make_person(chance, choose_language(chance)) for _ in range(2_000)]
    forums = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(66)]
    for _ in range(count):
        person = chance.choice(strangers)
        born = 2026 - person.age
        full = f"{person.given} {person.father} {person.grandfather} {person.family}"
        said = (
            "1", district(chance.randrange(DISTRICTS)), str(born), person.family, person.father, chance.choice(forums),
            full, person.given, person.grandfather, "community", person.sex,
        )  # fmt: skip
        values = dict(zip(PROPERTIES, said, strict=True))
        yield EntityDraft(f"{full} · {person.sex} {born}", values, str(UUID(int=chance.getrandbits(128), version=4)))


def upload(node: Node, drafts: list[EntityDraft], *, at_once: int) -> tuple[float, float]:
    """Create them, so many in one call; return the seconds until all are acknowledged, and until all show."""
    began = time.perf_counter()
    for start in range(0, len(drafts), at_once):
        create_entities(node, PEOPLE, drafts[start : start + at_once])
    acknowledged = time.perf_counter() - began
    consumers.fold_received(node)
    return acknowledged, time.perf_counter() - began
