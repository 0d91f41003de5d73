"""How an entity is shown in tables."""

from datetime import UTC, datetime

from sync_server.core.entity_row import EntityRow, name_fields, write_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(number: int, **said: str) -> EntityRow:
    return EntityRow("x", "X", number, False, False, NOON, NOON, 7, "Alice", said)


def test_fields_are_named_as_odata_allows_and_no_two_alike() -> None:
    assert name_fields(["meets-on", "meets_on", "meets.on", "ناحية"]) == {
        "meets-on": "meets_on_",
        "meets_on": "meets_on",
        "meets.on": "meets_on__",
        "ناحية": "ناحية",
    }


def test_an_entity_with_one_fact_was_never_updated() -> None:
    assert (row(1_4711).updates, row(1_4711).updated_at) == (0, None)
    assert (row(3_0000).updates, row(3_0000).updated_at) == (2, NOON)


def test_no_answer_and_an_empty_one_are_null_and_nothing_else_is_shown() -> None:
    written = write_row(row(1_4711, a="", b="0", hidden="secret"), {"a": "a", "b": "b", "c": "c"})
    assert {name: written[name] for name in ("a", "b", "c")} == {"a": None, "b": "0", "c": None}
    assert "secret" not in str(written)
