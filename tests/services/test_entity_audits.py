"""Of each entity it is told what was done to it, by whom, and why."""

import pytest

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.audit import noting
from sync_server.services.edit_entities import (
    ListPlace,
    create_entities,
    delete_entities,
    restore_entities,
    settle_entity,
    update_entity,
)
from sync_server.services.edit_lists import make_list
from sync_server.services.entity_audits import list_entity_acts
from tests.support.people import add_person
from tests.support.samples import send
from tests.support.wells import WELL, publish_wells, shown, update, well

WELLS = ListPlace(1, "wells")


def told(node: Node, place: ListPlace, entity_id: str) -> list[tuple[str, str | None]]:
    return [(each.audit.act.action, each.audit.act.notes) for each in list_entity_acts(node, place, entity_id)]


def test_why_is_told_of_each_act(node: Node) -> None:
    place = ListPlace(1, "forums", add_person(node, "root", Grant(ADMIN)), "x.csv")
    make_list(node, place)
    with noting("new district"):
        one, two = create_entities(node, place, [EntityDraft("Bardarash"), EntityDraft("Zummar")])
    with noting("moved"):
        update_entity(node, place, one, {"label": "Bardarash town"}, base=None, is_forced=True)
    with noting("spelled otherwise"):
        update_entity(node, place, one, {"label": "Bardarash city"}, base=None, is_forced=True)
    with noting("doubled"):
        delete_entities(node, place, [one, two])
    with noting("a mistake"):
        restore_entities(node, place, [two])
    update_entity(node, place, two, {"label": "Zummar town"}, base=None, is_forced=True)
    assert told(node, place, one) == [
        ("entity.delete", "doubled"), ("entity.update.version", "spelled otherwise"),
        ("entity.update.version", "moved"), ("entity.create", "new district"),
    ]  # fmt: skip
    assert told(node, place, two) == [
        ("entity.update.version", None), ("entity.restore", "a mistake"), ("entity.delete", "doubled"),
        ("entity.create", "new district"),
    ]  # fmt: skip
    (created, *_) = reversed(list_entity_acts(node, place, one))
    assert created.actor is not None
    assert (created.actor.display_name, created.audit.act.details["name"]) == ("Root", "x.csv")


def test_what_submissions_did_is_among_it(node: Node) -> None:
    publish_wells(node)
    send(node, well("s1"))
    number = shown(node)[WELL].number
    for branch in ("one", "two"):
        send(node, well(branch, update(number, branch), state=branch), minutes=1)
    with noting("asked the guard"):
        settle_entity(node, WELLS, WELL, {})
    acts = list_entity_acts(node, WELLS, WELL)
    assert [each.audit.act.action for each in acts] == [
        "entity.update.resolve", "entity.update.version", "entity.update.version", "entity.create",
    ]  # fmt: skip
    assert acts[0].audit.act.notes == "asked the guard"
    assert acts[-1].audit.act.details["submission"] == {"instanceId": "uuid:s1", "xmlFormId": "wells"}


def test_of_what_is_not_there_nothing_is_told(node: Node) -> None:
    publish_wells(node)
    with pytest.raises(NotFound):
        list_entity_acts(node, WELLS, WELL)
