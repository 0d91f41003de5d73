"""The switches of an export choose and name columns as ODK Central does, and no two alike."""

from dataclasses import replace

from sync_server.core.table_layout import FormLayout, build_layout
from sync_server.core.xform import FormDefinition
from sync_server.exporters.csv_columns import CsvTable, Switches, select_tables, split_columns
from tests.core.test_table_schema import fields


def layout(*versions: tuple[str, ...], multiple: tuple[str, ...] = (), choices: tuple[str, ...] = ()) -> FormLayout:
    """Versions, the latest first; `multiple` are the paths of the questions with several answers."""
    return build_layout([_definition(version, multiple, choices) for version in versions])


def _definition(paths: tuple[str, ...], multiple: tuple[str, ...], choices: tuple[str, ...]) -> FormDefinition:
    found = tuple(
        replace(f, select_multiple=True, choices=choices) if f.path in multiple else f for f in fields(*paths)
    )
    return FormDefinition(
        form_id="visit", version="1", title="", fields=found, media=(), languages=(), public_key=None,
        submission_url=None, is_client_editable=False, entities_version=None, root_name="data",
    )  # fmt: skip


def answers(table: CsvTable) -> list[str]:
    return [column.header for column in table.columns if column.name]


def tables(form: FormLayout, switches: Switches | None = None, **seen: tuple[str, ...]) -> dict[str, list[str]]:
    choices = {("", f"/{name}"): values for name, values in seen.items()}
    return {t.name: answers(t) for t in select_tables(form, switches or Switches(), choices)}


def test_without_switches_the_header_is_that_of_the_form() -> None:
    form = layout(("/place", "/g:structure", "/g/where:geopoint", "/who:repeat", "/who/name"))
    selected = select_tables(form, Switches(), {})
    assert [table.header for table in selected] == [table.header for table in form.schema.tables]
    assert [(table.path, table.name) for table in selected] == [("", ""), ("/who", "who")]


def test_names_without_groups_are_the_last_part_and_stay_unique() -> None:
    form = layout(("/a:structure", "/a/name", "/b:structure", "/b/name", "/b/KEY", "/b/where:geopoint"))
    assert tables(form, Switches(has_group_paths=False))[""] == [
        *("name", "name~2", "KEY~2", "where-Latitude", "where-Longitude", "where-Altitude", "where-Accuracy")
    ]


def test_split_question_has_a_column_for_each_choice_behind_it() -> None:
    form = layout(("/g:structure", "/g/needs", "/place"), multiple=("/g/needs",), choices=("water", "food"))
    columns = select_tables(form, Switches(is_split=True), {})[0].columns[1:5]
    assert [(c.header, c.name, c.choice) for c in columns] == [
        ("g-needs", "/g/needs", None),
        ("g-needs/water", "/g/needs", "water"),
        ("g-needs/food", "/g/needs", "food"),
        ("place", "/place", None),
    ]


def test_choices_of_the_answers_follow_those_of_the_form() -> None:
    form = layout(("/needs", "/place"), multiple=("/needs",), choices=("water", "food"))
    assert tables(form, Switches(is_split=True), needs=("tent", "food", "oil"))[""] == [
        *("needs", "needs/water", "needs/food", "needs/oil", "needs/tent", "place")
    ]


def test_split_and_no_groups_go_together() -> None:
    form = layout(("/g:structure", "/g/needs"), multiple=("/g/needs",), choices=("x",))
    assert tables(form, Switches(is_split=True, has_group_paths=False))[""] == ["needs", "needs/x"]


def test_only_questions_with_several_answers_are_split() -> None:
    form = layout(("/needs", "/place", "/who:repeat", "/who/can"), multiple=("/needs", "/who/can"))
    found = [(table, column.name) for table, column in split_columns(form, Switches(is_split=True))]
    assert found == [("", "/needs"), ("/who", "/who/can")]
    assert list(split_columns(form, Switches())) == []


def test_removed_questions_are_there_unless_asked_otherwise() -> None:
    form = layout(("/new", "/r:repeat", "/r/a"), ("/old", "/r:repeat", "/r/b", "/gone:repeat", "/gone/x"))
    assert tables(form) == {"": ["old", "new"], "gone": ["x"], "r": ["b", "a"]}
    assert tables(form, Switches(has_deleted_fields=False)) == {"": ["new"], "r": ["a"]}


def test_table_around_a_current_repeat_stays() -> None:
    form = layout(("/r:repeat", "/r/in:repeat", "/r/in/x"))
    assert tables(form, Switches(has_deleted_fields=False)) == {"": [], "r": [], "in": ["x"]}


def test_form_never_published_has_the_servers_own_columns() -> None:
    assert tables(build_layout([])) == {"": []}
