"""The lock files name every dependency with hashes, one version each, and no address."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, ROOT, TESTS, nodes_of, python_files

LOCKS = ["hub", "serve", "s3", "test"]
# Imported when a setting asks for it.
ONLY_WITH_EXTRAS = (
    "sync_server/blobs/s3", "sync_server/services/announce_name", "sync_server/services/ask_name",
    "sync_server/services/name_watch",
)  # fmt: skip
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def _text(lock: str) -> str:
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def _versions(lock: str) -> dict[str, str]:
    return {match[1]: match[2] for match in PINNED.finditer(_text(lock))}


def _wanted(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *(r for e in extras for r in project["optional-dependencies"][e])]
    names = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements]
    return {_normal(name[0]) for name in names if name}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(folder: Path, *, without: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for path in python_files(folder):
        if any(each in path.as_posix() for each in without):
            continue
        for node in nodes_of(path):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_versions_and_hashes_and_nothing_else(lock: str) -> None:
    """An address would tie every installation to one server, and would not be reachable from all."""
    assert PINNED.sub("", _text(lock)).strip() == ""


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("hub", []),
        ("serve", ["postgresql", "mdns"]),
        ("s3", ["postgresql", "mdns", "s3"]),
        ("test", ["postgresql", "mdns", "s3", "test"]),
    ],
    ids=LOCKS,
)
def test_lock_has_every_dependency(lock: str, extras: list[str]) -> None:
    assert _wanted(*extras) - set(_versions(lock)) == set(), "run scripts/lock"


@pytest.mark.parametrize(
    ("lock", "folder", "without"),
    [("hub", PACKAGE, ONLY_WITH_EXTRAS), ("s3", PACKAGE, ()), ("test", TESTS, ())],
    ids=["a hub", "a centre with S3", "tests"],
)
def test_lock_has_whatever_is_imported(lock: str, folder: Path, without: tuple[str, ...]) -> None:
    """A package that happens to be installed here is missing on a fresh machine."""
    ours = {"sync_server", "tests", "benchmarks", "compression"}  # the last is Python's own from 3.14 on
    foreign = _imported(folder, without=without) - set(sys.stdlib_module_names) - ours
    installed = packages_distributions()
    brought = {name: {_normal(found) for found in installed.get(name, [])} for name in foreign}
    assert {name for name, by in brought.items() if not by & set(_versions(lock))} == set()


def test_tests_run_with_the_versions_that_hubs_run() -> None:
    hub, serve, s3, test = (_versions(lock) for lock in LOCKS)
    assert hub.items() <= serve.items() <= s3.items() <= test.items()
