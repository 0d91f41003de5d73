"""What is set for the whole site over ODK Central's REST: words and pictures, some of it for strangers."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, MANAGER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services.site_config import LOGO_BYTES
from sync_server.store import audits
from tests.protocols.office_desk import Desk, sit_down

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "root", Grant(ADMIN))


def test_words_are_set_shown_to_strangers_and_unset(hub: Node, client: FlaskClient, alice: Desk) -> None:
    made = alice.post("/config/login-appearance", {"title": "Nineveh", "description": "", "script": "x"})
    assert (made["key"], made["value"]) == ("login-appearance", {"title": "Nineveh"})
    stranger = Desk(client)
    assert stranger.get("/config/public/login-appearance") == made == alice.get("/config/login-appearance")
    assert stranger.get("/config/public") == {"login-appearance": made}
    for _ in range(2):
        assert alice.call("DELETE", "/config/login-appearance") == (200, {"success": True})
    assert stranger.get("/config/public") == {}
    assert stranger.code("GET", "/config/public/login-appearance") == 404.1
    with hub.database.read() as session:
        assert [audit.act.action for audit in audits.iter_audits(session, action="config")] == ["config.set"] * 2


def test_a_picture_is_served_as_what_it_is_and_kept_by_its_name(client: FlaskClient, alice: Desk) -> None:
    status, made = alice.call("POST", "/config/logo", data=PNG, content_type="image/png")
    assert (status, made["blobExists"], "value" in made) == (200, True, False)
    answer = client.get("/v1/config/public/logo?ts=1")
    assert (answer.data, answer.content_type) == (PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    again = client.get("/v1/config/public/logo", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"<svg onload='alert(1)'/>", "image/svg+xml", 400.6),
        (b"<script>", "image/png", 400.6),
        (PNG, "text/html", 400.6),
        (b"", "image/png", 400.6),
        (PNG + b"\0" * LOGO_BYTES, "image/png", 413.94),
    ],
)
def test_what_is_no_small_picture_is_not_taken(alice: Desk, body: bytes, kind: str, code: float) -> None:
    status, answer = alice.call("POST", "/config/logo", data=body, content_type=kind)
    assert (status, answer["code"]) == (int(code), code)
    assert alice.code("GET", "/config/logo") == 404.1


def test_analytics_is_for_administrators(hub: Node, client: FlaskClient, alice: Desk) -> None:
    assert alice.post("/config/analytics", {"enabled": False, "email": "x@y"})["value"] == {"enabled": False}
    assert Desk(client).code("GET", "/config/public/analytics") == 403.1
    mona = sit_down(hub, client, "mona", Grant(MANAGER, 1))
    for method in ("GET", "POST", "DELETE"):
        assert mona.code(method, "/config/analytics", {}) == 403.1


def test_an_unknown_key_is_named(alice: Desk) -> None:
    assert alice.code("POST", "/config/colour", {}) == 400.8
    assert alice.code("DELETE", "/config/colour") == 400.8
    assert alice.code("GET", "/config/colour") == 404.1
