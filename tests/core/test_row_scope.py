"""Filters that narrow a role to rows: what can be read, and what is refused when it is written down."""

import pytest

from sync_server.core.row_scope import district_rows, require_readable
from sync_server.errors import RowsUnreadable


@pytest.mark.parametrize(
    "rows",
    [
        "meeting/adm2 eq 'IQ-NI-03'",
        district_rows(["IQ-NI-03", "O'Neil"]),
        "not (a eq null) and (b gt 2 or c le -3.5)",
        "year(meeting/date) ge 2026 and __system/reviewState ne 'rejected'",
        "#adm2+code eq 'x' and اسم eq 'سارة'",
        "date gt 2026-11-23T09:00:00.000Z",
        "now() gt date",
        "$root/Submissions/not eq true",
    ],
)
def test_a_filter_is_read(rows: str) -> None:
    require_readable(rows)


@pytest.mark.parametrize(
    "rows",
    [
        "", " ", "a", "a eq", "eq 1", "a = 1", "a eq 1 b", "a eq 1 and", "(a eq 1", "a eq 1)", "a eq 'x", "not",
        "a eq 1; drop table x", "a eq 1 eq 2", "a,b eq 1", "(" * 30 + "a eq 1" + ")" * 30,
        "a eq 1 and " * 300 + "b eq 1",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(rows: str) -> None:
    with pytest.raises(RowsUnreadable):
        require_readable(rows)
