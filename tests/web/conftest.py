"""What tests of the pages share: a browser without a screen, alice and chelsea."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import users
from sync_server.store.accounts import Actor
from tests.support.described import DescribedClient

PASSWORD = "correct horse battery"


@pytest.fixture
def app(hub: Node) -> Flask:
    app = create_app(hub)
    app.test_client_class = DescribedClient
    return app


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """Somebody on the same network, who has not signed in."""
    return app.test_client()


@pytest.fixture
def alice(hub: Node) -> Actor:
    """An administrator."""
    return users.add_user(hub, None, "alice@example.org", PASSWORD, display_name="Alice", is_administrator=True)


@pytest.fixture
def office(app: Flask, alice: Actor) -> Iterator[FlaskClient]:
    """Alice's browser, signed in."""
    with app.test_client() as client:
        assert sign_in(client, "alice@example.org").status_code == 303
        yield client


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **form: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in", data={"email": email, "password": password, **form})


def csrf_of(client: FlaskClient, path: str = "/") -> str:
    """Read the word that a page puts into its forms."""
    found = re.search(r'name="__csrf" value="([0-9a-f]+)"', client.get(path).text)
    assert found is not None
    return found[1]
