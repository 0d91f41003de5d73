"""Join the audit logs of all submissions (Collect's audit.csv) into one table, as ODK Central does.

An audit log is no answer, but every submission of a form with `audit` brings one, all called alike.
"""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from typing import BinaryIO

FILE_NAME = "audit.csv"
COLUMNS = (
    *("event", "node", "start", "end", "latitude", "longitude", "accuracy", "old-value", "new-value"),
    *("user", "change-reason"),
)
HEADER = ("instance ID", *COLUMNS)


class OtherAuditLog(ValueError):
    """It is not an audit log as known here; keep it as a file."""


def read_audit_log(file: BinaryIO, key: str) -> list[list[str]]:
    """Read one audit log as rows of the joined table; raise OtherAuditLog when a part of it would not fit there."""
    try:
        return list(_rows(csv.reader(TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True), key))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OtherAuditLog(str(error)) from error


def _rows(reader: Iterator[list[str]], key: str) -> Iterator[list[str]]:
    header = next(reader, [])
    if "event" not in header or not set(header) <= set(COLUMNS):
        raise OtherAuditLog("it has other columns")
    for cells in reader:
        if len(cells) > len(header):
            raise OtherAuditLog("it has rows longer than its header")
        named = dict(zip(header, cells, strict=False))
        if cells:
            yield [key, *(named.get(column, "") for column in COLUMNS)]
