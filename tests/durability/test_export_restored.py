"""After a restore of an older back-up the warehouse shows that state, and no older download is taken for the new one.

The feed comes to the same numbers again with other content; only its epoch tells the two apart.
"""

import io
import zipfile
from pathlib import Path

import pytest
import requests

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.backup import back_up
from sync_server.services.devices import add_device
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store import changes
from tests.support.backups import PASSPHRASE, restored
from tests.support.naive_node import expected_submissions
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, visit
from tests.support.senders import post
from tests.support.server import ALICE_PASSWORD, LiveServer
from tests.support.warehouse_rows import shown_submissions

EXPORTS = [f"/v1/projects/1/forms/visit/submissions.csv{kind}" for kind in ("", ".zip", ".zip?attachments=false")]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_export_known_from_before_the_restore_is_not_taken_for_the_new_one(
    tmp_path: Path, database: str, postgresql: PostgresqlServer
) -> None:
    url = postgresql.new_database() if database == "postgresql" else ""
    (tmp_path / "disk").mkdir()
    settings = Settings(data=tmp_path / "node", database_url=url, min_free_bytes=0, backup_passphrase=PASSPHRASE)
    with Node.open(settings) as node:
        publish_visit(node)
        token = add_device(node, None, "tablet", 1)[1]
    submission_path = f"/v1/key/{token}/projects/1/submission"
    with LiveServer(settings.data, environ={"SYNC_DATABASE_URL": url}) as server, requests.Session() as session:
        assert post(session, server.url + submission_path, visit("before"), {}) == 201
        with Node.open(settings) as node:
            older = back_up(node, tmp_path / "disk").path
        assert post(session, server.url + submission_path, visit("lost"), {}) == 201
        known = [fetch(server, path).headers["ETag"] for path in EXPORTS]
        assert [fetch(server, path, etag=etag).status_code for path, etag in zip(EXPORTS, known, strict=True)] == [
            304
        ] * 3
    with Node.open(settings) as node:
        head_before = head(node)
    again_url = postgresql.new_empty_database() if url else ""
    with restored(older, tmp_path / "elsewhere", again_url) as again:
        consumers.catch_up(again)
        assert [one.key for one in shown_submissions(again, "visit")] == ["uuid:before"]
    with LiveServer(tmp_path / "elsewhere", environ={"SYNC_DATABASE_URL": again_url}) as server:
        with requests.Session() as session:
            while head_of(tmp_path / "elsewhere", again_url) < head_before:
                assert post(session, server.url + submission_path, visit("other"), {}) in (201, 202)
        for path, etag in zip(EXPORTS, known, strict=True):
            answer = fetch(server, path, etag=etag)
            assert answer.status_code == 200
            assert answer.headers["ETag"] != etag
            text = text_of(answer)
            assert "uuid:other" in text
            assert "uuid:lost" not in text
            ranged = fetch(server, path, headers={"Range": "bytes=10-", "If-Range": etag})
            assert (ranged.status_code, len(ranged.content)) == (200, len(answer.content))
    with Node.open(Settings(data=tmp_path / "elsewhere", database_url=again_url, min_free_bytes=0)) as again:
        assert list(verify_node(again)) == []
        with again.database.read() as reading:
            _, expected = expected_submissions(reading, "visit")
        assert [one.key for one in shown_submissions(again, "visit")] == [one.rows.key for one in expected]


def fetch(
    server: LiveServer, path: str, *, etag: str | None = None, headers: dict[str, str] | None = None
) -> requests.Response:
    login = {"email": "alice@example.org", "password": ALICE_PASSWORD}
    token = requests.post(f"{server.url}/v1/sessions", json=login, timeout=60).json()["token"]
    sent = {"Authorization": f"Bearer {token}", **(headers or {}), **({"If-None-Match": etag} if etag else {})}
    return requests.get(server.url + path, headers=sent, timeout=60)


def text_of(answer: requests.Response) -> str:
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as export:
        return "".join(export.read(name).decode() for name in export.namelist() if name.endswith(".csv"))


def head_of(data: Path, url: str) -> int:
    with Node.open(Settings(data=data, database_url=url, min_free_bytes=0)) as node:
        return head(node)


def head(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)
