"""What tests with whole clients share: a live server with the shipped forms, the office, tablets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.office import Office
from tests.support.server import LiveServer
from tests.support.tablet import Tablet

AddTablet = Callable[[str], Tablet]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "hub") as live:
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
