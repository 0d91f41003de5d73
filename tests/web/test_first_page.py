"""The first page: what a stranger may know, what the office sees, and how it is sent."""

from html import unescape

from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import devices, users
from tests.support.samples import publish_visit, send, visit
from tests.web.conftest import PASSWORD, sign_in


def test_stranger_sees_the_forms_and_nothing_counted(hub: Node, visitor: FlaskClient) -> None:
    publish_visit(hub)
    _device, token = devices.add_device(hub, None, "Tablet of Sara", 1)
    send(hub, visit())

    text = visitor.get("/").text
    assert "Visit" in text
    assert "/sign-in" in text
    for secret in ("Tablet of Sara", token, "submissions received", "Last received", hub.id):
        assert secret not in text


def test_a_mistyped_address_is_a_page_in_a_browser_and_the_dialect_for_a_program(visitor: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "ar"}
    page = visitor.get("/no-such-page", headers=browser)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert '<html lang="ar" dir="rtl">' in page.text
    assert page.headers["Content-Security-Policy"]
    assert visitor.get("/no-such-page").get_json()["code"] == 404.1
    assert visitor.get("/v1/no-such-page", headers=browser).get_json()["code"] == 404.1
    assert visitor.get("/v1/projects/9/formList", headers=browser).mimetype == "text/xml"


def test_office_sees_what_arrived_but_no_answer(hub: Node, office: FlaskClient) -> None:
    publish_visit(hub)
    send(hub, visit(place="Bartella", photo="a.jpg"))
    send(hub, visit("edit", place="Qaraqosh", deprecates="never-came"))

    text = unescape(office.get("/").text)
    assert "Everything that arrived has been worked through." in text
    assert "collect:abc" in text
    assert "0 of 1" in text
    assert "A correction came, but not the submission it corrects" in text
    assert "Bartella" not in text
    assert "Qaraqosh" not in text


def test_flag_nobody_explained_yet_is_still_shown(hub: Node, office: FlaskClient) -> None:
    from sync_server.web.office.reasons import explain

    assert str(explain("something-new").what) == "Another reason"


def test_every_reason_the_command_line_explains_is_explained_here() -> None:
    from sync_server.services.list_quarantine import _WORDS
    from sync_server.web.office.reasons import REASONS

    assert _WORDS.keys() == REASONS.keys()


def test_chelsea_without_a_role_sees_no_more_than_a_stranger(hub: Node, visitor: FlaskClient) -> None:
    users.add_user(hub, None, "chelsea@example.org", PASSWORD, display_name="Chelsea")
    _device, token = devices.add_device(hub, None, "Tablet of Sara", 1)
    sign_in(visitor, "chelsea@example.org")

    page = visitor.get("/")
    assert page.status_code == 200
    assert "your account may not see more" in page.text
    assert "Tablet of Sara" not in page.text
    assert visitor.get(f"/devices/{_device.id}").status_code == 403
    assert token not in visitor.get(f"/devices/{_device.id}").text


def test_title_cannot_become_markup(hub: Node, office: FlaskClient) -> None:
    devices.add_device(hub, None, "<script>alert(1)</script>", 1)

    assert "<script" not in office.get("/").text


def test_pages_are_kept_nowhere_and_load_nothing_foreign(office: FlaskClient, visitor: FlaskClient) -> None:
    for page in (office.get("/"), visitor.get("/"), visitor.get("/sign-in")):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_missing_picture_is_not_found_and_no_accident(visitor: FlaskClient) -> None:
    assert visitor.get("/assets/nothing.css").status_code == 404


def test_accident_is_said_as_a_page_without_a_trace(office: FlaskClient, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("sync_server.services.office_overview.see_overview", fail)
    page = office.get("/")
    assert page.status_code == 500
    assert "secret detail" not in page.text
    assert "Nothing you sent was lost" in page.text
