"""A tablet never receives a byte about an entity that is not its own, whatever address it tries (G4)."""

import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from sync_server.core.roles import APP_USER, MANAGER, VIEWER
from sync_server.node import Node
from sync_server.services import consumers, devices
from sync_server.services.actor_properties import add_property
from sync_server.services.edit_entities import ListPlace, delete_entities
from sync_server.services.edit_lists import change_list
from sync_server.store.accounts import Actor
from tests.protocols.conftest import Tablet
from tests.support.people import add_person, give_role
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_picker, publish_wells, shown, update, well

MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
WELLS = ListPlace(1, "wells")
OWN_DISTRICT = {"type": "filter", "filter": "place eq $actor/district"}
HERE, THERE = "district-one", "district-two"
SECRET = b"secret of district two"


@pytest.fixture
def lists(hub: Node) -> int:
    """One well in each of two districts, in a list by districts; returns the number of the form that picks from it."""
    publish_wells(hub)
    version_id = publish_picker(hub)
    add_property(hub, None, 1, "district")
    change_list(hub, WELLS, {"access": OWN_DISTRICT})
    send(hub, well("here", place=HERE))
    send(hub, well("there", id=OTHER, place=THERE, state=SECRET.decode(), label=f"The {SECRET.decode()}"), minutes=1)
    consumers.catch_up(hub)
    return version_id


@pytest.fixture
def one(hub: Node, client: FlaskClient, lists: int) -> Tablet:
    """A tablet of the first district."""
    return tablet_of(hub, client, HERE)


def tablet_of(hub: Node, client: FlaskClient, district: str, *, has_all_forms: bool = True) -> Tablet:
    noted = {"district": district}
    actor, token = devices.add_device(hub, None, f"tablet {district}", 1, has_all_forms=has_all_forms, properties=noted)
    return Tablet(client, actor, token, f"/v1/key/{token}/projects/1")


def told(tablet: Tablet, version_id: int) -> dict[str, str]:
    """File → hash, as a manifest says."""
    files = etree.fromstring(tablet.get(f"/xformsManifest/{version_id}").data)
    return {str(file.findtext(f"{MANIFEST}filename")): str(file.findtext(f"{MANIFEST}hash")) for file in files}


def held(tablet: Tablet, version_id: int) -> dict[str, dict[str, str]]:
    body = tablet.get(f"/xformsMedia/{version_id}/wells.csv").data
    return {row["name"]: row for row in csv.DictReader(io.StringIO(body.decode(), newline=""))}


def deleted(tablet: Tablet, version_id: int, *ids: str) -> dict[str, str]:
    answer = tablet.client.get(f"{tablet.base}/xformsMedia/{version_id}/wells.csv/integrity?id={','.join(ids)}")
    return {str(e.get("id")): str(e.findtext("deleted")) for e in etree.fromstring(answer.data).iter("entity")}


def test_a_tablet_gets_its_district_and_another_gets_another(one: Tablet, lists: int, hub: Node) -> None:
    two = tablet_of(hub, one.client, f"{THERE} elsewhere")
    assert list(held(one, lists)) == [WELL]
    assert list(held(two, lists)) == [OTHER]
    assert told(one, lists) != told(two, lists)
    assert held(tablet_of(hub, one.client, ""), lists) == {}


def test_whatever_address_a_tablet_tries_it_gets_nothing_of_another_district(
    one: Tablet, lists: int, hub: Node, app: Flask
) -> None:
    publish_picker(hub, "checks")
    tried, got = 0, b""
    for url in dict.fromkeys(every_address(app, one.token)):
        for headers in (one.headers, {**one.headers, "Authorization": f"Bearer {one.token}"}):
            answer = app.test_client().get(url, headers=headers, buffered=True)
            found = answer.data + str(answer.headers).encode()
            got += found.replace(OTHER.encode(), b"") if OTHER in url else found  # an address may be quoted
            tried += answer.status_code == 200
    assert tried > 20
    assert HERE.encode() in got
    assert THERE.encode() not in got
    assert SECRET not in got
    assert OTHER.encode() not in got


def every_address(app: Flask, token: str) -> Iterator[str]:
    """Every address that may be read, with what a curious tablet would put into it."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            for number, name, form_id in product(range(1, 5), ("wells.csv", "wells"), ("visits", "checks")):
                known = {"project_id": "1", "token": token, "form_id": form_id, "version": "1", "entity_id": OTHER}
                words = partial(put_word, known, str(number), name)
                yield re.sub(r"<(?:(\w+)(?:\(.*?\))?:)?(\w+)>", words, rule.rule) + f"?st={token}"


def put_word(known: dict[str, str], number: str, name: str, argument: re.Match[str]) -> str:
    return known.get(argument[2], number if argument[1] == "int" else name)


def test_of_anothers_entity_integrity_says_what_it_says_of_none(one: Tablet, lists: int, hub: Node) -> None:
    nobody = WELL.replace("0190", "0191")
    assert deleted(one, lists, WELL, OTHER, nobody) == {WELL: "false"}
    delete_entities(hub, WELLS, [WELL, OTHER])
    assert deleted(one, lists, WELL, OTHER, nobody) == {WELL: "true"}


def test_the_hash_is_the_same_from_every_form_and_changes_with_what_this_tablet_sees(
    one: Tablet, lists: int, hub: Node
) -> None:
    checks = publish_picker(hub, "checks")
    before = told(one, lists)["wells.csv"]
    assert told(one, checks)["wells.csv"] == before
    number = shown(hub)[OTHER].number
    send(hub, well("b", update(number), id=OTHER, state="dry"), minutes=2)
    consumers.catch_up(hub)
    assert told(one, lists)["wells.csv"] == told(one, checks)["wells.csv"] == before
    send(hub, well("c", update(shown(hub)[WELL].number), state="dry"), minutes=3)
    consumers.catch_up(hub)
    assert told(one, lists)["wells.csv"] == told(one, checks)["wells.csv"] != before


def test_what_leaves_the_scope_is_gone_at_the_next_sync_and_an_update_of_it_still_counts(
    one: Tablet, lists: int, hub: Node
) -> None:
    mine = WELL.replace("0190", "0192")
    assert one.send(well("mine", id=mine, place=HERE)).status_code == 201
    consumers.catch_up(hub)
    number = held(one, lists)[mine]["__version"]
    devices.change_device(hub, None, one.actor.id, {"district": THERE})
    assert list(held(one, lists)) == [OTHER]
    # Its own it may still hold as made offline, which a list alone takes from no tablet: so it is told.
    assert deleted(one, lists, mine, WELL, OTHER) == {mine: "true", OTHER: "false"}
    assert one.send(well("late", update(int(number)), id=mine, state="dry")).status_code == 201
    assert shown(hub)[mine].data["status"] == "dry"


def test_a_role_for_some_rows_is_one_for_some_entities(lists: int, client: FlaskClient, hub: Node) -> None:
    change_list(hub, WELLS, {"access": None, "tags": {"place": "#adm2+code"}})
    tablet = tablet_of(hub, client, "", has_all_forms=False)
    give_role(hub, tablet.actor, APP_USER, rows=f"#adm2+code eq '{HERE}'")
    assert list(held(tablet, lists)) == [WELL]
    change_list(hub, WELLS, {"access": {"shared": True}})
    assert list(held(tablet, lists)) == [WELL, OTHER]
    change_list(hub, WELLS, {"access": None, "tags": {}})
    assert held(tablet, lists) == {}


def test_a_role_on_a_form_without_the_list_opens_nothing_of_it(lists: int, client: FlaskClient, hub: Node) -> None:
    change_list(hub, WELLS, {"access": None, "tags": {"place": "#adm2+code"}})
    tablet = tablet_of(hub, client, "", has_all_forms=False)
    give_role(hub, tablet.actor, APP_USER, form_id="visits", rows=f"#adm2+code eq '{HERE}'")
    give_role(hub, tablet.actor, APP_USER, form_id="wells")  # picks from no list
    assert list(held(tablet, lists)) == [WELL]


def test_hidden_properties_and_rules_hold_for_tablets_and_not_for_who_lists_entities(
    one: Tablet, lists: int, hub: Node, client: FlaskClient
) -> None:
    change_list(hub, WELLS, {"access": {**OWN_DISTRICT, "hidden": ["status"]}})
    assert held(one, lists) == {WELL: {**held(one, lists)[WELL], "place": HERE, "reason": ""}}
    assert "status" not in held(one, lists)[WELL]
    manager = person(hub, client, "mona", MANAGER)
    assert [row["label"] for row in held(manager, lists).values()] == ["Bartella", f"The {SECRET.decode()}"]


def test_who_only_looks_at_forms_sees_no_more_of_a_list_than_elsewhere(hub: Node, client: FlaskClient) -> None:
    publish_wells(hub, sensitivity="high")
    version_id = publish_picker(hub)
    send(hub, well("a", place=HERE))
    consumers.catch_up(hub)
    assert "status" not in held(person(hub, client, "vera", VIEWER), version_id)[WELL]
    assert held(person(hub, client, "mona", MANAGER), version_id)[WELL]["status"] == "open"


def person(hub: Node, client: FlaskClient, name: str, role: Any) -> Tablet:
    """Somebody with an account, who comes by a browser's session."""
    somebody: Actor = add_person(hub, name)
    give_role(hub, somebody, role)
    login = {"email": f"{name}@example.org", "password": "correct horse battery"}
    token = client.post("/v1/sessions", json=login).get_json()["token"]
    return Tablet(client, somebody, token, "/v1/projects/1", {"Authorization": f"Bearer {token}"})
