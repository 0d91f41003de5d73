"""Who may import whom: the layers of pyproject.toml, and SQL only where the tables are."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.house.sources import PACKAGE, ROOT, name_of, nodes_of, python_files

# What others may name of SQLAlchemy: types to hand on, errors to understand, and whether a table is there at all.
TYPES_FOR_ALL = {"Session", "Engine", "Connection", "DBAPIError", "IntegrityError", "OperationalError", "inspect"}
SPEAKS_SQL = ("sync_server/store/",)


def test_layers_import_downwards_only() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sql_lives_in_store() -> None:
    strangers = [
        f"{name_of(path)}:{node.lineno} imports {', '.join(sorted(names - TYPES_FOR_ALL))}"
        for path in python_files(PACKAGE)
        if not name_of(path).startswith(SPEAKS_SQL)
        for node in nodes_of(path)
        if isinstance(node, ast.Import | ast.ImportFrom) and (names := _sqlalchemy_names(node)) - TYPES_FOR_ALL
    ]
    assert strangers == []


def _sqlalchemy_names(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        is_sqlalchemy = (node.module or "").split(".")[0] == "sqlalchemy"
        return {alias.name for alias in node.names} if is_sqlalchemy else set()
    return {alias.name for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"}
