"""Dump and load a PostgreSQL database with its own tools, through pipes; say plainly what is missing."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from sync_server.operator_errors import DatabaseToolFailed, DatabaseToolMissing


def require_tools(engine: Engine) -> None:
    """Raise DatabaseToolMissing unless pg_dump is there and not older than the server."""
    with engine.connect() as connection:
        server = int((connection.dialect.server_version_info or (0,))[0])
    if _version(_find("pg_dump", server)) < server:
        raise DatabaseToolMissing(tool="pg_dump", version=server)


def dump(url: URL, snapshot: str, *, piece: int) -> Iterator[bytes]:
    """Yield the database as of an exported snapshot, in pg_dump's custom format."""
    command = [_find("pg_dump"), "--format=custom", "--compress=3", "--no-owner", "--no-privileges"]
    command += [f"--snapshot={snapshot}", f"--dbname={_address(url)}"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=_environ(url))  # noqa: S603
        assert process.stdout is not None
        try:
            with process.stdout as stream:
                yield from iter(lambda: stream.read(piece), b"")
            status = process.wait()
            said.seek(0)
            _require_success("pg_dump", status, said.read())
        finally:
            process.kill()
            process.wait()


def load(url: str, file: Path) -> None:
    """Load a dump into an empty database: all of it or nothing."""
    command = [_find("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    command += [f"--dbname={_address(make_url(url))}", str(file)]
    done = subprocess.run(command, capture_output=True, env=_environ(make_url(url)), check=False)  # noqa: S603
    _require_success("pg_restore", done.returncode, done.stderr)


def _find(tool: str, version: int | str = "") -> str:
    found = shutil.which(tool)
    if found is None:
        raise DatabaseToolMissing(tool=tool, version=version)
    return found


def _version(tool: str) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"\d+", said)
    return int(found[0]) if found else 0


def _address(url: URL) -> str:
    """Write the address without its password: everybody on the machine can read a command line."""
    return url.set(drivername="postgresql", password=None).render_as_string()


def _environ(url: URL) -> dict[str, str]:
    return {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}


def _require_success(tool: str, status: int, said: bytes) -> None:
    if status != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise DatabaseToolFailed(tool=tool, reason=lines[0] if lines else f"exit {status}")
