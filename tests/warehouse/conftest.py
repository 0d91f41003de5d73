"""A warehouse of its own for tests that write segments by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.warehouse.warehouse import Warehouse
from tests.support.small_warehouse import make_warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder: Path = tmp_path_factory.mktemp("warehouse")
    made = make_warehouse(folder)
    yield made
    made.close()
