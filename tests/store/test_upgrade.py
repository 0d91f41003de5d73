"""An upgrade that is broken off, by kill -9 or a full disk, leaves the old database or the new one, and a way back."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic.command import upgrade
from sqlalchemy import text

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.digest_node import digest_node
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store import migrations, nodes
from sync_server.store.engine import Database
from sync_server.store.migrations import is_newest, read_revision
from sync_server.store.upgrade_copy import KEPT_SECONDS
from tests.store.test_samples import SAMPLES, unpack
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import NOON

COPY = "sync.db.before-0001"
MOMENTS = ["ADD COLUMN review_state", "CREATE TABLE warehouse_segments", "UPDATE alembic_version"]

# Opens the node and stands still after the statement it was told, until it is killed.
HALTED = """
import sys
from pathlib import Path
from sqlalchemy import Engine, event
from sync_server.node import Node
from sync_server.settings import Settings

@event.listens_for(Engine, "after_cursor_execute")
def halt(connection, cursor, statement, *_):
    if sys.argv[3] in statement:
        print("halted", flush=True)
        sys.stdin.read()

Node.open(Settings(data=Path(sys.argv[1]), database_url=sys.argv[2], min_free_bytes=0)).close()
"""


def kill_during_upgrade(settings: Settings, moment: str) -> None:
    command = [sys.executable, "-c", HALTED, str(settings.data), settings.database_url, moment]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"halted\n"
        process.kill()


def revision_of(settings: Settings) -> str | None:
    database = Database(settings.effective_database_url)
    with database.engine.connect() as connection:
        found = read_revision(connection)
    database.close()
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_upgrade_killed_in_the_middle_is_repeated_at_the_next_start(tmp_path: Path, moment: str) -> None:
    settings = unpack(SAMPLES[0], tmp_path)
    recorded = json.loads(SAMPLES[0].with_suffix(".json").read_text("utf-8"))
    kill_during_upgrade(settings, moment)
    assert revision_of(settings) == "0001"
    with Node.open(settings) as node:
        consumers.catch_up(node)
        assert list(verify_node(node)) == []
        assert digest_node(node) == recorded
    assert revision_of(Settings(data=as_folder(tmp_path / COPY, tmp_path / "before"))) == "0001"


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_upgrade_of_postgresql_killed_in_the_middle_is_repeated(
    tmp_path: Path, postgresql: PostgresqlServer, moment: str
) -> None:
    url = postgresql.new_database()
    settings = Settings(data=tmp_path, database_url=url, min_free_bytes=0)
    make_first_revision(url)
    kill_during_upgrade(settings, moment)
    assert revision_of(settings) == "0001"
    with Node.open(settings) as node, node.database.engine.connect() as connection:
        assert is_newest(read_revision(connection))
        assert node.id == "the node"
    postgresql.drop_database(url)


def make_first_revision(url: str) -> None:
    """Make a database as the first version did, in place of whatever is there."""
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        upgrade(migrations._config(connection), "0001")
    with database.write() as session:
        nodes.ensure_node(session, new_id=lambda: "the node", now=NOON)
    database.close()


def as_folder(copy: Path, folder: Path) -> Path:
    """Put the copy back, as docs/operations.md says."""
    folder.mkdir()
    shutil.copy(copy, folder / "sync.db")
    return folder


def test_the_copy_is_the_database_before_and_goes_after_a_week(tmp_path: Path) -> None:
    settings = unpack(SAMPLES[0], tmp_path)
    with closing(sqlite3.connect(tmp_path / "sync.db")) as before:
        rows = before.execute("SELECT sha256, xml FROM submission_versions ORDER BY id").fetchall()
    Node.open(settings).close()
    with closing(sqlite3.connect(tmp_path / COPY)) as copied:
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copied.execute("SELECT sha256, xml FROM submission_versions ORDER BY id").fetchall() == rows
    Node.open(settings).close()
    assert (tmp_path / COPY).exists()
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(tmp_path / COPY, (long_ago, long_ago))
    Node.open(settings).close()
    assert list(tmp_path.glob("sync.db.before*")) == []


def test_what_is_erased_does_not_live_on_in_the_copy(tmp_path: Path) -> None:
    with Node.open(unpack(SAMPLES[0], tmp_path)) as node:
        assert (tmp_path / COPY).exists()
        erase_submission(node, None, "uuid:plain", reason="consent withdrawn")
    assert list(tmp_path.glob("sync.db.before*")) == []


def test_a_copy_broken_off_is_made_again(tmp_path: Path) -> None:
    settings = unpack(SAMPLES[0], tmp_path)
    (tmp_path / f"{COPY}.unfinished").write_bytes(b"SQLite format 3\0 and then the power went")
    Node.open(settings).close()
    assert [path.name for path in tmp_path.glob("sync.db.before*")] == [COPY]


def test_a_new_node_and_a_folder_of_today_make_no_copy(tmp_path: Path) -> None:
    for _ in range(2):
        Node.open(Settings(data=tmp_path, min_free_bytes=0)).close()
    assert list(tmp_path.glob("sync.db.before*")) == []


FULL = """
mount -t tmpfs -o size=2m tmpfs "$1" && cp "$2"/node.key "$2"/sync.db "$1" || exit 3
head -c 1700000 /dev/zero > "$1"/ballast
"$3" -m sync_server --data "$1" --min-free-bytes 0 verify && exit 4
ls "$1"
"$3" -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT * FROM alembic_version").fetchone())' \
    "$1"/sync.db
rm "$1"/ballast
"$3" -m sync_server --data "$1" --min-free-bytes 0 form list
"""


def test_a_disk_too_full_for_the_copy_is_said_and_the_old_folder_still_opens(tmp_path: Path) -> None:
    settings = unpack(SAMPLES[0], tmp_path / "sample")
    (tmp_path / "small").mkdir()
    private = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", FULL, "sh")
    done = subprocess.run(
        [*private, str(tmp_path / "small"), str(settings.data), sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Nothing was changed: make space" in done.stderr
    assert "before-" not in done.stdout
    assert "('0001',)" in done.stdout
    assert "visit" in done.stdout
