"""/docs shows all of the interface on one page, without a script and without the internet."""

import re

import pytest
from flask.testing import FlaskClient

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.protocols.openapi import describe_interface


@pytest.fixture
def client(hub: Node) -> FlaskClient:
    return create_app(hub).test_client()


def test_page_has_every_route_with_an_example(client: FlaskClient) -> None:
    page = client.get("/docs").text
    described = describe_interface(client.application)
    operations = [each for methods in described["paths"].values() for each in methods.values()]
    assert [each["operationId"] for each in operations if f'id="{each["operationId"]}"' not in page] == []
    assert page.count("curl") > len(operations)


def test_every_link_on_the_page_leads_somewhere(client: FlaskClient) -> None:
    page = client.get("/docs").text
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert len(anchors) > 20
    assert anchors - set(re.findall(r'id="([^"]+)"', page)) == set()


def test_page_is_small_and_fetches_nothing_but_our_own_style(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert len(page.encode()) < 500_000
    assert "<script" not in page
    assert all(address.startswith("/") for address in re.findall(r'<(?:link|img)[^>]*(?:href|src)="([^"]+)"', page))


def test_page_says_the_server_by_the_name_it_was_asked_by(client: FlaskClient) -> None:
    assert "SERVER=http://hub.local:8383" in client.get("/docs", base_url="http://hub.local:8383").text
