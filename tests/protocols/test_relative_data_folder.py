"""The data folder as most have it, `data` and no more: downloads are looked for where the server was started."""

from pathlib import Path

import pytest

from sync_server.app import create_app
from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import sign_in
from sync_server.settings import Settings
from tests.support.people import PASSWORD, add_person
from tests.support.samples import publish, send, submission


@pytest.mark.parametrize("name", ["submissions.csv.zip", "submissions.csv"])
def test_exports_come_from_a_relative_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with Node.open(Settings(data=Path("data"), min_free_bytes=0)) as node:
        add_person(node, "alice", Grant(ADMIN))
        token = sign_in.create_session(node, "alice@example.org", PASSWORD).token
        publish(node)
        send(node, submission("uuid:1", "<place>A</place>"))
        headers = {"Authorization": f"Bearer {token}"}
        with create_app(node).test_client().get(f"/v1/projects/1/forms/visit/{name}", headers=headers) as response:
            assert response.status_code == 200
            assert len(response.data) == int(response.headers["Content-Length"])
