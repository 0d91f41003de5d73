"""What only a real connection shows: framing, large bodies, broken ones, refusals that are heard."""

import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from requests.auth import HTTPDigestAuth

from sync_server.core.roles import DATA_COLLECTOR
from sync_server.node import Node
from sync_server.services import devices, users
from sync_server.settings import Settings
from tests.protocols.conftest import PASSWORD, make_submission
from tests.protocols.received import Stored, stored
from tests.support.people import give_role
from tests.support.server import LiveServer

XML = make_submission()
UNKNOWN = "/v1/key/" + "0" * 64 + "/projects/1"
MULTIPART = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Hub:
    """A hub that serves, and what it holds."""

    url: str
    base: str
    data: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)

    def stored(self) -> Stored:
        with Node.open(Settings(data=self.data)) as node:
            return stored(node)


@pytest.fixture(scope="module")
def hub_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    data = tmp_path_factory.mktemp("live") / "hub"
    with Node.open(Settings(data=data)) as node:
        _, token = devices.add_device(node, None, "tablet", 1)
        bob = users.add_user(node, None, "bob@example.org", PASSWORD, uses_digest=True)
        give_role(node, bob, DATA_COLLECTOR)
    with LiveServer(data) as server:
        yield Hub(server.url, f"/v1/key/{token}/projects/1", data)


def parts(xml: bytes, *files: tuple[str, bytes]) -> bytes:
    """A multipart body as OkHttp writes it: names as raw UTF-8."""
    body = b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="f.xml"\r\n\r\n' + xml
    for name, content in files:
        quoted = name.replace('"', "%22").encode()
        body += b'\r\n--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s' % (
            quoted,
            quoted,
            content,
        )
    return body + b"\r\n--b--\r\n"


def test_head_before_a_submission_is_204_without_a_body_on_a_connection_that_lives_on(hub_live: Hub) -> None:
    connection = hub_live.connect()
    for _ in range(3):
        connection.request("HEAD", hub_live.base + "/submission?deviceID=collect%3Aabc")
        response = connection.getresponse()
        assert (response.status, response.read()) == (204, b"")
        assert response.headers["X-OpenRosa-Accept-Content-Length"] == "5000000"
        assert len(response.headers.get_all("Date", [])) == 1
    connection.close()


def test_names_in_raw_utf_8_are_kept_exactly(hub_live: Hub) -> None:
    xml = make_submission("uuid:names")
    names = ["صورة ١.jpg", 'a"b.jpg', "😀 ; x=y.jpg"]
    body = parts(xml, *((name, name.encode()) for name in names))
    response = requests.post(
        hub_live.url + hub_live.base + "/submission", data=body, headers={"Content-Type": MULTIPART}, timeout=30
    )
    assert response.status_code == 201
    assert {name: hub_live.stored().files[name] for name in names} == {name: [name.encode()] for name in names}


def test_a_chunked_upload_is_taken(hub_live: Hub) -> None:
    xml = make_submission("uuid:chunked")
    body = parts(xml, ("chunked.jpg", b"x" * 300_000))
    pieces = (body[at : at + 10_000] for at in range(0, len(body), 10_000))
    response = requests.post(
        hub_live.url + hub_live.base + "/submission", data=pieces, headers={"Content-Type": MULTIPART}, timeout=30
    )
    assert response.status_code == 201
    assert hub_live.stored().files["chunked.jpg"] == [b"x" * 300_000]


def test_one_large_file_comes_in_one_piece_and_whole(hub_live: Hub) -> None:
    video = bytes(range(256)) * 160_000
    body = parts(make_submission("uuid:video"), ("video.mp4", video))
    response = requests.post(
        hub_live.url + hub_live.base + "/submission", data=body, headers={"Content-Type": MULTIPART}, timeout=60
    )
    assert response.status_code == 201
    assert hub_live.stored().files["video.mp4"] == [video]


@pytest.mark.parametrize("path", [UNKNOWN + "/submission", "/v1/projects/1/submission", "/v1/nowhere/submission"])
def test_a_refusal_is_heard_though_the_upload_is_large(hub_live: Hub, path: str) -> None:
    connection = hub_live.connect()
    body = parts(XML, ("big.jpg", b"x" * 20_000_000))
    connection.request("POST", path, body=body, headers={"Content-Type": MULTIPART})
    response = connection.getresponse()
    assert response.status in (401, 403, 404)
    assert b"OpenRosaResponse" in response.read()
    connection.close()


def test_a_connection_serves_on_after_a_refused_upload(hub_live: Hub) -> None:
    connection = hub_live.connect()
    connection.request("POST", UNKNOWN + "/submission", body=parts(XML, ("a", b"x" * 500_000)))
    connection.getresponse().read()
    connection.request("GET", hub_live.base + "/formList")
    assert connection.getresponse().status == 200
    connection.close()


def test_an_upload_that_breaks_off_stores_nothing_and_the_server_goes_on(hub_live: Hub) -> None:
    xml = make_submission("uuid:broken-off")
    body = parts(xml, ("half.jpg", b"x" * 400_000))
    host, port = urlsplit(hub_live.url).hostname or "", urlsplit(hub_live.url).port or 0
    with socket.create_connection((host, port), timeout=30) as raw:
        head = f"POST {hub_live.base}/submission HTTP/1.1\r\nHost: x\r\nContent-Type: {MULTIPART}\r\n"
        raw.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
    response = requests.get(hub_live.url + hub_live.base + "/formList", timeout=30)
    assert response.status_code == 200
    held = hub_live.stored()
    assert xml not in held.xml
    assert "half.jpg" not in held.files


def test_a_request_line_of_a_hundred_kilobytes_is_read(hub_live: Hub) -> None:
    ids = ",".join(f"{n:036d}" for n in range(2700))
    response = requests.get(f"{hub_live.url}{hub_live.base}/formList?id={ids}", timeout=30)
    assert response.status_code == 200


def test_an_independent_digest_client_gets_in_with_path_and_query(hub_live: Hub) -> None:
    url = f"{hub_live.url}/formList?deviceID=collect%3Aabc"
    assert requests.get(url, auth=HTTPDigestAuth("bob@example.org", PASSWORD), timeout=30).status_code == 200
    assert requests.get(url, auth=HTTPDigestAuth("bob@example.org", "wrong"), timeout=30).status_code == 401


def test_an_independent_digest_client_sends(hub_live: Hub) -> None:
    auth = HTTPDigestAuth("bob@example.org", PASSWORD)
    with requests.Session() as session:
        session.auth = auth
        assert session.head(f"{hub_live.url}/submission?deviceID=x", timeout=30).status_code == 204
        files = {"xml_submission_file": ("f.xml", make_submission("uuid:digest"), "text/xml")}
        assert session.post(f"{hub_live.url}/submission?deviceID=x", files=files, timeout=30).status_code == 201


def test_a_list_has_one_version_header_and_is_text_xml(hub_live: Hub) -> None:
    response = requests.get(hub_live.url + hub_live.base + "/formList", timeout=30)
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert len(response.headers["X-OpenRosa-Version"].split(",")) == 1
