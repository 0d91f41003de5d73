"""A node's settings to look at, and findings by topic."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sync_server.node import Node
from sync_server.services.doctor.examination import examine
from sync_server.services.doctor.finding import Finding
from sync_server.services.doctor.scene import Scene
from sync_server.settings import Settings
from sync_server.store.inspection import Age
from tests.support.server import free_port

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Examine = Callable[..., dict[str, list[Finding]]]


@pytest.fixture
def examined() -> Examine:
    """Examine as the command does; what was found, by topic."""

    def look_at(settings: Settings, now: datetime = NOW) -> dict[str, list[Finding]]:
        by_topic: dict[str, list[Finding]] = {}
        for finding in examine(settings, now=now):
            by_topic.setdefault(finding.topic, []).append(finding)
        return by_topic

    return look_at


@pytest.fixture
def scene(hub: Node) -> Scene:
    """The hub as the checks see it, with a port at which nobody listens."""
    settings = Settings(data=hub.settings.data, min_free_bytes=0, port=free_port())
    return Scene(settings, NOW, hub.database, Age.CURRENT, "0001")
