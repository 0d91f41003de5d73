"""Which columns a segment's files have besides the answers, and how the typed columns are made from the text."""

from collections.abc import Mapping

from sync_server.core.table_layout import FILES, UNPLACED

EVERY_TABLE = {"_received": "TIMESTAMP", "_root": "VARCHAR", "_row": "INTEGER", "_ordinal": "INTEGER"}
REPEAT = {"_parent": "VARCHAR", "_key": "VARCHAR"}
ROOT = {
    "_submitter_id": "VARCHAR",
    "_submitter_name": "VARCHAR",
    "_attachments_present": "INTEGER",
    "_attachments_expected": "INTEGER",
    "_status": "VARCHAR",
    "_review_state": "VARCHAR",
    "_device_id": "VARCHAR",
    "_edits": "INTEGER",
    "_form_version": "VARCHAR",
    "_last_received": "TIMESTAMP",
    "_received_local": "TIMESTAMP",
    "_last_received_local": "TIMESTAMP",
    "_updated": "TIMESTAMP",
    "_has_conflict": "BOOLEAN",
    "_waits": "BOOLEAN",
    "_is_sealed": "BOOLEAN",
    "_is_complete": "BOOLEAN",
    "_flags": "VARCHAR[]",
    "_sealed_files": "INTEGER",
}
PSEUDO = {
    FILES: {"_name": "VARCHAR", "_blob": "VARCHAR", "_size": "BIGINT"},
    UNPLACED: {"_path": "VARCHAR", "_value": "VARCHAR"},
}

SQL_TYPES = {
    "int": "BIGINT",
    "decimal": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "time": "TIME",
    "boolean": "BOOLEAN",
}

# DuckDB's own casts take more than a form means: 1.5 as an integer (2), 1_000, 0x10, 'yes', 'epoch', 'infinity'. And a
# cast to TIMESTAMP drops the offset from UTC; one to TIMESTAMPTZ honours it.
_CASTS = {
    "int": "CASE WHEN regexp_full_match(trim({0}), '[+-]?[0-9]+') THEN TRY_CAST(trim({0}) AS BIGINT) END",
    "decimal": "CASE WHEN regexp_full_match(trim({0}), '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?') "
    "THEN TRY_CAST(trim({0}) AS DOUBLE) END",
    "date": "CASE WHEN regexp_full_match(left(trim({0}), 10), '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
    "THEN TRY_CAST(left(trim({0}), 10) AS DATE) END",
    "datetime": "CASE WHEN regexp_matches(trim({0}), '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ][0-9:.]+"
    "(Z|[+-][0-9:]+)?)?$') THEN TRY_CAST(trim({0}) AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END",
    "time": "CASE WHEN regexp_matches(trim({0}), '^[0-9]{{2}}:[0-9]{{2}}') THEN TRY_CAST(trim({0}) AS TIME) END",
    "boolean": "CASE trim({0}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false "
    "END",
}


def server_columns(table: str) -> Mapping[str, str]:
    """Names and SQL types of what the server adds to a table, in the order of the files."""
    if table == "":
        return {**EVERY_TABLE, **ROOT}
    return {**EVERY_TABLE, **PSEUDO.get(table, REPEAT)}


def typed_sql(kind: str, raw: str) -> str:
    """Write the expression that makes a typed value of a text column (an SQL expression), NULL where it is none."""
    return _CASTS[kind].format(raw)


def quoted(name: str) -> str:
    """Write a column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'
