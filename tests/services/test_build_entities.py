"""Entities follow the submissions: what is received, edited, held, erased; a rebuilt node has the same ones."""

from typing import Any

import pytest
from sqlalchemy import update as update_table

from sync_server.core.xlsform import convert_form
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import accept_submission
from sync_server.services.verify_node import verify_node
from sync_server.store import entities, entity_actions
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import StoredAction
from sync_server.store.forms import FormVersion
from sync_server.store.tables import entity_lists
from tests.core.test_entity_actions import WELLS
from tests.support.samples import NOON, add_form, send

WELL = "0190a1b2-0000-4000-8000-00000000000a"
OTHER = "0190a1b2-0000-4000-8000-00000000000b"


def publish_wells(node: Node, version: str = "1", **of_state: str) -> FormVersion:
    """Publish the form of wells; `of_state` are the columns that are ours, for the question after their state."""
    source = WELLS.replace("| wells | 1 |", f"| wells | {version} |")
    made = convert_form(source.encode())
    annotations = {"/state": of_state} if of_state else None
    return add_form(node, made.xml, "wells", version, NOON, annotations=annotations)


def well(
    instance: str,
    action: str = 'create="1"',
    *,
    id: str = WELL,
    place: str | None = None,
    state: str = "open",
    edits: str = "",
    version: str = "1",
    label: str = "Bartella",
) -> bytes:
    said = "" if place is None else f"<place>{place}</place>"
    deprecated = f"<deprecatedID>uuid:{edits}</deprecatedID>" if edits else ""
    meta = (
        f"<instanceID>uuid:{instance}</instanceID>{deprecated}"
        f'<entity dataset="wells" {action} id="{id}"><label>{label}</label></entity>'
    )
    answers = f"{said}<state>{state}</state><meta>{meta}</meta>"
    return f'<data id="wells" version="{version}">{answers}</data>'.encode()


def update(number: int, branch: str = "one", after: int = 0) -> str:
    return f'update="1" baseVersion="{number + after}" trunkVersion="{number}" branchId="{branch}"'


def shown(node: Node, list_name: str = "wells") -> dict[str, StoredEntity]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return {each.entity_id: each for each in entities.iter_entities(session, 1, list_name)}


def the_list(node: Node, name: str = "wells") -> EntityList:
    consumers.catch_up(node)
    with node.database.read() as session:
        found = entities.find_list(session, 1, name)
    assert found is not None
    return found


def failed(node: Node) -> list[StoredAction]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return list(entity_actions.iter_failed(session, 1))


def test_a_form_makes_its_list(node: Node) -> None:
    publish_wells(node)
    assert the_list(node).properties == ("place", "reason", "status")
    assert the_list(node).served == 0


def test_what_is_severe_in_any_version_goes_to_no_tablet(node: Node) -> None:
    publish_wells(node, sensitivity="severe")
    publish_wells(node, "2")
    assert the_list(node).properties == ("place", "reason")


def test_what_is_registered_is_there_and_what_is_updated_changes(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", place="Bartella"))
    made = shown(node)[WELL]
    assert made.values == {"label": "Bartella", "place": "Bartella", "status": "open"}
    send(node, well("b", update(made.number), state="closed"), minutes=1)
    changed = shown(node)[WELL]
    assert changed.values == {"label": "Bartella", "place": "Bartella", "status": "closed"}
    assert changed.number > made.number
    assert (changed.has_conflict, changed.is_waiting) == (False, False)
    assert the_list(node).served == 1


def test_sending_again_changes_nothing(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    before = shown(node), the_list(node)
    send(node, well("a"), minutes=5)
    assert (shown(node), the_list(node)) == before


def test_a_list_is_the_same_whatever_came_first_and_after_rebuilding(node: Node) -> None:
    publish_wells(node)
    number = 10_000 + 4_242  # of no version here: the update waits
    for instance, xml in (("c", update(number, "two", 1)), ("b", update(number, "two"))):
        send(node, well(instance, xml, state=instance))
    send(node, well("a"), minutes=3)
    send(node, well("d", id=OTHER), minutes=4)
    before = shown(node), the_list(node), failed(node)
    assert before[0][WELL].is_waiting
    consumers.rebuild(node)
    assert (shown(node), the_list(node), failed(node)) == before


def test_an_edit_of_the_submission_corrects_the_entity_and_raises_its_number(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", state="opne"))
    before = shown(node)[WELL]
    send(node, well("b", state="open", edits="a"), minutes=1)
    after = shown(node)[WELL]
    assert after.values["status"] == "open"
    assert after.number > before.number


def test_an_edit_that_names_another_entity_takes_back_what_was_done_to_the_first(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    send(node, well("o", id=OTHER), minutes=1)
    base = shown(node)
    send(node, well("u", update(base[WELL].number), state="closed"), minutes=2)
    wrong = shown(node)[WELL]
    send(node, well("v", update(base[OTHER].number), id=OTHER, state="closed", edits="u"), minutes=3)
    after = shown(node)
    assert (after[WELL].values["status"], after[OTHER].values["status"]) == ("open", "closed")
    assert after[WELL].number > wrong.number


def test_what_a_revoked_tablet_sent_counts_when_it_is_accepted(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"), is_revoked=True)
    assert shown(node) == {}
    accept_submission(node, None, "uuid:a", reason="known tablet")
    assert list(shown(node)) == [WELL]


def test_what_is_erased_leaves_the_list(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", place="Bartella"))
    send(node, well("o", id=OTHER), minutes=1)
    full = the_list(node)
    erase_submission(node, None, "uuid:a", reason="withdrawn")
    assert list(shown(node)) == [OTHER]
    assert the_list(node).served == 1
    assert the_list(node).digest != full.digest


def test_an_action_that_fails_is_listed_with_its_reason_and_the_submission_is_stored(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", id="seven"))
    assert shown(node) == {}
    (action,) = failed(node)
    assert (action.root_id, action.entity_id, action.failure) == ("uuid:a", "seven", "bad_id")
    send(node, well("b", edits="a"), minutes=1)
    assert failed(node) == []
    assert list(shown(node)) == [WELL]


def test_what_came_before_its_form_version_is_done_when_that_comes(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", version="2"))
    assert [action.failure for action in failed(node)] == ["unknown_version"]
    publish_wells(node, "2")
    assert failed(node) == []
    assert list(shown(node)) == [WELL]


def test_a_new_version_of_the_form_says_how_changes_merge(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", state="1"))
    number = shown(node)[WELL].number
    for minutes, (branch, state) in enumerate((("one", "3"), ("two", "2")), start=1):
        send(node, well(branch, update(number, branch), state=state), minutes=minutes)
    assert shown(node)[WELL].has_conflict
    publish_wells(node, "2", merge="maximum")
    merged = shown(node)[WELL]
    assert (merged.has_conflict, merged.values["status"]) == (False, "3")


@pytest.mark.parametrize("change", ["another", "label", "update"])
def test_the_digest_of_a_list_changes_with_what_is_served(node: Node, change: str) -> None:
    publish_wells(node)
    send(node, well("a"))
    number, before = shown(node)[WELL].number, the_list(node)
    sent: dict[str, Any] = {
        "another": well("x", id=OTHER),
        "label": well("x", update(number), label="Sinjar"),
        "update": well("x", update(number), state="closed"),
    }
    send(node, sent[change], minutes=1)
    assert the_list(node).digest != before.digest


def test_forms_that_write_no_list_change_none(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    before = the_list(node)
    send(node, well("n", 'create="0"'), minutes=1)
    assert the_list(node) == before


def test_verify_adds_up_the_lists(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    shown(node)
    assert list(verify_node(node)) == []
    node.write(lambda session: session.execute(update_table(entity_lists).values(served=7)))
    (fault,) = verify_node(node)
    assert "'wells'" in fault
    consumers.rebuild(node)
    assert list(verify_node(node)) == []
