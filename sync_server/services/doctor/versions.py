"""Which versions run here: of Python, of SQLite, of the libraries, of the time zones' rules."""

import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH

from sync_server.services.doctor.finding import Finding, act, fine, look
from sync_server.services.doctor.scene import Scene

LIBRARIES = ("SQLAlchemy", "alembic", "Flask", "waitress", "lxml", "pyxform", "cryptography", "APScheduler")
OLDEST_RULES = "2022f"  # the last change of a clock in the region: Syria and Jordan stay in summer time


def check_versions(_scene: Scene) -> Iterator[Finding]:
    known = {name: _version(name) for name in ("sync-server", *LIBRARIES)}
    missing = [name for name in LIBRARIES if not known[name]]
    if missing:
        found = f"Not installed: {', '.join(missing)}."
        yield act("versions", found, "Install the server anew (./scripts/serve does).")
    here = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", platform.platform(terse=True)]
    found = ", ".join([*here, *(f"{name} {number}" for name, number in known.items() if number)])
    yield fine("versions", f"{found}.")


def check_time_zones(_scene: Scene) -> Finding:
    topic = "time zone rules"
    release = _system_release() or _version("tzdata")
    if not release:
        return fine(topic, "Those of the system; it does not say how old they are.")
    comparable = release.replace(".", "") if release[4:5] == "." else release
    if comparable[:4] < OLDEST_RULES[:4] or (release[4:5].isalpha() and release < OLDEST_RULES):
        found = f"They are of {release}; some countries have changed their clocks since."
        return look(topic, found, "Update the system (package tzdata), where there is internet.")
    return fine(topic, f"They are of {release}.")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _system_release() -> str:
    """Read the first line of tzdata.zi, `# version 2025b`, where the system has it: it goes before the package."""
    for folder in TZPATH:
        file = Path(folder) / "tzdata.zi"
        if file.is_file():
            with file.open(encoding="ascii", errors="replace") as lines:
                return lines.readline().rpartition(" ")[2].strip()
    return ""
