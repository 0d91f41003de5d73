"""One submission comes with the rows of its repeats, from its own segment only."""

from datetime import timedelta

from sync_server.warehouse.submission import read_aside, read_submission
from sync_server.warehouse.warehouse import Warehouse
from tests.support.random_households import NOW
from tests.support.small_warehouse import CHILD, VISIT, Child, Household, Visit, Written, make_tables, place_of

FAMILY = Household(
    NOW,
    "uuid:family",
    {"/name": "Dilan", "/age": "41", "/g/^place": "Duhok"},
    [
        Visit({"/visit/n": "1"}, [Child({"/visit/child/name": "Azad"}), Child()]),
        Visit({"/visit/note": "nobody"}),
        Visit({"/visit/n": "3"}, [Child({"/visit/child/name": "Berivan"})]),
    ],
    {"_review_state": "approved"},
)
OTHERS = [Household(NOW - timedelta(days=day), f"uuid:{day}", {"/age": "5"}, [Visit()]) for day in range(1, 9)]
CONTENTS = [Written([FAMILY, *OTHERS[:3]], "1"), Written(OTHERS[3:])]


def test_a_submission_comes_with_its_repeats_nested_and_flat(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, CONTENTS)
    found = read_submission(tables, place_of(tables, CONTENTS, "uuid:family"))
    assert found is not None
    assert (found.root.key, found.root.parent) == ("uuid:family", None)
    assert (found.root.values["/name"], found.root.values["/g/^place"]) == ("Dilan", "Duhok")
    assert (found.root.values["_review_state"], found.root.values["_received"]) == ("approved", NOW)
    assert {table: len(rows) for table, rows in found.repeats.items()} == {VISIT: 3, CHILD: 3}
    visits = found.children(found.root)[VISIT]
    assert [visit.key for visit in visits] == [f"uuid:family/visit[{number}]" for number in (1, 2, 3)]
    names = [[c.values["/visit/child/name"] for c in found.children(v).get(CHILD, ())] for v in visits]
    assert names == [["Azad", None], [], ["Berivan"]]


def test_other_segments_are_not_opened(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, CONTENTS)
    older = tables.manifest.segments[1]
    for file in older.files.values():
        warehouse.files.delete(file.blob_id)
    assert read_submission(tables, place_of(tables, CONTENTS, "uuid:family")) is not None


def test_a_place_of_another_manifest_gives_nothing(warehouse: Warehouse) -> None:
    tables = make_tables(warehouse, CONTENTS)
    place = place_of(tables, CONTENTS, "uuid:8")
    assert read_submission(make_tables(warehouse, CONTENTS[:1]), place) is None
    assert read_aside(tables, place, "#files") == ()
