"""The lock files name every dependency with hashes, one version each, and no address."""

import re
import tomllib

import pytest

from tests.house.sources import ROOT

LOCKS = ["hub", "serve", "test"]
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
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_versions_and_hashes_and_nothing_else(lock: str) -> None:
    """An address would tie every installation to one server, and would not be reachable from all."""
    assert PINNED.sub("", _text(lock)).strip() == ""


@pytest.mark.parametrize(
    ("lock", "extras"), [("hub", []), ("serve", ["postgresql"]), ("test", ["postgresql", "test"])], ids=LOCKS
)
def test_lock_has_every_dependency(lock: str, extras: list[str]) -> None:
    assert _wanted(*extras) - set(_versions(lock)) == set(), "run scripts/lock"


def test_tests_run_with_the_versions_that_hubs_run() -> None:
    hub, serve, test = (_versions(lock) for lock in LOCKS)
    assert hub.items() <= serve.items() <= test.items()
