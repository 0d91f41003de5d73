"""A page costs what it shows: what lies before it, or cannot pass its filter, is not opened."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from sync_server.core.odata_filter import parse_filter
from sync_server.core.odata_order import parse_order
from sync_server.errors import FilterFieldUnknown, FilterTypeConflict
from sync_server.operator_errors import SegmentDamaged
from sync_server.warehouse.form_tables import FormTables, read_tables
from sync_server.warehouse.page import page_after, page_at
from sync_server.warehouse.query import Selection
from sync_server.warehouse.sorting import sorted_page
from sync_server.warehouse.totals import Measure, count, group, total
from sync_server.warehouse.warehouse import Warehouse
from tests.support.random_households import NOW
from tests.support.small_warehouse import VISIT, Household, Visit, Written, make_tables, standing


def household(number: int, **answers: str) -> Household:
    """The higher the number, the later it came; each has two visits."""
    received = NOW - timedelta(days=100 - number)
    visits = [Visit({"/visit/n": str(number)}), Visit({"/visit/n": str(-number)})]
    return Household(received, f"uuid:{number:03}", {f"/{k}": v for k, v in answers.items()}, visits)


def households(first: int, last: int) -> list[Household]:
    return [household(number, name=f"n{number}", age=str(number)) for number in range(first, last)]


OLD, MIDDLE, NEW = Written(households(0, 10), "1"), Written(households(10, 20)), Written(households(20, 30))


def roots(tables: FormTables, table: str = "", where: str | None = None) -> Selection:
    return Selection(tables, table, NOW, where=parse_filter(where) if where else None, columns=["_root"])


def numbers(rows: Sequence[tuple[str, ...]]) -> list[int]:
    return [int(row[0].removeprefix("uuid:")) for row in rows]


def lose(warehouse: Warehouse, tables: FormTables, root_ids: set[int]) -> None:
    """Delete the files of the segments that hold these submissions."""
    for segment in tables.manifest.segments:
        if int(segment.newest_root.removeprefix("uuid:")) in root_ids:
            for file in segment.files.values():
                warehouse.files.delete(file.blob_id)


def test_clusters_before_a_page_are_not_opened(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD, MIDDLE, NEW])
    lose(warehouse, tables, {9, 29})
    assert numbers(page_at(roots(tables), offset=12, limit=3).rows) == [17, 16, 15]
    assert numbers(page_at(roots(tables, VISIT), offset=21, limit=3).rows) == [19, 18, 18]
    assert count(roots(tables, VISIT)) == 60


def test_clusters_outside_the_dates_of_a_filter_are_not_opened(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD, MIDDLE, NEW])
    lose(warehouse, tables, {9, 29})
    first, last = (NOW - timedelta(days=days) for days in (88, 85))
    where = f"__system/submissionDate ge {first.isoformat()} and __system/submissionDate le {last.isoformat()}"
    assert numbers(page_at(roots(tables, where=where), offset=0, limit=10).rows) == [15, 14, 13, 12]
    assert count(roots(tables, where=where)) == 4


def test_a_filtered_page_reads_no_further_than_until_it_is_full(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD, MIDDLE, NEW])
    lose(warehouse, tables, {9})
    assert numbers(page_at(roots(tables, where="age lt 22"), offset=1, limit=4).rows) == [20, 19, 18, 17]


def test_a_missing_file_is_said_and_never_a_shorter_page(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD, MIDDLE])
    lose(warehouse, tables, {9})
    with pytest.raises(SegmentDamaged), tables.pinned():
        page_at(roots(tables), offset=5, limit=10)


def test_a_damaged_file_is_said(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD])
    damaged = tables.manifest.segments[0].files[""].blob_id
    path = warehouse.path(damaged)
    path.chmod(0o600)
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(len(content) - 100))
    with pytest.raises(SegmentDamaged) as caught, tables.pinned():
        page_at(roots(tables), offset=0, limit=10)
    assert caught.value.details["blob"] == damaged


def test_a_reader_whose_files_went_reads_the_fresh_manifest(warehouse: Warehouse) -> None:
    before = make_tables(warehouse, [OLD, MIDDLE])
    lose(warehouse, before, {9, 19})
    after = make_tables(warehouse, [Written(households(0, 20))])
    snapshots = iter([before, after])
    page = read_tables(lambda: next(snapshots), lambda tables: page_at(roots(tables), offset=9, limit=3))
    assert numbers(page.rows) == [10, 9, 8]


def test_a_file_that_should_be_there_is_not_asked_for_for_ever(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD])
    lose(warehouse, tables, {9})
    with pytest.raises(SegmentDamaged):
        read_tables(lambda: tables, lambda again: page_at(roots(again), offset=0, limit=3))


def test_new_submissions_between_two_pages_repeat_nothing_and_lose_nothing(warehouse: Warehouse) -> None:
    first = page_after(roots(make_tables(warehouse, [OLD, MIDDLE]), VISIT), None, limit=7)
    edited = Written([household(14, name="edited"), *households(5, 8)])
    middle = Written(MIDDLE.households, gone=frozenset({"uuid:014", "uuid:016"}))
    old = Written(OLD.households, "1", frozenset({"uuid:005", "uuid:006", "uuid:007"}))
    contents = [old, middle, edited, NEW]
    later = roots(make_tables(warehouse, contents), VISIT)
    found, page = list(first.rows), first
    while (page := page_after(later, page.last, limit=7)).rows:
        found += page.rows
    twice = [number for number in range(19, -1, -1) for _ in range(2)]
    assert numbers(found) == [*twice[:7], *twice[8:]]  # the second row of 16 was removed before it was reached


def test_pages_of_a_pinned_manifest_stay_the_same_while_it_is_compacted(warehouse: Warehouse) -> None:
    contents = [OLD, Written(MIDDLE.households, gone=frozenset({"uuid:013"})), Written([household(13, name="x")]), NEW]
    tables = make_tables(warehouse, contents)
    with tables.pinned():
        first = page_at(roots(tables), offset=0, limit=12)
        compacted = make_tables(warehouse, [Written(standing(contents))])
        assert all(warehouse.is_pinned(blob) for blob in tables.manifest.blobs)
        second = page_at(roots(tables), offset=12, limit=100)
    assert numbers([*first.rows, *second.rows]) == list(range(29, -1, -1))
    assert numbers(page_at(roots(compacted), offset=0, limit=100).rows) == list(range(29, -1, -1))


def test_an_empty_form_has_empty_pages(warehouse: Warehouse) -> None:
    nothing = roots(make_tables(warehouse, []))
    assert page_at(nothing, offset=0, limit=5).rows == ()
    assert page_after(nothing, None, limit=5).last is None
    assert sorted_page(nothing, parse_order("name"), limit=5) == ()
    assert count(roots(nothing.tables, where="age eq 1")) == 0
    assert group(nothing, [], limit=1) == []
    age = parse_order("age")[0].property
    assert total(nothing, [Measure("count", age), Measure("sum", age)]) == (0, None)


def test_a_page_has_the_columns_that_were_asked_for(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD])
    wanted = Selection(tables, "", NOW, columns=["/age#int", "/new", "/age", "_received"])
    page = page_at(wanted, offset=3, limit=1)
    assert page.columns == ("/age#int", "/new", "/age", "_received")
    assert page.rows == ((6, None, "6", household(6).received),)


@pytest.mark.parametrize("where", ["nothing eq 1", "__system/nothing eq 1", "visit/n eq 1", "g eq 1"])
def test_a_field_that_is_not_there_is_named(warehouse: Warehouse, where: str) -> None:
    with pytest.raises(FilterFieldUnknown) as caught:
        count(roots(make_tables(warehouse, [OLD]), where=where))
    assert caught.value.details["field"] == where.removesuffix(" eq 1")
    assert "__system/submissionDate" in caught.value.text


@pytest.mark.parametrize(
    "where",
    [
        "age eq 'seven'",
        "born gt 5",
        "age eq name",
        "year(name) eq 2026",
        "hour(born) eq 1",
        "name",
        "agreed lt 'maybe'",
    ],
)
def test_what_can_never_be_compared_is_refused(warehouse: Warehouse, where: str) -> None:
    with pytest.raises(FilterTypeConflict):
        count(roots(make_tables(warehouse, [OLD]), where=where))


@pytest.mark.parametrize(
    "where, found",
    [
        ("age eq '7'", [7]), ("name eq 'n7'", [7]), ("__system/submitterId eq null and age lt 2", [1, 0]),
        ("__system/submissionDate le '2025-11-22'", [0]), ("__id eq 'uuid:004'", [4]), ("age le 1.5", [1, 0]),
        ("__system/deletedAt ne null", []), ("$root/Submissions/age eq 3", [3]), ("not (age ge 1)", [0]),
    ],
)  # fmt: skip
def test_values_take_the_type_of_what_they_are_compared_with(
    warehouse: Warehouse, where: str, found: list[int]
) -> None:
    assert numbers(page_at(roots(make_tables(warehouse, [OLD]), where=where), offset=0, limit=10).rows) == found


def test_rows_of_a_repeat_are_found_by_the_answers_of_their_submission(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, [OLD, MIDDLE])
    where = "$root/Submissions/age gt 8 and $root/Submissions/name ne 'n10' and n lt 0"
    assert numbers(page_at(roots(tables, VISIT, where), offset=1, limit=2).rows) == [18, 17]
    assert count(roots(tables, VISIT, where)) == 10
