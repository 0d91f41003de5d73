"""Whatever comes to the tablet's door, the answer is OpenRosa XML and no accident, on both databases."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import devices
from tests.protocols.conftest import make_submission
from tests.protocols.received import stored

# The fixtures are made once and serve all examples: the door has no memory that could spoil the next.
SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
SCHEME = st.sampled_from(["Digest ", "Basic ", "Bearer ", ""])
XML_PART = b'Content-Disposition: form-data; name="xml_submission_file"'
PIECES = [b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"\0", b"<data", b'; filename="x', b"Content-Type: \xff", XML_PART]
BODY = st.one_of(
    st.binary(max_size=300), st.lists(st.sampled_from([*PIECES, make_submission()]), max_size=12).map(b"".join)
)
CONTENT_TYPE = st.sampled_from(
    ["multipart/form-data; boundary=b", "multipart/form-data", "text/xml", "application/json", "", "x"]
)


@pytest.fixture
def any_client(node: Node) -> FlaskClient:
    return create_app(node).test_client()


@pytest.fixture
def token(node: Node) -> str:
    return devices.add_device(node, None, "tablet", 1)[1]


@SHARED
@given(body=BODY, content_type=CONTENT_TYPE, device=TEXT)
def test_any_body_is_stored_or_refused_in_words(
    any_client: FlaskClient, token: str, body: bytes, content_type: str, device: str
) -> None:
    response = any_client.post(
        f"/v1/key/{token}/projects/1/submission",
        data=body,
        content_type=content_type,
        query_string={"deviceID": device},
    )
    assert response.status_code in (201, 400)
    assert etree.fromstring(response.data)[0].text


@SHARED
@given(scheme=SCHEME, credentials=HEADER, language=HEADER, form_id=TEXT)
def test_any_header_is_let_in_or_refused_in_words(
    any_client: FlaskClient, scheme: str, credentials: str, language: str, form_id: str
) -> None:
    response = any_client.get(
        "/formList",
        base_url="https://localhost",
        headers={"Authorization": scheme + credentials, "Accept-Language": language},
        query_string={"formID": form_id},
    )
    assert response.status_code in (401, 429)
    assert etree.fromstring(response.data)[0].text


@SHARED
@given(form_id=TEXT, version=TEXT, name=TEXT)
def test_any_name_is_found_or_not(any_client: FlaskClient, token: str, form_id: str, version: str, name: str) -> None:
    base = f"/v1/key/{token}/projects/1"
    assert any_client.get(f"{base}/formList", query_string={"formID": form_id}).status_code == 200
    for path in (f"forms/{form_id}.xml", f"forms/{form_id}/versions/{version}.xml", f"xformsMedia/1/{name}"):
        assert any_client.get(f"{base}/{path}").status_code in (200, 308, 404, 405)


def test_nul_costs_nobody_a_submission(any_client: FlaskClient, node: Node, token: str) -> None:
    parts = {"xml_submission_file": (BytesIO(make_submission()), "x.xml"), "p": (BytesIO(b"p"), "a\0b.jpg")}
    response = any_client.post(f"/v1/key/{token}/projects/1/submission?deviceID=a%00b", data=parts)
    assert response.status_code == 201
    assert list(stored(node).files) == ["a\ufffdb.jpg"]
    assert stored(node).receipts[0]["device_id"] == "a\ufffdb"


def test_a_device_id_of_any_length_is_cut(any_client: FlaskClient, node: Node, token: str) -> None:
    url = f"/v1/key/{token}/projects/1/submission?deviceID={'x' * 5000}"
    assert any_client.post(url, data=make_submission(), content_type="text/xml").status_code == 201
    assert stored(node).receipts[0]["device_id"] == "x" * 255
