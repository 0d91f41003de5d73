"""What people do to entities and lists on the server counts beside what submissions do."""

import pytest

from sync_server.core.entity_draft import EntityDraft
from sync_server.entity_errors import (
    EntityExists,
    EntityNotValid,
    EntityVersionConflict,
    ListInUse,
    NothingToSettle,
    PropertyInUse,
)
from sync_server.errors import NotFound
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
from sync_server.services.edit_lists import add_property, change_list, delete_list, make_list, remove_property
from sync_server.services.list_entities import iter_list
from sync_server.services.review_submission import review_submission
from sync_server.store.entities import StoredEntity
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, update, well

FORUMS = ListPlace(1, "forums")
WELLS = ListPlace(1, "wells")


@pytest.fixture
def forums(node: Node) -> Node:
    make_list(node, FORUMS)
    add_property(node, FORUMS, "adm2")
    return node


def shown(node: Node, name: str) -> dict[str, StoredEntity]:
    return {each.entity_id: each for each in iter_list(node, name)}


def test_a_list_made_by_hand_holds_what_is_put_into_it(forums: Node) -> None:
    (id,) = create_entities(forums, FORUMS, [EntityDraft("Bardarash", {"adm2": "IQG15Q01"})])
    made = shown(forums, "forums")[id]
    assert made.data == {"label": "Bardarash", "adm2": "IQG15Q01"}
    update_entity(forums, FORUMS, id, {"adm2": "IQG15Q02"}, base=made.number)
    changed = shown(forums, "forums")[id]
    assert changed.data == {"label": "Bardarash", "adm2": "IQG15Q02"}
    assert changed.number > made.number
    consumers.rebuild(forums)
    assert shown(forums, "forums") == {id: changed}


def test_an_upload_is_made_whole_or_not_at_all(forums: Node) -> None:
    (id,) = create_entities(forums, FORUMS, [EntityDraft("Bardarash")])
    with pytest.raises(EntityExists, match=id):
        create_entities(forums, FORUMS, [EntityDraft("Zummar"), EntityDraft("Again", {}, id.upper())])
    with pytest.raises(EntityNotValid, match="row 3: the property cannot be 'place'"):
        create_entities(forums, FORUMS, [EntityDraft("Zummar"), EntityDraft("Sinjar", {"place": "x"}, place="row 3")])
    assert [each.label for each in shown(forums, "forums").values()] == ["Bardarash"]


def test_who_changes_what_somebody_changed_meanwhile_is_told(forums: Node) -> None:
    (id,) = create_entities(forums, FORUMS, [EntityDraft("Bardarash")])
    first = shown(forums, "forums")[id].number
    update_entity(forums, FORUMS, id, {"adm2": "a"}, base=first)
    with pytest.raises(EntityVersionConflict):
        update_entity(forums, FORUMS, id, {"adm2": "b"}, base=first)
    update_entity(forums, FORUMS, id, {"adm2": "b"}, base=None, is_forced=True)
    assert shown(forums, "forums")[id].data["adm2"] == "b"


def test_what_was_deleted_is_not_served_and_comes_back(forums: Node) -> None:
    (id,) = create_entities(forums, FORUMS, [EntityDraft("Bardarash")])
    delete_entities(forums, FORUMS, [id])
    assert not shown(forums, "forums")[id].is_served
    with pytest.raises(NotFound):
        delete_entities(forums, FORUMS, [id])
    restore_entities(forums, FORUMS, [id])
    assert shown(forums, "forums")[id].is_served


@pytest.mark.parametrize("choice", [{}, {"status": "closed"}, {"status": "open"}])
def test_a_conflict_is_settled_once_for_what_is_shown_or_for_another(node: Node, choice: dict[str, str]) -> None:
    publish_wells(node)
    send(node, well("s1"))
    base = shown(node, "wells")[WELL].number
    send(node, well("s2", update(base), state="closed"))
    send(node, well("s3", update(base, "two"), state="dry"))
    conflicting = shown(node, "wells")[WELL]
    assert conflicting.has_conflict
    settle_entity(node, WELLS, WELL, choice, base=conflicting.number)
    settled = shown(node, "wells")[WELL]
    assert (settled.has_conflict, settled.data["status"]) == (False, choice.get("status", conflicting.data["status"]))
    with pytest.raises(NothingToSettle):
        settle_entity(node, WELLS, WELL, {})
    assert settled.state["events"] == shown(node, "wells")[WELL].state["events"]


def test_a_list_can_take_only_what_approved_submissions_do(node: Node) -> None:
    publish_wells(node)
    send(node, well("s1"))
    send(node, well("s2", id=OTHER))
    assert len(shown(node, "wells")) == 2
    change_list(node, WELLS, {"needs_approval": True})
    assert not shown(node, "wells")
    review_submission(node, None, "uuid:s1", "approved", reason="seen")
    assert list(shown(node, "wells")) == [WELL]
    change_list(node, WELLS, {"needs_approval": False})
    assert len(shown(node, "wells")) == 2


def test_a_list_goes_when_no_form_needs_it(forums: Node) -> None:
    publish_wells(forums)
    with pytest.raises(ListInUse, match="well"):
        delete_list(forums, WELLS)
    create_entities(forums, FORUMS, [EntityDraft("Bardarash", {"adm2": "x"})])
    with pytest.raises(PropertyInUse, match="have it"):
        remove_property(forums, FORUMS, "adm2")
    delete_list(forums, FORUMS)
    with pytest.raises(NotFound):
        shown(forums, "forums")
    make_list(forums, FORUMS)
    assert not any(each.is_served for each in shown(forums, "forums").values())
