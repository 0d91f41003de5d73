"""What is served of a list: just the rows and columns that rule, role and settings let through, on both databases."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_server.core.list_settings import ListSettings
from sync_server.core.roles import APP_USER
from sync_server.core.scope import Grant, Scope
from sync_server.node import Node
from sync_server.services.actor_properties import add_property
from sync_server.services.devices import add_device, change_device
from sync_server.services.list_scope import view_with_forms
from sync_server.services.served_lists import hash_of, write_csv
from sync_server.store.entities import EntityList
from tests.support.random_lists import NOTED, PROPERTIES, VALUES, Made, Rule, made, noted, put_made, rules

PAIRS = [
    {"datasetProperty": "adm2", "actorProperty": "district"},
    {"datasetProperty": "forum", "actorProperty": "forums"},
]
# The rows of a role, and the districts that they let through.
DISTRICTS: dict[str | None, set[str]] = {
    None: set(VALUES),
    "#adm2+code eq 'a' or #adm2+code eq 'b'": {"a", "b"},
    "#adm2+code ne 'a'": set(VALUES) - {"a", ""},
    "#adm3+code eq 'a'": set(),
}


@dataclass
class World:
    """A node with one tablet, and what was served so far: one hash stands for one content, ever."""

    node: Node
    tablet: int
    known: set[str] = field(default_factory=set)
    contents: dict[str, bytes] = field(default_factory=dict)
    hashes: dict[bytes, str] = field(default_factory=dict)

    def serve(self, of_list: EntityList, rows: str | None) -> list[dict[str, str]]:
        scope, file = Scope(self.tablet, "field_key", (Grant(APP_USER, 1, None, rows),)), io.BytesIO()
        with self.node.database.read() as session:
            view = view_with_forms(session, scope, of_list)
            told = hash_of(self.node, session, view)
            assert write_csv(self.node, session, view, file) == told
        body = file.getvalue()
        assert self.contents.setdefault(told, body) == body
        assert self.hashes.setdefault(body, told) == told
        return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


@pytest.fixture
def world(node: Node) -> World:
    for name in NOTED:
        add_property(node, None, 1, name)
    return World(node, add_device(node, None, "tablet", 1)[0].id)


def said(kind: str, rule: Rule) -> dict[str, Any]:
    """The list's rule, as people write it."""
    return {
        "everything": {},
        "ownerOnly": {"type": "ownerOnly"},
        "property": {"type": "property", "rules": PAIRS},
        "filter": {"type": "filter", "filter": rule.text},
    }[kind]


def meant(kind: str, rule: Rule, tablet: int, of_actor: dict[str, str]) -> Callable[[Made], bool]:
    """And what it means."""

    def is_noted(each: Made) -> bool:
        pairs = [(pair["datasetProperty"], pair["actorProperty"]) for pair in PAIRS]
        return all(each.values.get(name, "") in of_actor.get(noted, "").split() for name, noted in pairs)

    meanings: dict[str, Callable[[Made], bool]] = {
        "everything": lambda each: True,
        "ownerOnly": lambda each: each.creator_id == tablet,
        "property": is_noted,
        "filter": lambda each: rule.says(each.values, of_actor) is True,
    }
    return meanings[kind]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    put=made,
    rule=rules,
    kind=st.sampled_from(("filter", "filter", "filter", "everything", "ownerOnly", "property")),
    of_actor=noted,
    rows=st.sampled_from([None, *DISTRICTS, None]),
    is_shared=st.booleans(),
    hidden=st.sets(st.sampled_from(PROPERTIES)),
)
def test_who_gets_what_is_what_the_rule_says(
    world: World, put: list[Made], rule: Rule, kind: str, of_actor: dict[str, str], rows: str | None,
    is_shared: bool, hidden: set[str],
) -> None:  # fmt: skip
    change_device(world.node, None, world.tablet, {name: of_actor.get(name) or None for name in NOTED})
    put = [replace(each, creator_id=world.tablet) if each.creator_id == 1 else each for each in put]
    access = {**said(kind, rule), "hidden": sorted(hidden), "shared": is_shared}
    served = world.serve(put_made(world.node, ListSettings(access=access), put, world.known), rows)
    districts = DISTRICTS[None] if is_shared else DISTRICTS[rows]
    is_theirs = meant(kind, rule, world.tablet, of_actor)
    columns = ("label", *(name for name in PROPERTIES if name not in hidden))
    assert served == [
        {"name": each.entity_id, "__version": "10000", **{name: each.values.get(name, "") for name in columns}}
        for each in sorted(put, key=lambda each: each.entity_id)
        if is_theirs(each) and each.values.get("adm2", "") in districts
    ]


@pytest.mark.parametrize("text", ["ناو-2 eq 'ب'", "not (ناو-2 ne 'ب')", "ناو-2 ge 'ب'"])
def test_a_rule_reads_a_property_in_any_script(world: World, text: str) -> None:
    put = [Made(f"0190a1b2-0000-4000-8000-{n:012d}", {"ناو-2": value}, None) for n, value in enumerate(("a", "ب", ""))]
    of_list = put_made(world.node, ListSettings(access={"type": "filter", "filter": text}), put, world.known)
    assert [row["ناو-2"] for row in world.serve(of_list, None)] == ["ب"]
