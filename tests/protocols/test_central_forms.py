"""Forms by ODK Central's REST, as a script would use them, from publishing to closing."""

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from sync_server.node import Node
from sync_server.services.shipped_forms import shipped_forms
from sync_server.store.accounts import Actor
from sync_server.store.decisions import find_decisions
from tests.protocols.conftest import PASSWORD, Tablet
from tests.support.form_tables import FAULTY, meeting_form

FORMS = "/v1/projects/1/forms"
MARKDOWN = "text/markdown"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XML = "application/xml"


class Office:
    """A script signed in as alice."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = self._headers | options.pop("headers", {})
        return self._client.open(path, method=method, headers=headers, buffered=True, **options)

    def get(self, path: str) -> Any:
        response = self.ask("GET", path)
        assert response.status_code == 200, response.text
        return response.json

    def publish(
        self, source: bytes, *, kind: str = MARKDOWN, query: str = "publish=true", **headers: str
    ) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", f"{FORMS}?{query}", data=source, content_type=kind, headers=named)


@pytest.fixture
def office(client: FlaskClient, alice: Actor) -> Office:
    session = client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD})
    client.delete_cookie("session")
    return Office(client, session.json["token"])  # type: ignore[index]


def problem(response: TestResponse) -> tuple[int, float]:
    """The status and Central's code of a refusal, which is always JSON with a message."""
    body = response.json
    assert body is not None, response.text
    assert isinstance(body["message"], str)
    return response.status_code, body["code"]


# -- publishing


def test_a_workbook_is_published_and_shown_as_central_shows_it(office: Office) -> None:
    source = (shipped_forms() / "cpf_concern" / "cpf_concern.xlsx").read_bytes()
    response = office.publish(source, kind=WORKBOOK, X_XlsForm_FormId_Fallback="whatever.xlsx")
    assert response.status_code == 200
    form = response.json
    assert form is not None
    assert (form["projectId"], form["xmlFormId"], form["name"]) == (1, "cpf_concern", "CPF concern report")
    assert (form["version"], form["state"], form["keyId"]) == ("2026113002", "open", None)
    assert len(form["hash"]) == 32
    assert form["publishedAt"].endswith("Z")
    assert form["createdAt"] == form["publishedAt"]


def test_a_markdown_table_and_xml_are_published(office: Office) -> None:
    assert office.publish(meeting_form()).status_code == 200
    xml = office.ask("GET", f"{FORMS}/meeting.xml").data
    again = office.publish(xml, kind=XML)
    assert again.status_code == 200
    assert len(office.get(f"{FORMS}/meeting/versions")) == 1


def test_the_fallback_header_names_a_form_without_id_percent_decoded(office: Office) -> None:
    source = b"| survey |\n| | type | name | label |\n| | text | a | A |\n| settings |\n| | version |\n| | 1 |\n"
    response = office.publish(source, X_XlsForm_FormId_Fallback=quote("زيارة.xlsx"))
    assert response.json["xmlFormId"] == "زيارة"  # type: ignore[index]


def test_an_error_of_pyxform_names_sheet_row_and_what_to_do(office: Office) -> None:
    response = office.publish(FAULTY)
    assert problem(response) == (400, 400.15)
    details = response.json["details"]  # type: ignore[index]
    assert (details["sheet"], details["row"], details["warnings"]) == ("survey", 2, [])
    assert details["error"].startswith("Sheet 'survey', row 2: Unknown question type 'intteger'. Correct")


def test_warnings_stop_the_form_until_they_are_ignored(office: Office) -> None:
    source = meeting_form(rows="| | image | other | Other | | low | |\n")
    refused = office.publish(source)
    assert problem(refused) == (400, 400.16)
    warnings = refused.json["details"]["warnings"]  # type: ignore[index]
    assert "max-pixels" in warnings["xlsFormWarnings"][0]
    assert warnings["workflowWarnings"] == []
    assert office.get(FORMS) == []
    assert office.publish(source, query="publish=true&ignoreWarnings=true").status_code == 200


def test_a_new_version_comes_by_the_same_address(office: Office) -> None:
    office.publish(meeting_form())
    assert office.publish(meeting_form(version="2")).json["version"] == "2"  # type: ignore[index]
    assert [version["version"] for version in office.get(f"{FORMS}/meeting/versions")] == ["2", "1"]
    assert office.get(f"{FORMS}/meeting")["version"] == "2"
    assert office.get(f"{FORMS}/meeting/versions/1")["version"] == "1"


def test_another_form_under_a_published_version_is_a_conflict(office: Office) -> None:
    office.publish(meeting_form())
    response = office.publish(meeting_form(rows="| | text | more | More | | low | |\n"))
    assert problem(response) == (409, 409.6)


def test_a_changed_type_is_a_conflict_whatever_is_ignored(office: Office) -> None:
    office.publish(meeting_form())
    changed = meeting_form(version="2", topic_type="integer")
    assert problem(office.publish(changed, query="publish=true&ignoreWarnings=true")) == (400, 400.17)


@pytest.mark.parametrize("body", [b"", b"junk", b"PK\x03\x04junk", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff\xfe"])
def test_what_is_no_form_is_refused_in_json(office: Office, body: bytes) -> None:
    status, _ = problem(office.publish(body, kind=XML))
    assert status == 400


def test_drafts_are_refused_with_what_to_do(office: Office) -> None:
    response = office.publish(meeting_form(), query="")
    assert problem(response) == (501, 501.91)
    assert "?publish=true" in response.json["message"]  # type: ignore[index]


# -- reading


def test_the_list_and_one_form_are_the_same_json(office: Office) -> None:
    office.publish(meeting_form())
    assert office.get(FORMS) == [office.get(f"{FORMS}/meeting")]


def test_the_xml_has_the_hash_that_is_told(office: Office) -> None:
    office.publish(meeting_form())
    response = office.ask("GET", f"{FORMS}/meeting/versions/1.xml")
    assert response.headers["ETag"] == f'"{office.get(f"{FORMS}/meeting")["hash"]}"'
    assert etree.fromstring(response.data).tag.endswith("html")


def test_the_workbook_comes_back_as_it_was_sent(office: Office) -> None:
    source = (shipped_forms() / "cpf_training_eval" / "cpf_training_eval.xlsx").read_bytes()
    office.publish(source, kind=WORKBOOK)
    response = office.ask("GET", f"{FORMS}/cpf_training_eval.xlsx")
    assert (response.data, response.mimetype) == (source, WORKBOOK)
    assert "cpf_training_eval.xlsx" in response.headers["Content-Disposition"]
    assert office.ask("GET", f"{FORMS}/cpf_training_eval/versions/2026113002.xlsx").data == source


def test_a_form_that_was_no_workbook_has_none(office: Office) -> None:
    office.publish(meeting_form())
    assert problem(office.ask("GET", f"{FORMS}/meeting.xlsx")) == (404, 404.1)


def test_fields_are_as_central_lists_them(office: Office) -> None:
    office.publish(meeting_form())
    fields = office.get(f"{FORMS}/meeting/fields")
    assert fields == office.get(f"{FORMS}/meeting/versions/1/fields")
    assert [(field["path"], field["type"], field["binary"]) for field in fields] == [
        ("/place", "string", None),
        ("/forum", "string", None),
        ("/topic", "string", None),
        ("/photo", "binary", True),
        ("/meta", "structure", None),
        ("/meta/instanceID", "string", None),
    ]
    assert set(fields[0]) == {"name", "path", "type", "binary", "selectMultiple"}


def test_fields_for_odata_have_names_odata_allows(office: Office) -> None:
    office.publish(meeting_form(rows="| | text | a-b.c | Odd | | low | |\n"))
    assert "/a_b_c" in [field["path"] for field in office.get(f"{FORMS}/meeting/fields?odata=true")]


def test_a_version_without_a_name_is_three_underscores(office: Office) -> None:
    source = b"| survey |\n| | type | name | label |\n| | text | a | A |\n| settings |\n| | form_id |\n| | f |\n"
    office.publish(source, query="publish=true&ignoreWarnings=true")
    assert office.get(f"{FORMS}/f/versions/___")["version"] == ""


@pytest.mark.parametrize("path", ["", "/fields", "/attachments", "/versions", "/versions/9", "/attachments/a.csv"])
def test_what_is_not_there_is_not_found(office: Office, path: str) -> None:
    assert problem(office.ask("GET", f"{FORMS}/nothing{path}")) == (404, 404.1)


def test_an_unknown_project_is_not_found(office: Office) -> None:
    assert problem(office.ask("GET", "/v1/projects/9/forms")) == (404, 404.1)


# -- media


def test_media_go_to_the_published_form_and_on_to_tablets(office: Office, tablet: Tablet) -> None:
    office.publish(meeting_form())
    address = f"{FORMS}/meeting/attachments"
    assert [(file["name"], file["exists"]) for file in office.get(address)] == [("forums.csv", False)]
    sent = office.ask("POST", f"{address}/forums.csv", data=b"name,label\n1,One\n", content_type="text/csv")
    assert (sent.status_code, sent.json["blobExists"], sent.json["size"]) == (200, True, 17)  # type: ignore[index]
    assert office.get(address) == [sent.json]
    listed = tablet.get("/formList").text
    manifest = listed.partition("<manifestUrl>")[2].partition("<")[0]
    assert sent.json["hash"] in tablet.get(manifest).text  # type: ignore[index]
    file = office.ask("GET", f"{address}/forums.csv")
    assert (file.data, file.mimetype) == (b"name,label\n1,One\n", "text/csv")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_file_the_form_does_not_name_is_refused_with_those_it_names(office: Office) -> None:
    office.publish(meeting_form())
    response = office.ask("POST", f"{FORMS}/meeting/attachments/forum.csv", data=b"x")
    assert problem(response) == (404, 404.1)
    assert "forums.csv" in response.json["message"]  # type: ignore[index]


# -- closing


def test_a_form_is_closed_and_reopened(office: Office, tablet: Tablet) -> None:
    office.publish(meeting_form())
    closed = office.ask("PATCH", f"{FORMS}/meeting", json={"state": "closed"}, headers={"X-Action-Notes": "done"})
    assert (closed.status_code, closed.json["state"]) == (200, "closed")  # type: ignore[index]
    assert "meeting" not in tablet.get("/formList").text
    office.ask("PATCH", f"{FORMS}/meeting", json={"state": "open"})
    assert "meeting" in tablet.get("/formList").text


def test_nul_in_the_notes_becomes_a_character_that_every_database_keeps(office: Office, hub: Node) -> None:
    office.publish(meeting_form())
    office.ask("PATCH", f"{FORMS}/meeting", json={"state": "closed"}, headers={"X-Action-Notes": "d%00ne"})
    with hub.database.read() as session:
        assert [decision.reason for decision in find_decisions(session, ["meeting"])] == ["d\ufffdne"]


@pytest.mark.parametrize("body", [{"state": "shut"}, {"state": 7}, {}, {"webformsEnabled": True}])
def test_a_wrong_state_is_refused(office: Office, body: dict[str, object]) -> None:
    office.publish(meeting_form())
    assert problem(office.ask("PATCH", f"{FORMS}/meeting", json=body)) == (400, 400.8)


# -- who may


def test_strangers_tablets_and_bob_may_not(client: FlaskClient, office: Office, tablet: Tablet, bob: Actor) -> None:
    office.publish(meeting_form())
    session = client.post("/v1/sessions", json={"email": "bob@example.org", "password": PASSWORD})
    client.delete_cookie("session")
    as_bob = {"Authorization": f"Bearer {session.json['token']}"}  # type: ignore[index]
    for method, path in [("GET", FORMS), ("POST", FORMS), ("GET", f"{FORMS}/meeting"), ("PATCH", f"{FORMS}/meeting")]:
        assert client.open(path, method=method).status_code == 401
        assert client.open(path, method=method, headers=as_bob).status_code == 403
        assert client.open(f"{path}?st={tablet.token}", method=method).status_code == 403
