"""Erasing a person, or the submission that registered an entity, takes what people wrote about it, on every node."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.roles import PEER
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import create_entities
from sync_server.services.erase_person import erase_person, plan_person
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.list_erasures import list_erasures
from sync_server.store.tables import decision_seals, decisions
from tests.replication.test_decided_entities import FORUMS, WELLS, are_equal, change, decided, forum, shown, states
from tests.replication.test_decided_entities import centre as centre
from tests.support.paired_nodes import open_node, pair, sync
from tests.support.samples import send
from tests.support.wells import WELL, update, well

PHONE = "0770 123 4567"


@pytest.fixture
def second(centre: Node, hub: Node, tmp_path: Path) -> Iterator[Node]:
    """Two hubs that have all of the project."""
    with open_node(tmp_path / "second") as second:
        for each, name in ((hub, "first"), (second, "second")):
            pair(each, centre, role=PEER, name=name)
            sync(each, centre)
        yield second


def is_written(node: Node, word: str) -> bool:
    """Search all that people decided here, and what was made of it."""
    consumers.catch_up(node)
    with node.database.read() as session:
        bodies = [*session.scalars(select(decisions.c.body)), *session.scalars(select(decisions.c.reason))]
    made = [(each.label, each.data) for each in shown(node, "forums").values()]
    made += [(each.label, each.data) for each in shown(node, "wells").values()]
    return word in repr((bodies, made))


def has_salt(node: Node, id: str) -> bool:
    with node.database.read() as session:
        query = select(decision_seals.c.salt).join_from(decisions, decision_seals, decisions.c.id == _seal_id)
        salts = session.scalars(query.where(decisions.c.subject == id, decisions.c.kind == "entity"))
        return any(salt is not None for salt in salts)


_seal_id = decision_seals.c.decision_id


def test_an_entity_that_is_a_person_loses_all_that_was_written_about_it(hub: Node, centre: Node, second: Node) -> None:
    (id,) = create_entities(hub, FORUMS, [EntityDraft("Ali Hassan", {"adm2": PHONE})])
    forum(hub, "Bardarash", "NORTH")
    for each in (hub, second):
        sync(each, centre)
    change(second, id, label="Ali Hassan of Bardarash")
    sync(second, centre)
    assert [(e.is_whole, e.decisions) for e in plan_person(centre, None, "phone", "+964 770 1234567").entities] == [
        (True, 1)
    ]
    erase_person(centre, None, "phone", PHONE, reason="consent withdrawn")
    change(hub, id, label="Ali again, made offline before it was known")
    for each in (hub, second, hub):
        sync(each, centre)
    for each in (hub, centre, second):
        assert not is_written(each, "Ali")
        assert not has_salt(each, id)
        assert is_written(each, "Bardarash")
        assert not shown(each, "forums")[id].is_served
    assert states(hub) == states(centre) == states(second)
    assert are_equal(hub, centre)
    assert are_equal(second, centre)
    (receipt,) = list_erasures(centre, None)
    assert [(each.form_id, each.root_id) for each in receipt.subjects] == [("forums", id)]


def test_who_is_named_in_a_value_is_taken_out_of_the_changes_that_name_them(
    hub: Node, centre: Node, second: Node
) -> None:
    id = forum(centre, "Bardarash", "NORTH")
    sync(hub, centre)
    change(hub, id, adm2=f"ask Ali {PHONE}")
    sync(hub, centre)
    erase_person(centre, None, "phone", PHONE, reason="consent withdrawn")
    change(hub, id, adm2=f"ask {PHONE} again")
    for each in (hub, second, hub):
        sync(each, centre)
    for each in (hub, centre, second):
        assert not is_written(each, "123 4567")
        assert shown(each, "forums")[id].data == {"label": "Bardarash", "adm2": "NORTH"}
    change(hub, id, adm2=f"and {PHONE} once more, now that it is known here")
    assert not is_written(hub, "123 4567")
    sync(hub, centre)
    assert are_equal(hub, centre)


@pytest.mark.parametrize("at", ["hub", "centre"])
def test_what_was_written_about_an_entity_goes_with_the_submission_that_registered_it(
    hub: Node, centre: Node, second: Node, at: str
) -> None:
    send(hub, well("a", label="Ali Hassan"))
    for each in (hub, second):
        sync(each, centre)
    change(second, WELL, WELLS, label="Ali Hassan Omar")
    for each in (second, hub):
        sync(each, centre)
    erase_submission({"hub": hub, "centre": centre}[at], None, "uuid:a", reason="consent withdrawn")
    for each in (hub, second, hub):
        sync(each, centre)
    for each in (hub, centre, second):
        assert not is_written(each, "Ali")
        assert not shown(each, "wells")[WELL].is_served
    assert are_equal(hub, centre)
    assert are_equal(second, centre)


def test_an_entity_leaves_a_hub_when_what_had_brought_it_there_is_erased(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows="status eq 'dry'")
    send(centre, well("a"))
    number = shown(centre, "wells")[WELL].number
    change(centre, WELL, WELLS, label="Renamed")
    send(centre, well("b", update(number), state="dry"))
    sync(hub, centre)
    assert decided(hub, WELL)
    erase_submission(centre, None, "uuid:b", reason="by mistake")
    sync(hub, centre)
    assert not decided(hub, WELL)
    assert are_equal(hub, centre)


def test_an_entity_that_somebody_else_registered_as_well_keeps_what_was_written_about_it(
    hub: Node, centre: Node, second: Node
) -> None:
    send(hub, well("a", label="Ali Hassan"))
    send(hub, well("b", label="Ali Hassan"))
    sync(hub, centre)
    change(centre, WELL, WELLS, status="dry")
    erase_submission(centre, None, "uuid:a", reason="sent twice")
    sync(hub, centre)
    assert shown(hub, "wells")[WELL].data["status"] == "dry"
    assert are_equal(hub, centre)
