"""What cannot be taken is refused so that a person knows what to do, and nothing is lost."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import devices
from sync_server.store.unreadable_uploads import iter_unreadable
from tests.protocols.conftest import Tablet, make_submission
from tests.protocols.received import stored
from tests.protocols.test_openrosa_submission import message

XML = make_submission()
UNKNOWN = "/v1/key/" + "0" * 64 + "/projects/1"


def multipart(body: bytes) -> dict[str, object]:
    return {"data": body, "content_type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not xml",
        XML[:-20],
        b"<!DOCTYPE data [<!ENTITY a 'b'>]><data id='visit'>&a;</data>",
        "<?xml version='1.0' encoding='UTF-8'?><data id='visit'>\u00e9</data>".encode("latin-1"),
        b"<a>" * 5000 + b"</a>" * 5000,
    ],
    ids=["empty", "text", "cut", "doctype", "latin-1", "deep"],
)
def test_what_is_no_xml_gets_400_and_its_bytes_are_kept_for_rescue(tablet: Tablet, hub: Node, damaged: bytes) -> None:
    response = tablet.send(damaged)
    assert response.status_code == 400
    assert "send it again" in message(response)
    with hub.database.read() as session:
        kept = iter_unreadable(session)
    with hub.blobs.open(kept[0].sha256) as blob:
        assert blob.read() == damaged


def test_an_upload_without_xml_is_told_what_is_missing(tablet: Tablet) -> None:
    response = tablet.client.post(f"{tablet.base}/submission", data={"other": "x"}, content_type="multipart/form-data")
    assert response.status_code == 400
    assert "xml_submission_file" in message(response)


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"\r\n\r\n' + XML,
        b"--b\r\nno header\r\n\r\n" + XML + b"\r\n--b--",
        b"nothing of the kind",
    ],
    ids=["broken off", "no disposition", "no multipart"],
)
def test_an_upload_that_broke_off_stores_nothing(tablet: Tablet, hub: Node, body: bytes) -> None:
    response = tablet.client.post(f"{tablet.base}/submission", **multipart(body))  # type: ignore[arg-type]
    assert response.status_code == 400
    assert "broke off" in message(response)
    assert stored(hub).xml == []


def test_a_multipart_without_a_boundary_is_refused(tablet: Tablet) -> None:
    response = tablet.client.post(f"{tablet.base}/submission", data=XML, content_type="multipart/form-data")
    assert response.status_code == 400


def test_a_file_name_in_latin_1_does_not_cost_the_submission(tablet: Tablet, hub: Node) -> None:
    xml = b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"\r\n\r\n' + XML
    photo = '\r\n--b\r\nContent-Disposition: form-data; name="p"; filename="é.jpg"\r\n\r\nx\r\n--b--'.encode("latin-1")
    assert tablet.client.post(f"{tablet.base}/submission", **multipart(xml + photo)).status_code == 201  # type: ignore[arg-type]
    assert stored(hub).files == {"é.jpg": [b"x"]}


@pytest.mark.parametrize("path", ["/formList", "/submission"])
def test_a_well_formed_unknown_token_is_403_and_no_question_for_a_password(client: FlaskClient, path: str) -> None:
    response = client.get(UNKNOWN + path)
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response.headers
    assert "QR code" in message(response)


@pytest.mark.parametrize("token", ["x", "0" * 63, "0" * 65, "%20" * 64])
def test_a_malformed_token_is_401(client: FlaskClient, token: str) -> None:
    assert client.get(f"/v1/key/{token}/projects/1/formList").status_code == 401
    assert client.get(f"/v1/projects/1/formList?st={token}").status_code == 401


def test_an_unknown_tablet_may_not_send(client: FlaskClient, hub: Node) -> None:
    response = client.post(UNKNOWN + "/submission", data=XML, content_type="text/xml")
    assert response.status_code == 403
    assert stored(hub).xml == []


def test_an_unknown_project_is_404(client: FlaskClient, hub: Node, tablet: Tablet) -> None:
    other = devices.add_device(hub, None, "other", 1)[1]
    assert client.get(f"/v1/key/{other}/projects/99/formList").status_code == 403


def test_a_size_limit_is_the_operators_and_said_with_figures(hub: Node, tablet: Tablet) -> None:
    node = replace(hub, settings=replace(hub.settings, max_upload_bytes=1000))
    client = create_app(node).test_client()
    response = client.post(f"{tablet.base}/submission", data=make_submission(name="x" * 2000), content_type="text/xml")
    assert response.status_code == 413
    assert "max_upload_bytes" in message(response)
    assert client.post(f"{tablet.base}/submission", data=XML, content_type="text/xml").status_code == 201


def test_a_full_disk_is_said_before_a_byte_is_read(hub: Node, tablet: Tablet) -> None:
    node = replace(hub, settings=replace(hub.settings, min_free_bytes=10**18))
    response = create_app(node).test_client().post(f"{tablet.base}/submission", data=XML, content_type="text/xml")
    assert response.status_code == 507
    assert "disk is full" in message(response)
    assert "Keep it on the tablet" in message(response)
    assert stored(hub).xml == []
