"""Ask one question of a filled folder's warehouse in a process of its own: first cold, then warm, many times.

`python -m benchmarks.reading DATA QUESTION`. A time begins with taking a snapshot of the manifest and ends with rows
in Python; the first one also opens DuckDB.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.figures import peak_mb
from benchmarks.meetings import FORM_ID
from sync_server.core.odata_filter import parse_filter
from sync_server.node import Node
from sync_server.services.form_definitions import find_layout
from sync_server.settings import Settings
from sync_server.store.segments import find_place
from sync_server.store.tables import submissions
from sync_server.warehouse.form_tables import FormTables, open_tables
from sync_server.warehouse.page import page_at
from sync_server.warehouse.query import Selection
from sync_server.warehouse.submission import read_submission
from sync_server.warehouse.totals import count

TIMES = 30
PAGE = 250
REPEAT = "/new_p"


@dataclass(frozen=True)
class Reader:
    """A node and what a question may draw at random."""

    node: Node
    chance: random.Random
    roots: list[str]

    def first_page(self) -> int:
        return self._page("", 0)

    def middle_page(self) -> int:
        """250 repeat rows from somewhere in the middle half."""
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            rows = tables.manifest.live(REPEAT)
            offset = self.chance.randrange(rows // 4, max(rows // 4 + 1, 3 * rows // 4))
            return len(page_at(self._selection(tables, REPEAT), offset=offset, limit=PAGE).rows)

    def submission(self) -> int:
        """One submission with the rows of all its repeats."""
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            place = find_place(session, 1, FORM_ID, self.chance.choice(self.roots))
            found = read_submission(tables, place) if place else None
            return 1 + sum(map(len, found.repeats.values())) if found else 0

    def count(self) -> int:
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            return count(self._selection(tables, REPEAT))

    def count_of_a_day(self) -> int:
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            return count(self._selection(tables, "", self._a_day()))

    def page_of_a_day(self) -> int:
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            return len(page_at(self._selection(tables, "", self._a_day()), offset=0, limit=PAGE).rows)

    def _page(self, table: str, offset: int) -> int:
        with self.node.database.read() as session, self._tables(session).pinned() as tables:
            return len(page_at(self._selection(tables, table), offset=offset, limit=PAGE).rows)

    def _tables(self, session: Session) -> FormTables:
        return open_tables(
            session, self.node.warehouse, find_layout(session, 1, FORM_ID), project_id=1, form_id=FORM_ID
        )

    def _selection(self, tables: FormTables, table: str, where: str | None = None) -> Selection:
        return Selection(tables, table, datetime.now(UTC), parse_filter(where) if where else None)

    def _a_day(self) -> str:
        day = datetime.now(UTC) - timedelta(days=self.chance.randrange(1, 90))
        begin, end = (f"{moment:%Y-%m-%dT00:00:00.000Z}" for moment in (day, day + timedelta(days=1)))
        return f"__system/submissionDate ge {begin} and __system/submissionDate lt {end}"


QUESTIONS: dict[str, Callable[[Reader], int]] = {
    "first-page": Reader.first_page,
    "middle-page": Reader.middle_page,
    "submission": Reader.submission,
    "count": Reader.count,
    "count-of-a-day": Reader.count_of_a_day,
    "page-of-a-day": Reader.page_of_a_day,
}


def measure(node: Node, question: str) -> dict[str, object]:
    with node.database.read() as session:
        roots = list(session.scalars(select(submissions.c.root_id).order_by(submissions.c.id).limit(100_000)))
    reader = Reader(node, random.Random(1), roots)
    taken, rows = [], 0
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        rows = QUESTIONS[question](reader)
        taken.append(time.perf_counter() - began)
    cold, *warm = (round(seconds, 4) for seconds in taken)
    return {"answered": rows, "cold": cold, "warm": median(warm), "slowest": max(warm), "peak_mb": peak_mb()}


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), database_url=os.environ.get("SYNC_DATABASE_URL", ""))
    with Node.open(settings) as node:
        print(json.dumps(measure(node, sys.argv[2])))


if __name__ == "__main__":
    main()
