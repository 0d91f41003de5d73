"""Files stay short and say what they are for."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, TESTS, name_of, python_files, tree_of

LONGEST = 400
MEDIAN = 120


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_file_is_longer_than_one_can_read_in_a_sitting() -> None:
    too_long = {name_of(path): _lines(path) for path in python_files(PACKAGE, TESTS) if _lines(path) > LONGEST}
    assert too_long == {}


@pytest.mark.parametrize("folder", [PACKAGE, TESTS], ids=["sync_server", "tests"])
def test_half_of_the_files_fit_on_two_screens(folder: Path) -> None:
    lengths = [_lines(path) for path in python_files(folder) if _lines(path) > 0]
    assert statistics.median(lengths) <= MEDIAN


def test_every_module_says_first_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in python_files(PACKAGE, TESTS)
        if tree_of(path).body and not (ast.get_docstring(tree_of(path)) or "").strip()
    ]
    assert silent == []


def test_no_test_is_skipped() -> None:
    """A test that cannot run fails and says what to install."""
    skips = {"skip", "skipif", "importorskip", "xfail"}
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(TESTS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in skips and "pytest" in ast.unparse(node.value)
    ]
    assert found == []
