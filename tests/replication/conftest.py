"""What tests of replication share: two nodes with a socket between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.node import Node
from tests.support.small_pair import SmallPair, open_pair


@pytest.fixture
def pair(hub: Node, tmp_path: Path) -> Iterator[SmallPair]:
    with open_pair(hub, tmp_path / "centre") as opened:
        yield opened
