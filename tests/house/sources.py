"""The project's own files, as the house tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sync_server"
TESTS = ROOT / "tests"


def python_files(*folders: Path) -> list[Path]:
    """Return every Python file below the folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the path as people write it: from the top of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse one Python file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def nodes_of(path: Path) -> Iterator[ast.AST]:
    """Walk the syntax of one Python file."""
    return ast.walk(tree_of(path))
