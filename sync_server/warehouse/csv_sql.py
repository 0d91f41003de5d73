"""The SELECTs that turn segments into CSV: names from layouts only, quoted; every value bound.

Which rows of a file are shown is a mask of one bit for each submission: asking it costs nothing and keeps the order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.core.table_layout import UNPLACED
from sync_server.exporters.csv_columns import CsvColumn, CsvTable
from sync_server.store.submission_reads import HELD_REASONS
from sync_server.warehouse.table_columns import quoted

Query = tuple[str, dict[str, Any]]

_ROOT_CELLS = {
    # Milliseconds cut off, as in the times of ODK Central.
    "SubmissionDate": "strftime(_received, '%Y-%m-%dT%H:%M:%S.%gZ')",
    "KEY": "_root",
    "SubmitterID": "nullif(_submitter_id, '')",
    "SubmitterName": "nullif(_submitter_name, '')",
    "AttachmentsPresent": "coalesce(_attachments_present, 0)",
    "AttachmentsExpected": "coalesce(_attachments_expected, 0)",
    "Status": "nullif(_status, '')",
    "ReviewState": "nullif(_review_state, '')",
    "DeviceID": "nullif(_device_id, '')",
    "Edits": "coalesce(_edits, 0)",
    "FormVersion": "nullif(_form_version, '')",
}
_REPEAT_CELLS = {"PARENT_KEY": "_parent", "KEY": "_key"}
_UNPLACED_CELLS = {"KEY": "_root", "path": "_path", "value": "_value"}
_ROOT_COLUMNS = (
    *("_submitter_id", "_submitter_name", "_attachments_present", "_attachments_expected", "_status"),
    *("_review_state", "_device_id", "_edits", "_form_version"),
)
_SERVER = {"": _ROOT_COLUMNS, UNPLACED: ("_path", "_value")}
_ORDER = ("_received", "_root", "_ordinal")
_IN_PAGE_ORDER = "ORDER BY _received DESC, _root DESC, _ordinal"
# Only what exporters/csv_text.py quotes: DuckDB quotes "#" as well, unless told that it begins no comment.
_OPTIONS = "FORMAT csv, HEADER false, DELIMITER ',', QUOTE '\"', ESCAPE '\"', COMMENT ''"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a segment: `mask` has a 1 for each submission that is shown, None shows all; `columns` it has.

    `veils` are the masks of columns that only some submissions show; in the others their cells are empty.
    """

    path: str
    mask: str | None
    columns: frozenset[str]
    veils: Mapping[str, str] = field(default_factory=dict)


def copy(select: str) -> str:
    """Write what a SELECT gives to the file $target as CSV without header."""
    return f"COPY ({select}) TO $target ({_OPTIONS})"


def rows(table: CsvTable, sources: Sequence[Source]) -> Query:
    """Select the cells of a CSV table from the files of one cluster, in page order."""
    answers = {column.name for column in table.columns if column.name}
    values: dict[str, Any] = {}
    cells = ", ".join(_cell(table.path, column, values) for column in table.columns)
    wanted = (*_ORDER, *_SERVER.get(table.path, tuple(_REPEAT_CELLS.values())))
    source = _union(sources, wanted, sorted(answers), values)
    # A single file is in page order already.
    return f"SELECT {cells} FROM ({source}) {_IN_PAGE_ORDER if len(sources) > 1 else ''}", values  # noqa: S608


def counts(sources: Sequence[Source]) -> Query:
    """Count submissions, conflicts, edits without their original, held edits, sealed submissions and their files."""
    columns = ("_has_conflict", "_waits", "_flags", "_is_sealed", "_sealed_files")
    values: dict[str, Any] = {"held": sorted(HELD_REASONS)}
    source = _union(sources, columns, (), values)
    sums = ("_has_conflict", "_waits", "coalesce(list_has_any(_flags, $held), false)", "_is_sealed")
    counted = ", ".join(f"count(*) FILTER (WHERE {claim})" for claim in sums)
    files = "sum(_sealed_files) FILTER (WHERE _is_sealed)"
    return f"SELECT count(*), {counted}, {files} FROM ({source})", values  # noqa: S608


def unplaced_counts(sources: Sequence[Source]) -> Query:
    """Count the answers without a column, and the submissions that have any."""
    values: dict[str, Any] = {}
    source = _union(sources, ("_root",), (), values)
    return f"SELECT count(*), count(DISTINCT _root) FROM ({source})", values  # noqa: S608


def files(sources: Sequence[Source]) -> Query:
    """Select KEY, name, blob and size of the files of a cluster's submissions, in page order."""
    values: dict[str, Any] = {}
    source = _union(sources, (*_ORDER, "_name", "_blob", "_size"), (), values)
    return f"SELECT _root, _name, _blob, _size FROM ({source}) {_IN_PAGE_ORDER}", values  # noqa: S608


def file_names(source: Source, columns: Sequence[str]) -> Query:
    """Select the KEY and number of submissions with the file names that each of these columns holds."""
    values: dict[str, Any] = {}
    wanted = _union([source], ("_root", "_row"), columns, values)
    return f"SELECT {', '.join(('_root', '_row', *map(quoted, columns)))} FROM ({wanted})", values  # noqa: S608


def choices(sources: Sequence[Source], column: str) -> Query:
    """Select the different choices in the answers to a question with several."""
    values: dict[str, Any] = {}
    source = _union(sources, (), (column,), values)
    split = f"SELECT unnest({_split(quoted(column))}) AS choice FROM ({source})"  # noqa: S608
    return f"SELECT DISTINCT choice FROM ({split}) WHERE choice <> '' ORDER BY choice", values  # noqa: S608


def _cell(table: str, column: CsvColumn, values: dict[str, Any]) -> str:
    if not column.name:
        own = {"": _ROOT_CELLS, UNPLACED: _UNPLACED_CELLS}.get(table, _REPEAT_CELLS)
        return own[column.header]
    name = quoted(column.name)
    if column.choice is None:
        return name
    parameter = f"choice{len(values)}"
    values[parameter] = column.choice
    taken = f"list_contains({_split(name)}, ${parameter})"
    return f"CASE WHEN {name} IS NULL THEN NULL WHEN {taken} THEN 1 ELSE 0 END"


def _split(name: str) -> str:
    return f"string_split_regex(trim({name}), '\\s+')"


def _union(sources: Sequence[Source], server: Sequence[str], answers: Sequence[str], values: dict[str, Any]) -> str:
    """Put the files one below another; those of the same shape that are shown whole are read as one."""
    return " UNION ALL ".join(_parts(sources, server, answers, values))


def _parts(
    sources: Sequence[Source], server: Sequence[str], answers: Sequence[str], values: dict[str, Any]
) -> Iterator[str]:
    shapes: dict[frozenset[str], list[str]] = {}
    for source in sources:
        has = source.columns.intersection(answers)
        veils = {name: _bound(values, "veil", mask) for name, mask in source.veils.items() if name in has}
        if source.mask is None and not veils:
            shapes.setdefault(has, []).append(source.path)
        else:
            select = _select(server, answers, has, [source.path], values, veils)
            yield f"{select} WHERE {_is_shown(source.mask, values)}"
    for has, paths in shapes.items():
        yield _select(server, answers, has, paths, values)


def _is_shown(mask: str | None, values: dict[str, Any]) -> str:
    return "true" if mask is None else f"get_bit({_bound(values, 'mask', mask)}::BIT, _row) = 1"


def _select(
    server: Sequence[str], answers: Sequence[str], has: frozenset[str], paths: list[str], values: dict[str, Any],
    veils: Mapping[str, str] = {},
) -> str:  # fmt: skip
    names = (_answer(name, veils.get(name)) if name in has else f"NULL::VARCHAR AS {quoted(name)}" for name in answers)
    return f"SELECT {', '.join((*server, *names))} FROM read_parquet({_bound(values, 'files', paths)})"  # noqa: S608


def _answer(name: str, veil: str | None) -> str:
    if veil is None:
        return quoted(name)
    return f"CASE WHEN get_bit({veil}::BIT, _row) = 1 THEN {quoted(name)} END AS {quoted(name)}"


def _bound(values: dict[str, Any], name: str, value: Any) -> str:
    parameter = f"{name}{len(values)}"
    values[parameter] = value
    return f"${parameter}"
