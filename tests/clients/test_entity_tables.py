"""Programs of others read a whole entity list from a running server: pyODK by position, any OData client by links."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import requests
from pyodk.client import Client
from pyodk.errors import PyODKError

from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.forums import add_forums, make_forums
from tests.support.server import ALICE_PASSWORD, LiveServer

COUNT, NAME = 25, "meeting_places"
ALICE = ("alice@example.org", ALICE_PASSWORD)


@pytest.fixture
def forums(server: LiveServer) -> str:
    """A list with forums; returns its address."""
    with Node.open(Settings(data=server.data)) as node:
        make_forums(node, name=NAME)
        said = ({"label": f"Forum {n}", "adm2": f'"{n % 3}",\n', "status": "x"} for n in range(COUNT))
        add_forums(node, *said, name=NAME)
    return f"{server.url}/v1/projects/1/datasets/{NAME}"


def read_csv(forums: str) -> list[dict[str, str]]:
    answer = requests.get(f"{forums}/entities.csv", auth=ALICE, timeout=30)
    answer.encoding = "utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def plain(row: dict[str, Any]) -> dict[str, str]:
    """A row of OData as the CSV has it."""
    system = {f"__{name}": value for name, value in row["__system"].items() if name not in ("deletedAt", "conflict")}
    fields = {name.replace("meets_on", "meets-on"): value for name, value in row.items() if name != "__system"}
    return {name: "" if value is None else str(value) for name, value in {**fields, **system}.items()}


def test_whoever_follows_the_links_has_what_the_csv_has(forums: str) -> None:
    link: str | None = f"{forums}.svc/Entities?$top=7&$count=true"
    found: list[dict[str, Any]] = []
    while link:
        page = requests.get(link, auth=ALICE, headers={"Accept": "application/json"}, timeout=30).json()
        assert page["@odata.count"] == COUNT
        found, link = found + page["value"], page.get("@odata.nextLink")
    assert list(map(plain, found)) == read_csv(forums)


def test_pyodk_reads_the_table(server: LiveServer, forums: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    lines = ("[central]", f'base_url = "{server.url}"', f'username = "{ALICE[0]}"', f'password = "{ALICE[1]}"')
    config.write_text("\n".join([*lines, "default_project_id = 1"]), encoding="utf-8")
    entities = Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml")).open().entities
    pages = [entities.get_table(NAME, skip=skip, top=10, count=True) for skip in range(0, COUNT, 10)]
    assert {page["@odata.count"] for page in pages} == {COUNT}
    assert [plain(row) for page in pages for row in page["value"]] == read_csv(forums)
    chosen = entities.get_table(NAME, filter="label eq 'Forum 7'", select="label,adm2")["value"]
    assert chosen == [{"label": "Forum 7", "adm2": '"1",\n'}]
    with pytest.raises(PyODKError):
        entities.get_table(NAME, filter="shoe eq 1")
