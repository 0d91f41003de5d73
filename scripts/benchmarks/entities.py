"""`scripts/bench entities`: what entity lists cost: upload, CSV for tablets, an unchanged sync, one change, rebuild.

In one process, through the whole application but without a socket: server time, as ODK Central's figures beside it in
docs/performance.md. Each figure is one JSON line beside its bar.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from benchmarks import registry
from benchmarks.entity_pages import measure_pages
from benchmarks.figures import Figure, forget_peak, peak_mb
from benchmarks.ingest import chosen_database
from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import update_entity
from sync_server.settings import Settings

TIMES = 10
HEADERS = {"X-OpenRosa-Version": "1.0"}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("entities", help="entity lists: upload, CSV, unchanged sync, one change, rebuild")
    parser.add_argument("--count", type=int, default=100_000, help="entities in the list (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=10_000, help="in one upload (default: %(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scratch", type=Path, help="where to put the data: 3 kB an entity, deleted afterwards")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.scratch)))
        url = stack.enter_context(chosen_database(options.database))
        settings = Settings(data=folder / "data", database_url=url, min_free_bytes=0)
        node = stack.enter_context(Node.open(settings))
        registry.make_lists(node)
        ids = _upload(node, options.count, options.at_once)
        _Measuring(node, create_app(node).test_client(), options.count, ids).all()
    return 0


def _upload(node: Node, count: int, at_once: int) -> list[str]:
    drafts = list(registry.make_people(count, seed=1))
    acknowledged, shown = registry.upload(node, drafts, at_once=at_once)
    values = {"seconds": round(acknowledged, 2), "a_second": round(count / acknowledged), "shown": round(shown, 2)}
    Figure("entities upload", count, values, {"seconds": count / 20_000}).show()
    elsewhere = registry.district(0)
    return [draft.entity_id for draft in drafts if draft.values["adm2"] != elsewhere]


class _Measuring:
    """A tablet that gets nearly all of the list, and what it costs to serve it."""

    def __init__(self, node: Node, client: FlaskClient, count: int, ids: list[str]) -> None:
        self._node = node
        self._client = client
        self._count = count
        self._ids = iter(ids)
        self._changes = 0

    def all(self) -> None:
        self._csv("entities csv, everybody", self._list_of(range(registry.DISTRICTS)))
        for name in (registry.PEOPLE.name, *registry.SMALL):
            registry.narrow(self._node, name)
        tablet = registry.add_tablet(self._node, range(1, registry.DISTRICTS))
        self._csv("entities csv, own districts", lambda: self._file(tablet))
        self._csv("entities csv, one district", self._list_of(range(1)))
        self._unchanged(tablet)
        self._sync(tablet)
        self._one_change(tablet)
        self._pages()
        self._rebuild()

    def _csv(self, name: str, get_file: Callable[[], str]) -> None:
        """Whole files, each after a change, so that nothing of it is known."""
        taken, rows = [], 0
        url = get_file()
        forget_peak()
        for _ in range(TIMES):
            self._change()
            answer, seconds = self._get(url)
            taken.append(seconds)
            rows = answer.data.count(b"\n") - 1
        values = {"rows_served": rows, "seconds": median(taken), "slowest": max(taken), "peak_mb": peak_mb()}
        Figure(name, self._count, values, {"seconds": 0.4}).show()

    def _unchanged(self, tablet: str) -> None:
        url = self._file(tablet)
        etag = self._get(url)[0].headers["ETag"]
        taken = [self._timed_304(url, etag) for _ in range(TIMES)]
        Figure("entities unchanged", self._count, _milliseconds(taken), {"ms": 10}).show()

    def _timed_304(self, url: str, etag: str) -> float:
        answer, seconds = self._get(url, etag=etag)
        assert answer.status_code == 304
        return seconds

    def _sync(self, tablet: str) -> None:
        """All that Collect asks when nothing has changed: form list, each form and its manifest, each list."""
        etags: dict[str, str] = {}
        self._ask_all(tablet, etags)
        taken = [self._ask_all(tablet, etags) for _ in range(TIMES)]
        values = {**_milliseconds(taken), "requests": len(etags)}
        Figure("entities four lists unchanged", self._count, values, {"ms": 20}).show()

    def _ask_all(self, tablet: str, etags: dict[str, str]) -> float:
        urls, total = [f"{tablet}/formList"], 0.0
        while urls:
            url = urls.pop(0)
            answer, seconds = self._get(url, etag=etags.get(url))
            total += seconds
            assert answer.status_code == (304 if url in etags else 200), url
            if url not in etags:
                found = re.findall(rb"<(?:downloadUrl|manifestUrl)>([^<]*)<", answer.data)
                etags[url] = answer.headers["ETag"]
            else:
                found = []
            urls += [each.decode().removeprefix("http://localhost") for each in found]
            if url.endswith("/formList") and not found:
                urls += [each for each in etags if each != url]
        return total

    def _one_change(self, tablet: str) -> None:
        """From the change of one entity until the tablet has the new list."""
        url, taken = self._file(tablet), []
        for _ in range(TIMES):
            before = self._get(url)[0].headers["ETag"]
            began = time.perf_counter()
            self._change()
            answer, _ = self._get(url, etag=before)
            taken.append(round(time.perf_counter() - began, 4))
            assert answer.status_code == 200
        values = {"seconds": median(taken), "slowest": max(taken)}
        Figure("entities one change shown", self._count, values, {"slowest": 1.0}).show()

    def _pages(self) -> None:
        """What people's programs read of the list, and its CSV for people."""
        for figure in measure_pages(self._node, registry.PEOPLE.name):
            figure.show()

    def _rebuild(self) -> None:
        began = time.perf_counter()
        consumers.rebuild(self._node)
        Figure("entities rebuild", self._count, {"seconds": round(time.perf_counter() - began, 2)}).show()

    def _change(self) -> None:
        self._changes += 1
        said = {"role": f"role {self._changes}"}
        update_entity(self._node, registry.PEOPLE, next(self._ids), said, base=None, is_forced=True)

    def _list_of(self, districts: range) -> Callable[[], str]:
        tablet = registry.add_tablet(self._node, districts)
        return lambda: self._file(tablet)

    def _file(self, tablet: str) -> str:
        """Find the address of the list where a tablet does, in the manifests."""
        for manifest in self._found(f"{tablet}/formList", rb"<manifestUrl>([^<]*)<"):
            for url in self._found(manifest, rb"<downloadUrl>([^<]*)<"):
                if url.endswith(f"/{registry.PEOPLE.name}.csv"):
                    return url
        raise RuntimeError("the tablet has no such list")

    def _found(self, url: str, pattern: bytes) -> list[str]:
        found = re.findall(pattern, self._get(url)[0].data)
        return [each.decode().removeprefix("http://localhost") for each in found]

    def _get(
        self, url: str, headers: dict[str, str] = HEADERS, *, etag: str | None = None
    ) -> tuple[TestResponse, float]:
        headers = {**headers, **({"If-None-Match": etag} if etag else {})}
        began = time.perf_counter()
        answer = self._client.get(url, headers=headers, buffered=True)
        return answer, round(time.perf_counter() - began, 4)


def _milliseconds(taken: list[float]) -> dict[str, float]:
    return {"ms": round(1000 * median(taken), 1), "slowest_ms": round(1000 * max(taken), 1)}
