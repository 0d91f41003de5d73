"""What people decide about entities and lists at one node is so at the other, as far as the other may have it."""

from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.edit_entities import (
    ListPlace,
    create_entities,
    delete_entities,
    restore_entities,
    settle_entity,
    update_entity,
)
from sync_server.services.edit_lists import add_property, change_list, make_list
from sync_server.services.verify_node import verify_node
from sync_server.store import decided_entities, entities, projects
from tests.support.by_code import peer_at
from tests.support.paired_nodes import open_node, pair, set_scope, sync
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, shown, update, well

FORUMS = ListPlace(1, "forums")
WELLS = ListPlace(1, "wells")
NORTH, SOUTH = Grant(PEER, 1, rows="#adm2+code eq 'NORTH'"), Grant(PEER, 1, rows="#adm2+code eq 'SOUTH'")


@pytest.fixture
def centre(node: Node) -> Node:
    """A project with a list that is made by hand, and has a district."""
    publish_wells(node)
    make_list(node, FORUMS)
    add_property(node, FORUMS, "adm2")
    return node


def forum(node: Node, name: str, district: str) -> str:
    (id,) = create_entities(node, FORUMS, [EntityDraft(name, {"adm2": district})])
    return id


def change(node: Node, id: str, place: ListPlace = FORUMS, **said: str) -> None:
    update_entity(node, place, id, said, base=None, is_forced=True)


def labels(node: Node, name: str = "forums") -> list[str]:
    return sorted(each.label for each in shown(node, name).values() if each.is_served)


def states(node: Node, name: str = "forums") -> dict[str, object]:
    return {id: (e.number, e.data, e.state, e.is_served) for id, e in shown(node, name).items()}


def are_equal(hub: Node, centre: Node) -> bool:
    with centre.database.read() as session:
        uid = projects.iter_homes(session)[0][1]
    theirs = digest_for_peer(centre, peer_at(centre, hub), uid)
    for each in (hub, centre):
        consumers.catch_up(each)
        assert list(verify_node(each)) == []
    return theirs == digest_for_peer(hub, peer_at(hub, centre), uid)


def holds_anything_of(node: Node, id: str) -> bool:
    with node.database.read() as session:
        known = next(entities.find_entities(session, 1, "forums", [id]), None)
        return bool(decided_entities.find_decided(session, [(1, "forums", id)])) or known is not None


# -- down


def test_a_list_made_at_the_centre_is_at_the_hub_with_all_that_is_in_it(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER)
    id = forum(centre, "Bardarash", "NORTH")
    change(centre, id, label="Bardarash old town")
    sync(hub, centre)
    assert states(hub) == states(centre)
    assert labels(hub) == ["Bardarash old town"]
    delete_entities(centre, FORUMS, [id])
    sync(hub, centre)
    assert labels(hub) == []
    restore_entities(centre, FORUMS, [id])
    sync(hub, centre)
    assert labels(hub) == ["Bardarash old town"]
    assert are_equal(hub, centre)


def test_a_hub_with_rows_has_the_entities_of_its_rows_and_loses_those_that_leave_them(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows=NORTH.rows)
    moving, other = forum(centre, "Moving", "NORTH"), forum(centre, "Other", "SOUTH")
    forum(centre, "Staying", "NORTH")
    sync(hub, centre)
    assert labels(hub) == ["Moving", "Staying"]
    assert not holds_anything_of(hub, other)
    change(centre, moving, adm2="SOUTH")
    change(centre, other, label="Coming")
    change(centre, other, adm2="NORTH")
    sync(hub, centre)
    assert labels(hub) == ["Coming", "Staying"]
    assert not holds_anything_of(hub, moving)
    assert states(hub)[other] == states(centre)[other]
    assert are_equal(hub, centre)
    change(centre, moving, adm2="NORTH")
    sync(hub, centre)
    assert states(hub)[moving] == states(centre)[moving]


def test_another_scope_takes_and_brings_entities(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER)
    forum(centre, "North", "NORTH")
    south = forum(centre, "South", "SOUTH")
    sync(hub, centre)
    set_scope(centre, hub.id, NORTH)
    sync(hub, centre)
    assert labels(hub) == ["North"]
    assert not holds_anything_of(hub, south)
    set_scope(centre, hub.id, SOUTH)
    sync(hub, centre)
    assert labels(hub) == ["South"]
    set_scope(centre, hub.id, Grant(PEER, 1))
    sync(hub, centre)
    assert labels(hub) == ["North", "South"]
    assert are_equal(hub, centre)


def test_a_submission_that_moves_an_entity_into_a_district_brings_what_was_decided_about_it(
    hub: Node, centre: Node
) -> None:
    pair(hub, centre, role=PEER, rows="place eq 'Sinjar'")
    send(centre, well("a", place="Bartella"))
    change(centre, WELL, WELLS, status="dry")
    sync(hub, centre)
    assert not shown(hub, "wells")
    send(centre, well("b", update(shown(centre, "wells")[WELL].number), place="Sinjar", state="dry"))
    sync(hub, centre)
    assert decided(hub, WELL)
    assert are_equal(hub, centre)


def test_an_office_has_what_is_shared_and_what_was_registered_there(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER_UP)
    forum(centre, "Bardarash", "NORTH")
    send(hub, well("own"))
    send(centre, well("other", id=OTHER))
    sync(hub, centre)
    for each in (WELL, OTHER):
        change(centre, each, WELLS, status="dry")
    sync(hub, centre)
    assert labels(hub) == []
    assert (bool(decided(hub, WELL)), bool(decided(hub, OTHER))) == (True, False)
    change_list(centre, FORUMS, {"access": {"shared": True}})
    sync(hub, centre)
    assert labels(hub) == ["Bardarash"]
    assert are_equal(hub, centre)


def test_what_a_hub_sends_can_bring_it_an_entity(hub: Node, centre: Node) -> None:
    """Nothing else happened: what it sent itself is not passed over when it registers an entity."""
    pair(hub, centre, role=PEER_UP)
    send(centre, well("a"))
    change(centre, WELL, WELLS, status="dry")
    sync(hub, centre)
    send(hub, well("b"))
    sync(hub, centre, rounds=2)
    assert decided(hub, WELL)
    assert are_equal(hub, centre)


def test_a_rule_that_comes_back_is_gone_through_again(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER_UP)
    forum(centre, "Bardarash", "NORTH")
    for is_shared in (True, False, True, False):
        change_list(centre, FORUMS, {"access": {"shared": is_shared}})
        sync(hub, centre)
        assert labels(hub) == (["Bardarash"] if is_shared else [])
        assert are_equal(hub, centre)


def test_a_hub_that_has_not_what_registered_an_entity_shows_it_as_waiting(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows="status eq 'dry'")
    send(centre, well("a"))
    change(centre, WELL, WELLS, status="dry")
    sync(hub, centre)
    (waiting,) = shown(hub, "wells").values()
    assert (waiting.is_waiting, waiting.is_served, waiting.has_conflict) == (True, False, False)
    assert waiting.data == {"status": "dry"}
    assert are_equal(hub, centre)


def test_a_hub_with_some_forms_has_the_lists_that_they_name(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, form_id="wells")
    forum(centre, "Bardarash", "NORTH")
    send(centre, well("a"))
    change(centre, WELL, WELLS, status="dry")
    sync(hub, centre)
    assert states(hub, "wells") == states(centre, "wells")
    with hub.database.read() as session:
        assert [each.name for each in entities.iter_all_lists(session, 1)] == ["wells"]
    change(hub, WELL, WELLS, status="closed")
    sync(hub, centre)
    assert states(hub, "wells") == states(centre, "wells")
    assert are_equal(hub, centre)


# -- between versions


def test_what_an_older_program_did_not_take_comes_when_it_is_upgraded(hub: Node, centre: Node) -> None:
    """It says `unreadable` to a kind of decisions that it does not know, and its cursor moves past them."""
    upgrade = import_module("sync_server.store.migrations.versions.0007_what_people_do_to_entities")
    pair(hub, centre, role=PEER)
    id = forum(centre, "Bardarash", "NORTH")
    sync(hub, centre)
    hub.write(lambda session: decided_entities.delete_decided(session, (1, "forums", id)))
    hub.write(lambda session: session.execute(text(upgrade.BEGIN_ANEW)) and None)
    consumers.rebuild(hub)
    assert labels(hub) == []
    sync(hub, centre)
    assert labels(hub) == ["Bardarash"]
    assert are_equal(hub, centre)


# -- up


def test_what_people_do_at_a_hub_is_at_the_centre_and_at_other_hubs(hub: Node, centre: Node, tmp_path: Path) -> None:
    with open_node(tmp_path / "second") as second:
        for each, name in ((hub, "first"), (second, "second")):
            pair(each, centre, role=PEER, name=name)
            sync(each, centre)
        id = forum(hub, "Bardarash", "NORTH")
        for each in (hub, second):
            sync(each, centre)
        assert states(hub) == states(centre) == states(second)
        change(hub, id, label="One")
        change(second, id, label="Two")
        for each in (hub, second, hub):
            sync(each, centre)
        assert states(hub) == states(centre) == states(second)
        assert [conflict["about"] for conflict in shown(hub, "forums")[id].state["conflicts"]] == ["label"]
        settle_entity(second, FORUMS, id, {"label": "Three"}, is_forced=True)
        for each in (second, hub):
            sync(each, centre)
        assert states(hub) == states(centre) == states(second)
        assert not shown(hub, "forums")[id].has_conflict


def test_two_hubs_that_make_the_same_entity_offline_come_to_the_same(hub: Node, centre: Node, tmp_path: Path) -> None:
    with open_node(tmp_path / "second") as second:
        for each, name in ((hub, "first"), (second, "second")):
            pair(each, centre, role=PEER, name=name)
            sync(each, centre)
            create_entities(each, FORUMS, [EntityDraft("Bardarash", {"adm2": name}, WELL)])
        for each in (hub, second, hub):
            sync(each, centre)
        assert states(hub) == states(centre) == states(second)
        assert [conflict["about"] for conflict in shown(hub, "forums")[WELL].state["conflicts"]] == ["adm2"]


def test_a_hub_goes_on_with_an_entity_that_its_own_decision_took_out_of_its_rows(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows=NORTH.rows)
    id = forum(centre, "Bardarash", "NORTH")
    sync(hub, centre)
    change(hub, id, adm2="SOUTH")
    change(hub, id, label="Later")
    assert sync(hub, centre).records_out.refused == 0
    assert shown(centre, "forums")[id].data == {"label": "Later", "adm2": "SOUTH"}
    sync(hub, centre)
    assert not holds_anything_of(hub, id)
    assert are_equal(hub, centre)


def test_what_was_decided_about_an_entity_that_was_registered_at_the_same_time_counts(hub: Node, centre: Node) -> None:
    """It is known to others, and what the hub knows of it comes with the decision."""
    pair(hub, centre, role=PEER_UP)
    sync(hub, centre)
    create_entities(centre, WELLS, [EntityDraft("Bartella", {}, WELL)])
    send(hub, well("a"))
    change(hub, WELL, WELLS, status="dry")
    sync(hub, centre, rounds=2)
    assert len(decided(centre, WELL)) == len(decided(hub, WELL)) == 2
    assert states(hub, "wells") == states(centre, "wells")
    assert are_equal(hub, centre)


def test_what_somebody_decided_before_the_hub_heard_of_its_narrower_scope_counts(hub: Node, centre: Node) -> None:
    """Of the entity it had no decision then, only a submission."""
    pair(hub, centre, role=PEER)
    send(centre, well("a"))
    sync(hub, centre)
    change(hub, WELL, WELLS, status="dry")
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    sync(hub, centre, rounds=2)
    assert shown(centre, "wells")[WELL].data["status"] == "dry"
    assert not decided(hub, WELL)
    assert are_equal(hub, centre)


def test_what_somebody_decided_at_a_hub_that_its_order_to_remove_does_not_list_goes_up_first(
    hub: Node, centre: Node
) -> None:
    pair(hub, centre, role=PEER, rows=NORTH.rows)
    id = forum(centre, "Bardarash", "NORTH")
    sync(hub, centre)
    change(centre, id, adm2="SOUTH")
    change(hub, id, label="Later")
    sync(hub, centre, rounds=2)
    assert shown(centre, "forums")[id].data == {"label": "Later", "adm2": "SOUTH"}
    assert not holds_anything_of(hub, id)
    assert are_equal(hub, centre)


def test_the_entities_of_a_submission_that_left_the_scope_leave_with_it(hub: Node, centre: Node) -> None:
    pair(hub, centre, role=PEER, rows="state eq 'open'")
    send(centre, well("a"))
    sync(hub, centre)
    assert list(shown(hub, "wells")) == [WELL]
    send(centre, well("b", edits="a", state="closed"))
    sync(hub, centre)
    assert not shown(hub, "wells")


def decided(node: Node, id: str) -> list[tuple[str, str]]:
    with node.database.read() as session:
        return decided_entities.find_decided(session, [(1, "wells", id)]).get((1, "wells", id), [])
