"""The pages Lists: what is in them, what disagrees and is settled there, what could not be done."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from sync_server.core.entity_draft import EntityDraft
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace, create_entities
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, failed, publish_wells, shown, update, well
from tests.web.conftest import csrf_of

PLACE = ListPlace(1, "wells")
PAGE = f"/lists/1/wells/{WELL}"


@pytest.fixture
def conflict(hub: Node) -> None:
    """A well that one tablet closed, and another, which did not know, found dry."""
    publish_wells(hub)
    send(hub, well("s1"))
    base = shown(hub)[WELL].number
    send(hub, well("s2", update(base), state="closed"))
    send(hub, well("s3", update(base, "two"), state="dry"))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", page)))


@pytest.mark.usefixtures("conflict")
def test_the_lists_say_what_a_person_should_look_at(office: FlaskClient, hub: Node) -> None:
    create_entities(hub, PLACE, [EntityDraft("Karamles")])
    assert "wells 2 1 0" in words(office.get("/lists").text)
    assert "Bartella in conflict" in words(office.get("/lists/1/wells").text)
    assert "Karamles" not in words(office.get("/lists/1/wells?look=1").text)
    assert "Bartella" not in words(office.get("/lists/1/wells?q=karam").text)
    assert office.get("/lists/1/none").status_code == 404


@pytest.mark.usefixtures("conflict")
def test_a_conflict_is_settled_there_once(office: FlaskClient, hub: Node) -> None:
    page = office.get(PAGE).text
    choices = re.findall(r'name="about-status" value="(\w+)"', page)
    assert len(choices) == 2
    second = shown(hub)[WELL].state["conflicts"][0]["claims"][1]
    form = {"__csrf": csrf_of(office, PAGE), "version": shown(hub)[WELL].number, "about-status": second[0]}
    assert office.post(f"{PAGE}/settle", data=form).status_code == 303
    assert (shown(hub)[WELL].has_conflict, shown(hub)[WELL].data["status"]) == (False, second[1])
    again = office.post(f"{PAGE}/settle", data=form)
    assert again.status_code == 409
    assert "Somebody changed this entity meanwhile" in words(again.text)


@pytest.mark.usefixtures("conflict")
def test_what_was_deleted_can_be_brought_back(office: FlaskClient, hub: Node) -> None:
    token = {"__csrf": csrf_of(office, PAGE)}
    office.post(f"{PAGE}/delete", data=token)
    assert not shown(hub)[WELL].is_served
    assert "tablets no longer get it" in words(office.get(PAGE).text)
    office.post(f"{PAGE}/restore", data=token)
    assert shown(hub)[WELL].is_served


def test_a_long_list_is_read_page_by_page(office: FlaskClient, hub: Node) -> None:
    publish_wells(hub)
    create_entities(hub, PLACE, [EntityDraft(f"Well {number // 2:03}") for number in range(120)])
    seen: list[str] = []
    address = "/lists/1/wells"
    while address:
        page = office.get(address).text
        seen += re.findall(r'href="(/lists/1/wells/[0-9a-f-]{36})"', page)
        further = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(further[1]) if further else ""
    assert (len(seen), len(set(seen))) == (120, 120)


def test_what_could_not_be_done_says_what_to_do(office: FlaskClient, hub: Node) -> None:
    publish_wells(hub)
    send(hub, well("s1", id="seven"))
    assert failed(hub)
    assert "1 thing that a submission wanted to do could not be done." in words(office.get("/lists").text)
    assert "Its id is no UUID." in words(office.get("/lists/1/!failed").text)


@pytest.mark.usefixtures("conflict")
@pytest.mark.parametrize(("language", "said"), [("ar", "متعارض"), ("ckb", "ناکۆک")])
def test_it_is_said_in_arabic_and_kurdish(office: FlaskClient, hub: Node, language: str, said: str) -> None:
    send(hub, well("s4", id=OTHER))
    assert said in words(office.get(f"/lists/1/wells?lang={language}").text)
    assert 'dir="rtl"' in office.get(f"{PAGE}?lang={language}").text
