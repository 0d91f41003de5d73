"""Tablets on the pages: add one, see its code, end its access."""

import re

from flask.testing import FlaskClient
from sqlalchemy import update

from sync_server.node import Node
from sync_server.services import devices
from sync_server.settings import Settings
from sync_server.store.tables import app_users
from tests.web.conftest import csrf_of


def test_added_tablet_shows_the_address_that_lets_it_in(office: FlaskClient) -> None:
    added = office.post("/devices", data={"name": "  Tablet 3,  Sinjar ", "__csrf": csrf_of(office)})
    page = office.get(added.location).text

    assert "<h1><bdi>Tablet 3, Sinjar</bdi></h1>" in page
    assert "<svg" in page
    address = _address(page)
    assert re.fullmatch(r"http://localhost/v1/key/[0-9a-f]{64}/projects/1", address)
    assert office.get(f"{address}/formList").status_code == 200


def test_a_tablet_of_another_node_is_named_and_where_its_code_is_shown(hub: Node, office: FlaskClient) -> None:
    device, _token = devices.add_device(hub, None, "Tablet of the centre", 1)
    hub.write(lambda session: session.execute(update(app_users).values(token_sealed=b"")))
    page = office.get(f"/devices/{device.id}")
    assert page.status_code == 200
    assert "its code can be shown there only" in page.text
    assert "<svg" not in page.text
    assert "End access now" in page.text


def test_public_address_of_the_settings_is_the_tablets(hub: Node, office: FlaskClient) -> None:
    object.__setattr__(hub, "settings", Settings(data=hub.settings.data, public_url="https://hub.example.org/"))
    device, token = devices.add_device(hub, None, "Tablet", 1)

    page = office.get(f"/devices/{device.id}").text
    assert _address(page) == f"https://hub.example.org/v1/key/{token}/projects/1"
    assert "works on this computer only" not in page


def test_address_of_this_computer_only_is_warned_of(hub: Node, office: FlaskClient) -> None:
    device, _token = devices.add_device(hub, None, "Tablet", 1)

    assert "works on this computer only" in office.get(f"/devices/{device.id}").text
    assert "works on this computer only" in office.get("/").text
    assert "works on this computer only" not in office.get("/", base_url="http://192.168.1.5:8080").text


def test_person_at_the_hub_itself_gets_a_code_that_leads_to_its_address_in_the_network(
    hub: Node, office: FlaskClient
) -> None:
    object.__setattr__(hub, "settings", Settings(data=hub.settings.data, host="0.0.0.0"))
    device, _token = devices.add_device(hub, None, "Tablet", 1)

    address = _address(office.get(f"/devices/{device.id}", base_url="http://localhost:8099").text)
    assert re.match(r"http://\d+\.\d+\.\d+\.\d+:8099/v1/key/", address)


def test_ended_access_shows_no_code_any_more(hub: Node, office: FlaskClient) -> None:
    device, token = devices.add_device(hub, None, "Lost", 1)
    csrf = csrf_of(office)

    answer = office.post(f"/devices/{device.id}/revoke", data={"__csrf": csrf})
    page = office.get(answer.location).text
    assert "access of this tablet was ended on" in page
    assert token not in page
    assert "<svg" not in page
    assert devices.get_device(hub, None, device.id).is_revoked


def test_tablet_without_a_name_is_refused_with_a_page(office: FlaskClient) -> None:
    answer = office.post("/devices", data={"name": "   ", "__csrf": csrf_of(office)})

    assert answer.status_code == 400
    assert answer.mimetype == "text/html"


def test_unknown_tablet_is_not_found(office: FlaskClient) -> None:
    assert office.get("/devices/999").status_code == 404


def _address(page: str) -> str:
    found = re.search(r'id="address">([^<]+)<', page)
    assert found is not None
    return found[1]
