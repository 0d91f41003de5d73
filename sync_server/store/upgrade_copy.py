"""Keep the database as it was before an upgrade, beside it: the way back when nobody made a copy.

SQLite only (a centre with PostgreSQL has pg_dump and somebody who runs it). Whoever starts a newer program in a field
office seldom copies the folder first, and an older program refuses what a newer one wrote. Files under `blobs/` are
never changed, so the database alone is the way back: docs/operations.md. The copy holds what the node held, so it goes
after a week, and at once when something is erased.
"""

import errno
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sync_server.durable import sync_folder
from sync_server.operator_errors import DatabaseUnusable, NoSpaceForUpgrade
from sync_server.store.engine import Database

KEPT_SECONDS = 7 * 86_400.0
_MARK = ".before-"
_UNFINISHED = ".unfinished"


def keep_copy(database: Database, revision: str) -> None:
    """Copy the database to `sync.db.before-<revision>`; raise NoSpaceForUpgrade, leaving no part of a copy.

    Call it while nobody can write. The name appears when the copy is whole and durable.
    """
    file = _file(database)
    if file is None:
        return
    size = file.stat().st_size
    unfinished = file.with_name(f"{file.name}{_MARK}{revision}{_UNFINISHED}")
    try:
        if shutil.disk_usage(file.parent).free < size:
            raise NoSpaceForUpgrade(size=size)
        _copy(file, unfinished)
        unfinished.replace(unfinished.with_name(unfinished.name.removesuffix(_UNFINISHED)))
        sync_folder(file.parent)
    except (sqlite3.OperationalError, OSError) as error:
        if _is_full(error):
            raise NoSpaceForUpgrade(size=size) from error
        raise DatabaseUnusable(reason=f"it could not be copied: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def forget_old_copies(database: Database) -> None:
    """Delete copies of more than a week ago, by the machine's clock."""
    oldest = time.time() - KEPT_SECONDS
    for copy in _copies(database):
        if copy.stat().st_mtime < oldest:
            copy.unlink(missing_ok=True)


def remove_copies(database: Database) -> None:
    """Delete every copy: what was erased must not live on in one."""
    for copy in _copies(database):
        copy.unlink(missing_ok=True)


def _copies(database: Database) -> list[Path]:
    file = _file(database)
    return sorted(file.parent.glob(f"{file.name}{_MARK}*")) if file else []


def _file(database: Database) -> Path | None:
    name = database.engine.url.database if database.is_sqlite else None
    return Path(name) if name and name != ":memory:" else None


def _copy(file: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copied:
        copied.execute("PRAGMA synchronous=FULL")
        source.backup(copied)


def _is_full(error: sqlite3.OperationalError | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return error.sqlite_errorcode == sqlite3.SQLITE_FULL
