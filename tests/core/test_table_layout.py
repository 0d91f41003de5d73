"""Columns of the warehouse's files: their names, their types over all versions, and what older files still fit."""

from collections.abc import Mapping

import pytest

from sync_server.core.table_layout import FormLayout, StoredLayout, build_layout, escaped, is_compatible
from sync_server.core.xform import parse_xform
from tests.support.samples import xform


def layout(*latest_first: Mapping[str, str]) -> FormLayout:
    return build_layout([parse_xform(xform("1", questions)) for questions in latest_first])


def names(made: FormLayout, table: str = "") -> list[str]:
    return [column.name for column in made.table(table).columns]


def test_a_column_is_called_by_its_path() -> None:
    made = layout({"/meeting/place": "string", "/who": "repeat", "/who/name": "string"})
    assert names(made) == ["/meeting/place", "/meta/instance^i^d"]
    assert names(made, "/who") == ["/who/name"]


def test_names_that_differ_only_in_case_differ_in_the_files_too() -> None:
    made = names(layout({"/Age": "int", "/age": "int", "/aGE": "int"}))
    assert len({name.lower() for name in made}) == len(made)
    assert escaped("/aGe") == "/a^ge"


def test_a_point_has_four_columns_of_decimals() -> None:
    columns = [c for c in layout({"/where": "geopoint"}).table("").columns if c.path == "/where"]
    assert [c.name for c in columns] == [f"/where@{part}" for part in ("latitude", "longitude", "altitude", "accuracy")]
    assert columns[0].typed == {"decimal": "/where@latitude#decimal"}
    assert columns[0].header == "where-Latitude"


def test_a_retyped_question_keeps_its_text_and_has_every_type() -> None:
    (column,) = (
        c for c in layout({"/q": "decimal"}, {"/q": "int"}, {"/q": "string"}).table("").columns if c.path == "/q"
    )
    assert column.types == ("decimal", "int", "string")
    assert column.typed == {"decimal": "/q#decimal", "int": "/q#int"}


def test_a_removed_question_stays_and_is_not_current() -> None:
    made = layout({"/new": "string"}, {"/old": "string"})
    current = {column.path: column.is_current for column in made.table("").columns}
    assert current == {"/new": True, "/old": False, "/meta/instanceID": True}


def test_a_form_never_published_has_a_root_table_without_answers() -> None:
    assert [table.path for table in build_layout([]).tables] == [""]
    assert names(build_layout([])) == []


def test_a_layout_is_kept_as_plain_values() -> None:
    stored = layout({"/where": "geopoint", "/n": "int"}).stored
    assert StoredLayout.from_json(stored.to_json()).id == stored.id


FORM = {"/a": "string", "/g/b": "int", "/r": "repeat", "/r/c": "string"}


@pytest.mark.parametrize(
    "newer",
    [
        FORM,
        {**FORM, "/d": "string"},
        {**FORM, "/g/b": "decimal"},
        {"/a": "string"},
        {**FORM, "/s": "repeat", "/s/x": "int"},
    ],
    ids=["same", "added", "retyped", "removed", "repeat added"],
)
def test_old_files_fit_when_everything_lies_where_it_did(newer: Mapping[str, str]) -> None:
    assert is_compatible(layout(FORM).stored, layout(newer, FORM).stored)


@pytest.mark.parametrize(
    "newer",
    [
        {**FORM, "/g": "repeat"},
        {**FORM, "/a": "geopoint"},
        {"/a": "string", "/g/b": "int", "/r": "string"},
    ],
    ids=["group became repeat", "text became point", "repeat became question"],
)
def test_old_files_do_not_fit_when_an_answer_would_lie_elsewhere(newer: Mapping[str, str]) -> None:
    assert not is_compatible(layout(FORM).stored, layout(newer, FORM).stored)


def test_old_files_do_not_fit_when_a_repeat_comes_to_stand_in_another() -> None:
    inner = {"/g/r": "repeat", "/g/r/x": "string"}
    assert not is_compatible(layout(inner).stored, layout({"/g": "repeat", **inner}, inner).stored)
