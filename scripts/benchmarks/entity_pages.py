"""How long a program waits for a page of an entity list, and a person for its CSV: the whole way through the server.

`measure_pages(node, name)` asks a node that has the list already (`scripts/bench entities`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from benchmarks.figures import Figure
from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import users
from sync_server.services.read_entities import EntityQuery, open_entities

PAGE = 250
TIMES, TIMES_WHOLE = 15, 3
PAGE_BAR = {"warm": 0.03}
_EMAIL, _PASSWORD = "bench@example.org", "correct horse battery"


@dataclass(frozen=True, slots=True)
class Reader:
    """An administrator who is signed in, and asks for one list."""

    client: FlaskClient
    base: str
    headers: dict[str, str]

    def get(self, path: str, **headers: str) -> TestResponse:
        answer = self.client.get(self.base + path, headers={**self.headers, **headers}, buffered=True)
        if answer.status_code not in (200, 304):
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def next_path(self, path: str) -> str:
        """The rest of the address of the page behind this one."""
        link = urlsplit(self.get(path).json["@odata.nextLink"])
        return f"{link.path}?{link.query}".removeprefix(self.base)


def measure_pages(node: Node, name: str, *, project_id: int = 1) -> Iterator[Figure]:
    """Ask for pages and the CSV of a list; the first time is cold, the others are warm."""
    reader = _sign_in(node, f"/v1/projects/{project_id}/datasets/{name}")
    with open_entities(node, None, EntityQuery(project_id=project_id, name=name)) as table:
        count = table.count()
    middle = f".svc/Entities?$top={PAGE}&$skip={count // 2}"
    behind, csv = reader.next_path(middle), "/entities.csv"
    for what, path in (
        ("first page", f".svc/Entities?$top={PAGE}"),
        ("middle page by $skip", middle),
        ("middle page behind a row", behind),
        ("middle page with $count", f"{middle}&$count=true"),
        ("page of a filter", f".svc/Entities?$top={PAGE}&$filter=label ge 'M'"),
    ):
        yield Figure(f"entities {what}", count, _timed(reader, path, TIMES), PAGE_BAR)
    yield Figure("entities csv for people", count, _timed(reader, csv, TIMES_WHOLE), {"warm": 1.0})
    known = {"If-None-Match": reader.get(csv).headers["ETag"]}
    yield Figure("entities csv for people, unchanged", count, _timed(reader, csv, TIMES_WHOLE, **known))


def _timed(reader: Reader, path: str, times: int, **headers: str) -> dict[str, object]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = reader.get(path, **headers)
        taken.append(time.perf_counter() - began)
    cold, *warm = (round(seconds, 4) for seconds in taken)
    return {"bytes": len(answer.data), "cold": cold, "warm": round(median(warm), 4), "slowest": max(warm)}


def _sign_in(node: Node, base: str) -> Reader:
    users.add_user(node, None, _EMAIL, _PASSWORD, display_name="Bench", is_administrator=True)
    client = create_app(node).test_client()
    session = client.post("/v1/sessions", json={"email": _EMAIL, "password": _PASSWORD})
    return Reader(client, base, {"Authorization": f"Bearer {session.json['token']}"})
