"""The tables of a form are Central's, and the union over its versions."""

from sync_server.core.table_schema import LAST_COLUMNS, TableSchema, build_table_schema
from sync_server.core.xform import Field


def fields(*described: str) -> list[Field]:
    """Read "/visit:repeat" or "/visit/name" (a text) as fields."""
    split = [text.partition(":") for text in described]
    return [Field(path, path.rpartition("/")[2], kind or "string") for path, _, kind in split]


def columns(schema: TableSchema, table: int = 0) -> list[str]:
    header = schema.tables[table].header
    return list(header[1 : -len(LAST_COLUMNS)] if table == 0 else header[:-2])


def names(schema: TableSchema) -> list[str]:
    return [table.name for table in schema.tables]


def test_root_table_has_centrals_columns_in_centrals_order() -> None:
    schema = build_table_schema([fields("/name", "/age:int")])
    assert schema.tables[0].header == (
        *("SubmissionDate", "name", "age", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent"),
        *("AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion"),
    )


def test_groups_are_joined_and_points_split() -> None:
    schema = build_table_schema([fields("/home:structure", "/home/where:geopoint", "/home/address:structure",
                                        "/home/address/street")])  # fmt: skip
    assert columns(schema) == [
        *("home-where-Latitude", "home-where-Longitude", "home-where-Altitude", "home-where-Accuracy"),
        "home-address-street",
    ]


def test_repeats_have_tables_with_columns_below_their_own_path() -> None:
    schema = build_table_schema([fields("/g:structure", "/g/child:repeat", "/g/child/name", "/g/child/toy:repeat",
                                        "/g/child/toy/colour", "/after")])  # fmt: skip
    assert names(schema) == ["", "child", "toy"]
    assert columns(schema) == ["after"]
    assert schema.tables[1].header == ("name", "PARENT_KEY", "KEY")
    assert schema.tables[2].header == ("colour", "PARENT_KEY", "KEY")


def test_repeats_called_alike_are_numbered_in_document_order() -> None:
    schema = build_table_schema([fields("/jobs:structure", "/jobs/entry:repeat", "/jobs/entry/name", "/pets:structure",
                                        "/pets/entry:repeat", "/pets/entry/name")])  # fmt: skip
    assert [(t.name, t.path) for t in schema.tables[1:]] == [("entry~1", "/jobs/entry"), ("entry~2", "/pets/entry")]


def test_repeats_differing_only_in_case_are_numbered_because_windows_has_one_file_for_both() -> None:
    schema = build_table_schema([fields("/a:structure", "/a/Visit:repeat", "/b:structure", "/b/visit:repeat")])
    assert names(schema) == ["", "Visit~1", "visit~2"]


def test_question_only_in_older_versions_keeps_its_column_after_the_one_it_followed() -> None:
    schema = build_table_schema([fields("/a", "/d", "/new"), fields("/a", "/b", "/c", "/d"), fields("/zero", "/a")])
    assert columns(schema) == ["zero", "a", "b", "c", "d", "new"]


def test_older_groups_and_repeats_stay() -> None:
    schema = build_table_schema([fields("/a"), fields("/a", "/g:structure", "/g/b", "/r:repeat", "/r/c")])
    assert columns(schema) == ["a", "g-b"]
    assert columns(schema, 1) == ["c"]


def test_group_that_was_a_question_has_both_columns() -> None:
    newer, older = fields("/x:structure", "/x/y"), fields("/x:int")
    assert columns(build_table_schema([newer, older])) == ["x", "x-y"]
    assert columns(build_table_schema([older, newer])) == ["x", "x-y"]


def test_repeat_of_any_version_is_a_table_for_all() -> None:
    newer, older = fields("/r:structure", "/r/c", "/r/d"), fields("/r:repeat", "/r/c")
    for versions in ([newer, older], [older, newer]):
        schema = build_table_schema(versions)
        assert names(schema) == ["", "r"]
        assert columns(schema, 1) == ["c", "d"]
        assert columns(schema) == []


def test_point_that_was_a_text_has_the_plain_column_too() -> None:
    schema = build_table_schema([fields("/where:geopoint"), fields("/where")])
    assert columns(schema) == [
        "where",
        *(f"where-{part}" for part in ("Latitude", "Longitude", "Altitude", "Accuracy")),
    ]


def test_no_two_columns_are_called_alike() -> None:
    schema = build_table_schema([fields("/a:structure", "/a/b-c", "/a-b:structure", "/a-b/c", "/KEY")])
    assert columns(schema) == ["a-b-c", "a-b-c~2", "KEY~2"]
    assert len(set(schema.tables[0].header)) == len(schema.tables[0].header)


def test_path_that_only_begins_like_a_repeat_is_not_in_it() -> None:
    schema = build_table_schema([fields("/children:repeat", "/children/name", "/children-status")])
    assert columns(schema) == ["children-status"]
    assert columns(schema, 1) == ["name"]
