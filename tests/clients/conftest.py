"""What tests with whole clients share: a live server with the shipped forms and people and concerns in their lists."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_server.services.shipped_forms import demo_lists
from tests.clients.office import Office
from tests.support.postgresql import PostgresqlServer
from tests.support.server import SHIPPED_FORMS, LiveServer
from tests.support.tablet import Tablet

AddTablet = Callable[[str], Tablet]


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server on SQLite, as at a field office; the parameter "postgresql" makes it the central node."""
    environ = dict(SHIPPED_FORMS)
    if getattr(request, "param", "sqlite") == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        environ["SYNC_DATABASE_URL"] = postgresql.new_database()
    with LiveServer(tmp_path / "hub", environ=environ) as live:
        office = Office(live)
        office.upload_list("participants", demo_lists() / "participants.csv")
        office.upload_list("concerns", Path(__file__).parent / "lists" / "concerns.csv")
        yield live


@pytest.fixture
def office(server: LiveServer) -> Office:
    return Office(server)


@pytest.fixture
def add_tablet(office: Office, tmp_path: Path) -> AddTablet:
    """Add a tablet, with a storage of its own."""

    def add(name: str) -> Tablet:
        return Tablet(tmp_path / name, office.add_tablet(name))

    return add
