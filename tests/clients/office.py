"""The office at the other end: alice adds tablets and downloads exports, by the REST that ODK Central's clients use."""

import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass

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
        """Add an app user; return the server address that its QR code would hold."""
        token = self._post(f"{PROJECT}/app-users", {"displayName": name})["token"]
        return f"{self._server.url}/v1/key/{token}/projects/1"

    def export(self, form_id: str) -> Export:
        answer = self._session.get(f"{self._server.url}{PROJECT}/forms/{form_id}/submissions.csv.zip", timeout=60)
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = archive.namelist()
            tables = {name.removesuffix(".csv"): _rows(archive, name) for name in names if _is_table(form_id, name)}
            media = {
                name: hashlib.sha256(archive.read(name)).hexdigest() for name in names if name.startswith("media/")
            }
        repeats = {name.removeprefix(f"{form_id}-"): rows for name, rows in tables.items() if name != form_id}
        return Export(tables[form_id], repeats, media)

    def _post(self, path: str, body: dict[str, str]) -> dict[str, str]:
        answer = self._session.post(self._server.url + path, json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        made: dict[str, str] = answer.json()
        return made


def _is_table(form_id: str, name: str) -> bool:
    return name == f"{form_id}.csv" or (name.startswith(f"{form_id}-") and name.endswith(".csv"))


def _rows(archive: zipfile.ZipFile, name: str) -> list[Row]:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))
