"""The demo: made-up submissions that fit their forms, something for every part of the first page, nothing twice."""

from datetime import UTC, date, datetime
from random import Random

import pytest

from sync_server.core.xform import parse_xform
from sync_server.errors import DemoOnRealData
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.demo.answers import ANSWERS, SHARES, Lists, Sitting
from sync_server.services.demo.filling import BlankForm
from sync_server.services.digest_node import digest_node
from sync_server.services.list_entities import iter_list, list_entity_lists
from sync_server.services.make_demo import MadeDemo, make_demo
from sync_server.services.office_overview import see_overview
from sync_server.services.publish_folder import publish_folder
from sync_server.services.shipped_forms import shipped_forms
from sync_server.settings import Settings
from sync_server.store import changes, forms
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_demo_has_something_for_every_part_of_the_first_page(node: Node) -> None:
    make_demo(node, submissions=60, now=NOW)

    page = see_overview(node, None, now=NOW)
    assert {form.form_id for form in page.forms if form.submissions} == set(SHARES)
    assert {waiting.reason for waiting in page.waiting} == {
        "variant_conflict", "field_conflict", "waits_for_original", "token_revoked", "unknown_version",
    }  # fmt: skip
    assert page.submissions == 60 + 5
    assert page.incomplete_count > 0
    assert len(page.unreadable) == 1
    assert page.node.behind == page.node.parked == 0
    assert [device.is_revoked for device in devices.list_devices(node, None, 1)] == [True, False, False]


def test_demo_run_again_adds_nothing(node: Node) -> None:
    make_demo(node, submissions=30, now=NOW)
    before = digest_node(node), _head(node)

    assert make_demo(node, submissions=30, now=NOW.replace(day=25)) == MadeDemo(tablets=0, submissions=0)
    assert (digest_node(node), _head(node)) == before


def test_concerns_are_followed_up_from_what_was_served_and_one_is_in_conflict(hub: Node) -> None:
    make_demo(hub, submissions=120, now=NOW)

    concerns = list(iter_list(hub, "concerns"))
    assert sum(len(each.state["events"]) > 1 for each in concerns) > 5
    assert [each.label for each in concerns if each.is_waiting] == []
    (clash,) = (each for each in concerns if each.has_conflict)
    assert "status" in {conflict["about"] for conflict in clash.state["conflicts"]}
    lists = {each.list.name: each.list.served for each in list_entity_lists(hub)}
    assert (lists["forums"], lists["trainings"]) == (76, 11)
    assert lists["participants"] > 400  # those that came along, and who was registered at meetings


def test_larger_demo_adds_the_difference(hub: Node) -> None:
    make_demo(hub, submissions=30, now=NOW)

    assert make_demo(hub, submissions=40, now=NOW) == MadeDemo(tablets=0, submissions=11)  # one of the ten is corrected


def test_same_seed_makes_the_same_versions(hub: Node, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Node.open(Settings(data=tmp_path_factory.mktemp("other"), min_free_bytes=0)) as other:
        for node in (hub, other):
            make_demo(node, submissions=30, now=NOW)
        assert digest_node(hub)["versions"] == digest_node(other)["versions"]


def test_demo_stays_away_from_real_submissions(hub: Node) -> None:
    publish_visit(hub)
    send(hub, visit())

    with pytest.raises(DemoOnRealData):
        make_demo(hub)


@pytest.mark.parametrize("form_id", SHARES)
def test_every_answer_has_a_question_in_the_shipped_form(hub: Node, form_id: str) -> None:
    publish_folder(hub, shipped_forms() / form_id)
    with hub.database.read() as session:
        definition = parse_xform(forms.get_xml(session, forms.get_form(session, 1, form_id).current.row_id))
    known = {field.path for field in definition.fields}

    for seed in range(20):
        for path, answer in ANSWERS[form_id](Sitting(Random(seed), Lists(), date(2026, 11, 20))).items():
            assert path.partition("/@")[0] in known
            rows = answer if isinstance(answer, list) else []
            assert {name for row in rows for name in row} <= known


def test_filled_form_has_as_many_rows_as_were_answered() -> None:
    blank = BlankForm.read(VISITORS)

    xml = blank.fill({"/guest": [{"/guest/name": "Sara"}, {"/guest/name": "Azad"}], "/note": None}, chance=Random(1))

    assert xml.count(b"<guest>") == 2
    assert b"<name>Sara</name>" in xml
    assert b"<name>Azad</name>" in xml
    assert b"<note" not in xml


def _head(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)


VISITORS = b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
    xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Visitors</h:title><model>
  <instance><data id="visitors" version="1"><guest jr:template=""><name/></guest><guest><name/></guest><note/>
    <meta><instanceID/></meta></data></instance>
  </model></h:head>
  <h:body><group ref="/data/guest"><repeat nodeset="/data/guest">
    <input ref="/data/guest/name"/></repeat></group></h:body>
</h:html>"""
