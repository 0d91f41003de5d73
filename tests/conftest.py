"""What every test can ask for: nodes on both databases, a client, a live server, and the people."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from sync_server.node import Node
from sync_server.services import passwords
from sync_server.settings import Settings
from sync_server.store.engine import Database
from sync_server.store.migrations import migrate
from tests.support.new_folder import new_folder
from tests.support.postgresql import PostgresqlServer

if TYPE_CHECKING:
    from tests.support.s3 import S3Server


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords by argon2 at its least cost: hundreds of tests sign somebody in.

    Servers in processes of their own hash as in the field; what that costs, tests/services/test_access.py says.
    """
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", quick)
        patch.setattr(passwords, "_nobody", quick.hash("of nobody"))
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    server = PostgresqlServer()
    server.start()
    server.use_template(_migrated)  # ten times as fast as migrating a database for each test
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3Server]":
    from tests.support.s3 import S3Server  # brings boto3 and moto along, a second of imports that most tests never need

    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Node]:
    """A field-office hub: SQLite and a folder."""
    with Node.open(Settings(data=new_folder(tmp_path / "hub"), min_free_bytes=0)) as node:
        yield node


@pytest.fixture(params=["sqlite", "postgresql"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    """A node on each database in turn: what a test says of one must hold for both."""
    if request.param == "sqlite":
        with Node.open(Settings(data=new_folder(tmp_path / "node"), min_free_bytes=0)) as opened:
            yield opened
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    url = server.new_database()
    with Node.open(Settings(data=tmp_path / "node", database_url=url, min_free_bytes=0)) as opened:
        yield opened
    server.drop_database(url)
