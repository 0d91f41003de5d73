"""The address in a tablet's code: the public one, else one that another machine can follow."""

from pathlib import Path

import pytest

from sync_server.services.tablet_address import is_this_machine_only, root_url, tablet_url
from sync_server.settings import Settings


@pytest.mark.parametrize(
    ("settings", "seen_at", "root"),
    [
        ({}, "", "http://127.0.0.1:8080"),
        ({}, "http://localhost:8080/", "http://localhost:8080"),
        ({}, "https://hub.example.org/", "https://hub.example.org"),
        ({"host": "192.168.1.5", "port": 80}, "", "http://192.168.1.5:80"),
        ({"host": "fd00::5"}, "", "http://[fd00::5]:8080"),
        ({"host": "0.0.0.0"}, "http://192.168.1.5:8080/", "http://192.168.1.5:8080"),
        ({"public_url": "https://sync.example.org/"}, "http://localhost:8080/", "https://sync.example.org"),
    ],
)
def test_tablets_are_sent_to_the_public_address_else_where_the_node_was_seen_else_its_own(
    settings: dict[str, object], seen_at: str, root: str
) -> None:
    assert root_url(Settings(data=Path("data"), **settings), seen_at=seen_at) == root


def test_hub_that_listens_everywhere_never_calls_itself_localhost_when_it_has_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sync_server.services.tablet_address._address_in_network", lambda: "10.0.0.7")
    settings = Settings(data=Path("data"), host="0.0.0.0")

    assert root_url(settings) == "http://10.0.0.7:8080"
    assert root_url(settings, seen_at="http://localhost:9000/") == "http://10.0.0.7:9000"


@pytest.mark.parametrize(
    ("url", "is_alone"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://192.168.1.5:8080", False),
        ("https://hub.example.org", False),
    ],
)
def test_address_of_this_machine_only_is_known(url: str, is_alone: bool) -> None:
    assert is_this_machine_only(url) is is_alone


def test_tablet_url_is_centrals() -> None:
    assert tablet_url("https://a", "t" * 4, 2) == "https://a/v1/key/tttt/projects/2"
