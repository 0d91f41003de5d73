"""Cards with the tablets' codes for the present address."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from sync_server.core.collect_settings import decode_settings
from sync_server.core.roles import COORDINATOR, MANAGER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.doctor.local_addresses import LocalAddress
from sync_server.store.tables import app_users
from sync_server.web.office import qr_code
from tests.support.people import add_person
from tests.web.conftest import sign_in

OLD, NEW = "http://192.168.1.20:8080", "http://192.168.1.34:8080"
Move = Callable[[str], None]


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Move:
    def give(address: str) -> None:
        monkeypatch.setattr(
            "sync_server.services.stranded_tablets.list_local_addresses", lambda: [LocalAddress(address)]
        )

    give("192.168.1.20")
    return give


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn, as text: the server addresses in the codes."""
    drawn: list[str] = []
    draw = qr_code.draw_code

    def keep(text: str):  # type: ignore[no-untyped-def]
        drawn.append(decode_settings(text)["general"]["server_url"])
        return draw(text)

    monkeypatch.setattr(qr_code, "draw_code", keep)
    return drawn


@pytest.fixture
def office(office: FlaskClient) -> FlaskClient:
    """Alice's browser, signed in at both addresses."""
    session = office.get_cookie("session")
    assert session is not None
    for address in ("192.168.1.20", "192.168.1.34"):
        office.set_cookie("session", session.value, domain=address)
    return office


def come(app: Flask, token: str, root: str) -> None:
    """A tablet asks for its forms: with a context of its own, because alice's browser keeps hers open."""
    with app.app_context():
        assert app.test_client().get(f"{root}/v1/key/{token}/projects/1/formList").status_code == 200


def test_after_the_address_changed_the_first_page_says_who_looks_elsewhere_and_leads_to_their_codes(
    app: Flask, hub: Node, office: FlaskClient, move: Move, codes: list[str]
) -> None:
    _seven, token = devices.add_device(hub, None, "Tablet 7", 1)
    _eight, other = devices.add_device(hub, None, "Tablet 8", 1)
    for each in (token, other):
        come(app, each, OLD)
    assert "no longer has" not in office.get("/", base_url=OLD).text

    move("192.168.1.34")
    page = unescape(office.get("/", base_url=NEW).text)
    assert "2 tablets look for this server at an address that it no longer has." in page
    assert re.search(r"192\.168\.1\.20:8080.*192\.168\.1\.34", page)
    cards = office.get("/devices/cards/stranded", base_url=NEW).text
    assert cards.count("<svg") == 2
    assert codes == [f"{NEW}/v1/key/{each}/projects/1" for each in (token, other)]
    assert "Reconfigure with QR code" in cards

    come(app, token, NEW)
    page = unescape(office.get("/", base_url=NEW).text)
    assert "1 tablet looks for this server at an address that it no longer has." in page
    assert "Tablet 7" not in office.get("/devices/cards/stranded", base_url=NEW).text
    come(app, other, NEW)
    assert "No tablet looks for this server" in office.get("/devices/cards/stranded", base_url=NEW).text


def test_cards_of_all_are_those_with_access_by_name_and_show_no_token_in_words(
    hub: Node, office: FlaskClient, codes: list[str]
) -> None:
    tokens = {name: devices.add_device(hub, None, name, 1) for name in ("b", "a", "lost")}
    devices.revoke_device(hub, None, tokens["lost"][0].id)
    page = office.get("/devices/cards", base_url=NEW).text
    assert re.findall(r"<h2><bdi>(.*?)</bdi>", page) == ["a", "b"]
    assert codes == [f"{NEW}/v1/key/{tokens[name][1]}/projects/1" for name in ("a", "b")]
    assert all(token not in page for _device, token in tokens.values())


def test_a_tablet_of_another_node_has_a_card_that_says_how_to_change_the_address_by_hand(
    hub: Node, office: FlaskClient
) -> None:
    devices.add_device(hub, None, "Tablet of the centre", 1)
    hub.write(lambda session: session.execute(update(app_users).values(token_sealed=b"")))
    page = office.get("/devices/cards", base_url=NEW).text
    assert "<svg" not in page
    assert "before /v1/key" in page
    assert "its code can be shown there only" in page


def test_codes_are_for_those_who_could_add_the_tablet_and_others_are_told_whom_to_ask(
    app: Flask, hub: Node, move: Move
) -> None:
    _device, token = devices.add_device(hub, None, "Tablet 7", 1)
    come(app, token, OLD)
    move("192.168.1.34")
    add_person(hub, "bob", Grant(COORDINATOR, None))
    add_person(hub, "mona", Grant(MANAGER, None))
    for name, status in (("bob", 403), ("mona", 200)):
        with app.test_client() as client:
            sign_in(client, f"{name}@example.org")
            assert client.get("/devices/cards").status_code == status, name
            first = client.get("/").text
            assert ("/devices/cards/stranded" in first) is (status == 200)
            assert ("Ask a project manager" in first) is (status == 403)
