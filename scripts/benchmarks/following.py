"""Ask for the first page each second while others send, and tell how far behind it is.

A process of its own that only reads. Behind is counted strictly: from when the oldest submission came that was
acknowledged and is not on the page, until the page is there. It does not make the consumers hurry: the server's own
background has to keep up.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.figures import peak_mb
from benchmarks.meetings import FORM_ID
from benchmarks.reading import PAGE
from sync_server.node import Node
from sync_server.services.form_definitions import find_layout
from sync_server.settings import Settings
from sync_server.store.tables import receipts
from sync_server.warehouse.form_tables import open_tables
from sync_server.warehouse.page import page_at
from sync_server.warehouse.query import Selection

EVERY = 1.0


def follow(node: Node, seconds: float) -> dict[str, object]:
    behind, taken = [], []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        with node.database.read() as session:
            newest = _newest_shown(node, session)
            asked = datetime.now(UTC)
            missing = _oldest_missing(session, newest)
        taken.append(time.perf_counter() - began)
        behind.append((asked - missing).total_seconds() if missing else 0.0)
        time.sleep(EVERY + random.uniform(-0.1, 0.1))
    return {
        **{"reads": len(behind), "behind_median": round(median(behind), 2), "behind_worst": round(max(behind), 2)},
        **{"page_median": round(median(taken), 4), "page_worst": round(max(taken), 4), "reader_peak_mb": peak_mb()},
    }


def _newest_shown(node: Node, session: Session) -> datetime | None:
    tables = open_tables(session, node.warehouse, find_layout(session, 1, FORM_ID), project_id=1, form_id=FORM_ID)
    with tables.pinned():
        page = page_at(Selection(tables, "", datetime.now(UTC)), offset=0, limit=PAGE)
    return page.rows[0][page.columns.index("_received")] if page.rows else None


def _oldest_missing(session: Session, newest: datetime | None) -> datetime | None:
    query = select(func.min(receipts.c.received_at))
    moment = session.scalar(query.where(receipts.c.received_at > newest) if newest else query)
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), database_url=os.environ.get("SYNC_DATABASE_URL", ""))
    with Node.open(settings) as node:
        print(json.dumps(follow(node, float(sys.argv[2]))))


if __name__ == "__main__":
    main()
