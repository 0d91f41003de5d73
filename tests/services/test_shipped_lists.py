"""What the shipped form of meetings writes into its list for a client that knows nothing of entities in repeats."""

from datetime import date
from random import Random
from typing import Any

import pytest

from sync_server.node import Node
from sync_server.services.demo.answers import ANSWERS, Lists, Sitting
from sync_server.services.demo.filling import BlankForm
from sync_server.services.list_entities import iter_failed_actions, iter_list
from sync_server.services.publish_folder import publish_folder
from sync_server.services.shipped_forms import shipped_forms
from sync_server.store import forms
from tests.support.samples import send

MEETING = "cpf_attendance"
FORUM = {"name": "5dbe4409-6b38-4309-89a9-37a68c8f95ef", "adm2": "IQG15Q03", "label": "Bartilla"}


@pytest.fixture
def form(hub: Node) -> BlankForm:
    publish_folder(hub, shipped_forms() / MEETING)
    with hub.database.read() as session:
        return BlankForm.read(forms.get_xml(session, forms.get_form(session, 1, MEETING).current.row_id))


def plain_meeting(form: BlankForm) -> bytes:
    """A meeting of which the rows have no entity; the last person did not want to be registered."""
    chance = Random(3)
    sitting = Sitting(chance, Lists(forums=[FORUM]), date(2026, 11, 20))
    answers = ANSWERS[MEETING](sitting)
    while len(answers["/new_p"]) < 3:
        answers = ANSWERS[MEETING](sitting)
    answers["/new_p"][-1] |= {"/new_p/p_create": "0", "/new_p/p_consent": "no"}
    rows = [_plain(row) for row in answers["/new_p"]]
    return form.fill({**answers, "/new_p": rows, "/meta/instanceID": "uuid:m1"}, chance=chance)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in row.items() if "/meta/" not in path} | {"/new_p/meta": None}


def test_a_client_that_knows_no_entities_in_repeats_registers_people_by_plain_rows(hub: Node, form: BlankForm) -> None:
    xml = plain_meeting(form)
    assert b"<entity" not in xml
    send(hub, xml)
    people = list(iter_list(hub, "participants"))
    assert len(people) == 2
    for person in people:
        assert person.data["full_name"] in person.label
        assert (person.data["forum_id"], person.data["adm2"], person.data["active"]) == (
            FORUM["name"], FORUM["adm2"], "1",
        )  # fmt: skip
        assert not {"phone", "displacement", "p_phone", "p_disp"} & person.data.keys()
    assert list(iter_failed_actions(hub)) == []


def test_the_same_rows_sent_again_register_nobody_twice(hub: Node, form: BlankForm) -> None:
    xml = plain_meeting(form)
    send(hub, xml)
    first = {each.entity_id: each.number for each in iter_list(hub, "participants")}
    send(hub, xml)
    assert {each.entity_id: each.number for each in iter_list(hub, "participants")} == first
