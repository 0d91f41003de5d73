"""What people read of a list: the entities of their rows, and of them what their level shows."""

from sync_server.core.roles import MANAGER, VIEWER
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace
from sync_server.services.edit_lists import change_list
from sync_server.services.entity_view import EntityView, find_entity_view
from sync_server.store import entity_pages
from sync_server.store.accounts import Actor
from tests.support.people import add_person, give_role
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, the_list, well

WELLS = ListPlace(1, "wells")


def see(node: Node, actor: Actor) -> tuple[EntityView, set[str]]:
    the_list(node)
    with node.database.read() as session:
        view = find_entity_view(node, session, actor, 1, "wells")
        return view, entity_pages.find_fitting(session, 1, "wells", [WELL, OTHER], view.rows)


def test_who_has_rows_sees_their_entities_whatever_the_rule_for_tablets(node: Node) -> None:
    publish_wells(node)
    change_list(node, WELLS, {"access": {"type": "ownerOnly"}, "tags": {"place": "#adm2+code"}})
    send(node, well("a", place="IQG15Q01"))
    send(node, well("b", id=OTHER, place="IQG15Q02"), minutes=1)
    bob, alice = add_person(node, "bob"), add_person(node, "alice")
    give_role(node, bob, MANAGER, rows="#adm2+code eq 'IQG15Q01'")
    give_role(node, alice, MANAGER)
    assert see(node, bob)[1] == {WELL}
    assert see(node, alice)[1] == {WELL, OTHER}
    change_list(node, WELLS, {"tags": {}})
    assert see(node, bob)[1] == set()
    change_list(node, WELLS, {"access": {"type": "ownerOnly", "shared": True}})
    assert see(node, bob)[1] == {WELL, OTHER}


def test_what_is_above_a_level_is_hidden_and_so_is_a_label_made_of_it(node: Node) -> None:
    publish_wells(node, sensitivity="moderate")
    send(node, well("a"))
    vera = add_person(node, "vera")
    give_role(node, vera, VIEWER)
    assert see(node, vera)[0].properties == ("place", "reason", "status")
    give_role(node, vera, VIEWER, level=Level.LOW)
    view, seen = see(node, vera)
    assert (view.properties, view.has_label, seen) == (("place", "reason"), True, {WELL})
