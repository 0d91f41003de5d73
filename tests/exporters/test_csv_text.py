"""Rows are read back by Python's csv module cell for cell, and quoted only where needed."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.exporters.csv_text import csv_line, csv_lines

CELLS = st.text(st.characters(codec="utf-8"))
# A row of one empty cell is the one thing a CSV cannot say without quotes; every table here has a key besides.
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4))


@given(ROWS)
def test_rows_come_back_cell_for_cell(rows: list[list[str]]) -> None:
    assert list(csv.reader(StringIO(csv_lines(rows), newline=""))) == rows


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=2))
def test_line_is_that_of_pythons_writer(cells: list[str]) -> None:
    file = StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerow(cells)
    assert csv_line(cells) == file.getvalue()


@pytest.mark.parametrize(
    "cell, written",
    [("=1+1", "=1+1"), (" a ", " a "), ("#", "#"), ("a\rb", '"a\rb"'), ('"', '""""'), ("ع،", "ع،"), ("a,b", '"a,b"')],
)
def test_only_what_needs_quotes_has_them(cell: str, written: str) -> None:
    assert csv_line([cell, "x"]) == f"{written},x\n"
