"""The office at the other end: alice adds tablets and downloads exports, by the REST that ODK Central's clients use."""

import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support.server import ALICE_PASSWORD, LiveServer

PROJECT = "/v1/projects/1"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Export:
    """A form's csv.zip: the rows of the root table, of each repeat by its name, and the sha256 of each media file."""

    rows: list[Row]
    repeats: dict[str, list[Row]]
    media: dict[str, str]


class Office:
    """Alice, signed in."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._session = requests.Session()
        token = self._post("/v1/sessions", {"email": "alice@example.org", "password": ALICE_PASSWORD})["token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def add_tablet(self, name: str) -> str:
        """Add an app user with all forms; return the server address that its QR code would hold."""
        added = self._post(f"{PROJECT}/app-users", {"displayName": name})
        self._post(f"{PROJECT}/assignments/app-user/{added['id']}", {})
        return f"{self._server.url}/v1/key/{added['token']}/projects/1"

    def seal(self, passphrase: str) -> None:
        """Turn the project's encryption on."""
        self._post(f"{PROJECT}/key", {"passphrase": passphrase, "hint": "the river"})

    def read(self, path: str) -> Any:
        """GET something of the project."""
        answer = self._session.get(f"{self._server.url}{PROJECT}{path}", timeout=30)
        _check(answer)
        return answer.json()

    def publish(self, markdown: str) -> None:
        """Publish a form, or a new version of it, from a table in Markdown."""
        path = f"{PROJECT}/forms?publish=true&ignoreWarnings=true"
        headers = {"Content-Type": "text/markdown"}
        _check(self._session.post(self._server.url + path, markdown.encode(), headers=headers, timeout=30))

    def upload_list(self, name: str, file: Path) -> None:
        """Take a CSV into an entity list, all of it new."""
        path = f"{self._server.url}{PROJECT}/datasets/{name}/entities.csv"
        _check(self._session.post(path, file.read_bytes(), headers={"Content-Type": "text/csv"}, timeout=60))

    def close_form(self, form_id: str) -> None:
        path = f"{self._server.url}{PROJECT}/forms/{form_id}"
        _check(self._session.patch(path, json={"state": "closed"}, timeout=30))

    def revoke(self, tablet_url: str) -> None:
        """End a tablet's access, by the token in its address."""
        token = tablet_url.split("/key/")[1].split("/")[0]
        _check(self._session.delete(f"{self._server.url}/v1/sessions/{token}", timeout=30))

    def command(self, *words: str, stdin: str = "") -> str:
        """Run `sync-server` beside the serving process, as an operator does; return what it prints."""
        environ = {**os.environ, "SYNC_DATA": str(self._server.data)}
        command = [sys.executable, "-m", "sync_server", *words]
        done = subprocess.run(
            command, env=environ, input=stdin, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def export(self, form_id: str) -> Export:
        path = f"{self._server.url}{PROJECT}/forms/{form_id}/submissions.csv.zip"
        answer = _check(self._session.get(path, timeout=60))
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = archive.namelist()
            tables = {name.removesuffix(".csv"): _rows(archive, name) for name in names if _is_table(form_id, name)}
            media = {
                name: hashlib.sha256(archive.read(name)).hexdigest() for name in names if name.startswith("media/")
            }
        repeats = {name.removeprefix(f"{form_id}-"): rows for name, rows in tables.items() if name != form_id}
        return Export(tables[form_id], repeats, media)

    def _post(self, path: str, body: dict[str, str]) -> dict[str, str]:
        made: dict[str, str] = _check(self._session.post(self._server.url + path, json=body, timeout=30)).json()
        return made


def _check(answer: requests.Response) -> requests.Response:
    assert answer.status_code == 200, answer.text
    return answer


def _is_table(form_id: str, name: str) -> bool:
    return name == f"{form_id}.csv" or (name.startswith(f"{form_id}-") and name.endswith(".csv"))


def _rows(archive: zipfile.ZipFile, name: str) -> list[Row]:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))
