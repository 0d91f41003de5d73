"""Questions to many segments stay within the memory that the operator allows."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sync_server.core.odata_filter import parse_filter, parse_property
from sync_server.core.odata_order import parse_order
from sync_server.warehouse.batches import iter_batches
from sync_server.warehouse.page import page_at
from sync_server.warehouse.query import Selection
from sync_server.warehouse.sorting import sorted_page
from sync_server.warehouse.totals import Measure, count, group
from tests.support.random_households import NOW
from tests.support.small_warehouse import VISIT, Household, Visit, Written, make_tables, make_warehouse

SEGMENTS, HOUSEHOLDS, VISITS, MEMORY_MB = 40, 50, 20, 48


def test_joins_orders_and_groups_over_many_segments_fit_in_little_memory(tmp_path: Path) -> None:
    """With a scan for each segment, the join alone took more than 200 MB for 36 segments."""
    writer = make_warehouse(tmp_path)
    written = make_tables(writer, [Written([household(s, h) for h in range(HOUSEHOLDS)]) for s in range(SEGMENTS)])
    writer.close()
    warehouse = make_warehouse(tmp_path, memory_mb=MEMORY_MB)
    tables = replace(written, warehouse=warehouse)
    rows = SEGMENTS * HOUSEHOLDS * VISITS
    plain = Selection(tables, VISIT, NOW, columns=["_root", "/visit/n"])
    joined = Selection(tables, VISIT, NOW, parse_filter("$root/Submissions/age lt 25 and n ge 0"), ["_root"])
    n = parse_property("n")
    with tables.pinned():
        assert count(joined) == rows // 2
        assert len(page_at(joined, offset=rows // 4, limit=250).rows) == 250
        assert {row[1] for row in sorted_page(plain, parse_order("n desc"), offset=rows // 2 - 1, limit=2)} == {
            "10",
            "9",
        }
        assert group(plain, [n], [Measure("avg", n)], limit=2) == [(0, rows // VISITS, 0), (1, rows // VISITS, 1)]
        assert sum(map(len, iter_batches(plain))) == rows
    warehouse.close()


def household(segment: int, number: int) -> Household:
    received = NOW - timedelta(days=segment, seconds=number)
    visits = [Visit({"/visit/n": str(n), "/visit/note": f"visit {n}"}) for n in range(VISITS)]
    return Household(received, f"uuid:{segment:03}-{number:03}", {"/age": str(number)}, visits)
