"""Every answer of the tablet's door is one a tablet can read, in the person's language, accidents included."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from sync_server.node import Node
from sync_server.protocols import openrosa_documents
from tests.protocols.conftest import Publish, Tablet, make_submission
from tests.protocols.test_openrosa_submission import message


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/formList", 401),
        ("GET", "/v1/projects/1/formList", 401),
        ("HEAD", "/v1/projects/1/submission", 401),
        ("POST", "/v1/projects/1/submission", 401),
        ("DELETE", "/v1/projects/1/submission", 405),
        ("PUT", "/submission", 405),
        ("OPTIONS", "/formList", 405),
        ("POST", "/v1/projects/1/formList", 405),
        ("GET", "/v1/nowhere/formList", 404),
        ("GET", "/v1/projects/x/submission", 404),
    ],
)
def test_an_error_has_the_headers_of_the_protocol_and_no_html(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.headers["X-OpenRosa-Version"] == "1.0"
    assert response.headers["X-OpenRosa-Accept-Content-Length"] == "5000000"
    assert response.headers["Content-Language"] == "en"
    assert "Set-Cookie" not in response.headers
    assert "Location" not in response.headers
    if method != "HEAD":
        assert message(response)
        assert b"<html" not in response.data.lower()


def test_an_accident_is_a_500_without_a_stack_trace_and_without_the_token_in_the_log(
    app: Flask, tablet: Tablet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("kaboom at /home/secret")

    monkeypatch.setattr(openrosa_documents, "answer_form_list", fail)
    with caplog.at_level(logging.ERROR):
        response = tablet.get("/formList")
    assert response.status_code == 500
    assert "Nothing you sent was lost" in message(response)
    assert b"kaboom" not in response.data
    assert any("unexpected error" in record.message for record in caplog.records)
    assert tablet.token not in caplog.text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ar-IQ,ar;q=0.9,en;q=0.5", "ar"), ("ckb", "ckb"), ("ku", "ckb"), ("fr", "en"), ("en-GB", "en"), ("*", "en")],
)
def test_a_message_is_in_the_language_that_was_asked_for(client: FlaskClient, asked: str, language: str) -> None:
    response = client.get("/formList", headers={"Accept-Language": asked})
    assert response.headers["Content-Language"] == language
    assert message(response)


def test_a_tablet_that_names_no_language_reads_english(tablet: Tablet, publish: Publish) -> None:
    publish()
    response = tablet.send(make_submission())
    assert response.headers["Content-Language"] == "en"
    assert message(response) == "Received and safely stored. Thank you."


@pytest.mark.parametrize("path", ["//submission", "///submission", "/submission/"])
def test_doubled_and_trailing_slashes_lead_to_the_same_door(tablet: Tablet, path: str) -> None:
    response = tablet.client.post(tablet.base + path, data=make_submission(), content_type="text/xml")
    assert response.status_code == 201
    assert tablet.client.head(tablet.base + path).status_code == 204


def test_slashes_are_folded_anywhere(tablet: Tablet, publish: Publish) -> None:
    publish()
    assert tablet.client.get("/v1///key/" + tablet.token + "//projects/1//formList").status_code == 200


def test_an_address_is_case_exact(tablet: Tablet) -> None:
    assert tablet.get("/formlist").status_code == 404


def test_a_body_begins_with_its_declaration(tablet: Tablet, publish: Publish) -> None:
    publish()
    for response in (tablet.get("/formList"), tablet.get("/nothing/formList"), tablet.send(make_submission())):
        assert response.data.startswith(b"<?xml ")
        etree.fromstring(response.data)


def test_a_date_of_any_writing_is_no_reason_to_refuse(tablet: Tablet, hub: Node) -> None:
    for date in ("الاثنين", "", "Mon, 99 Foo 2026 99:99:99 XYZ"):
        response = tablet.client.post(
            f"{tablet.base}/submission",
            data=make_submission(),
            content_type="text/xml",
            headers={"Date": date.encode().decode("latin-1")},
        )
        assert response.status_code == 201


@pytest.mark.parametrize("number", [2**31, 10**22])
def test_a_number_no_row_can_have_is_not_found(tablet: Tablet, number: int) -> None:
    for path in (f"/forms/{number}/form.xml", f"/xformsManifest/{number}", f"/../{number}/formList"):
        assert tablet.get(path).status_code == 404
    assert tablet.client.get(f"/v1/projects/{number}/app-users").status_code == 404
