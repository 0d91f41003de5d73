"""What tests of the doors share: the application of a hub, a client, a tablet, and published forms."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from urllib3 import encode_multipart_formdata
from werkzeug.test import TestResponse

from sync_server.app import create_app
from sync_server.core.roles import DATA_COLLECTOR
from sync_server.node import Node
from sync_server.services import devices, users
from sync_server.store import forms
from sync_server.store.accounts import Actor
from sync_server.store.forms import FormAttachment, NewFormVersion
from tests.support.described import DescribedClient
from tests.support.people import give_role

PASSWORD = "correct horse battery"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def app(hub: Node) -> Flask:
    """The application; its clients hold every answer against the description of the interface."""
    app = create_app(hub)
    app.test_client_class = DescribedClient
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def alice(hub: Node) -> Actor:
    """An administrator."""
    return users.add_user(hub, None, "alice@example.org", PASSWORD, display_name="Alice", is_administrator=True)


@pytest.fixture
def bob(hub: Node) -> Actor:
    """One who fills forms, and whose account turned Digest on."""
    bob = users.add_user(hub, None, "bob@example.org", PASSWORD, display_name="Bob", uses_digest=True)
    give_role(hub, bob, DATA_COLLECTOR)
    return bob


@dataclass(frozen=True)
class Tablet:
    """A tablet as Collect is on the network: an address with a token, a device id, a client."""

    client: FlaskClient
    actor: Actor
    token: str
    base: str
    headers: dict[str, str] = field(
        default_factory=lambda: {"X-OpenRosa-Version": "1.0", "Date": "Mon, 23 Nov 2026 09:00:00 GMT"}
    )

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET an address below the tablet's, or an absolute one from a list."""
        url = path if path.startswith("http") else self.base + path
        return self.client.get(
            url, query_string={"deviceID": "collect:abc"}, headers=self.headers, buffered=True, **options
        )

    def send(self, xml: bytes, *files: tuple[str, bytes], fields: dict[str, str] | None = None) -> TestResponse:
        """POST a submission as Collect does."""
        parts: list[tuple[str, Any]] = [("xml_submission_file", ("form_2026-11-23.xml", xml, "text/xml"))]
        parts += [(name, (name, content, "image/jpeg")) for name, content in files]
        # By urllib3: Werkzeug's own writer leaves out the line break behind an empty part, as no client does.
        body, content_type = encode_multipart_formdata(parts + list((fields or {}).items()))
        return self.client.post(
            f"{self.base}/submission?deviceID=collect%3Aabc",
            data=body,
            content_type=content_type,
            headers=self.headers,
        )


@pytest.fixture
def tablet(hub: Node, client: FlaskClient) -> Tablet:
    actor, token = devices.add_device(hub, None, "tablet", 1)
    return Tablet(client, actor, token, f"/v1/key/{token}/projects/1")


Publish = Callable[..., int]


@pytest.fixture
def publish(hub: Node) -> Iterator[Publish]:
    """Publish a small form; returns the number of its version."""

    def add(form_id: str = "visit", version: str = "1", *, title: str = "Visit", **media: bytes) -> int:
        xml = make_form(form_id, version, title)
        new = NewFormVersion(
            project_id=1,
            form_id=form_id,
            version=version,
            sha256=hashlib.sha256(xml).hexdigest(),
            md5=hashlib.md5(xml).hexdigest(),
            title=title,
            xml=xml,
            published_at=NOW,
        )
        version_id = hub.write(lambda session: forms.add_form_version(session, new).row_id)
        for name, content in media.items():
            put_media(hub, version_id, name, content)
        return version_id

    return add


def put_media(hub: Node, version_id: int, name: str, content: bytes, content_type: str = "text/csv") -> None:
    """Give a version a file."""
    attachment = FormAttachment(
        name=name,
        sha256=hub.blobs.put(content),
        md5=hashlib.md5(content).hexdigest(),
        size=len(content),
        type=content_type,
        updated_at=NOW,
    )
    hub.write(lambda session: forms.put_attachment(session, version_id, attachment))


def make_form(form_id: str, version: str, title: str = "Visit") -> bytes:
    return (
        f'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>'
        f'<h:title>{title}</h:title><model><instance><data id="{form_id}" version="{version}"><name/>'
        f"<meta><instanceID/></meta></data></instance></model></h:head><h:body/></h:html>"
    ).encode()


def make_submission(
    instance_id: str = "uuid:1", *, form_id: str = "visit", version: str = "1", name: str = "Sara"
) -> bytes:
    """A submission as JavaRosa writes it."""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data xmlns:orx=\"http://openrosa.org/xforms\" id=\"{form_id}\" "
        f'version="{version}"><name>{name}</name><orx:meta><orx:instanceID>{instance_id}</orx:instanceID></orx:meta></data>'
    ).encode()
