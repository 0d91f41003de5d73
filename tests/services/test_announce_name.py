"""A name ending in .local: tablets find the node by it, and two machines never share it. Real packets, on loopback."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from zeroconf import IPVersion, Zeroconf

from sync_server.services import announce_name
from sync_server.services.announce_name import Announcer, listening_addresses
from sync_server.services.doctor.local_addresses import LocalAddress
from sync_server.services.doctor.local_name import check_local_name
from sync_server.services.doctor.scene import Scene
from sync_server.settings import Settings
from tests.services.doctor.conftest import NOW
from tests.support.local_names import OtherMachine, ask_as_android, is_silent, new_name

WAIT_SECONDS = 30
SMALLER, GREATER = "10.0.0.9", "192.0.2.77"  # than 127.0.0.1


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, mdns_name=new_name(), port=8123)


@pytest.fixture
def announcer(settings: Settings) -> Iterator[Announcer]:
    made = Announcer(settings)
    yield made
    made.stop()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_a_tablet_that_asks_for_the_name_is_told_the_address_until_the_server_stops(
    settings: Settings, announcer: Announcer
) -> None:
    name = f"{settings.mdns_name}.local"
    assert is_silent(name)
    announcer.look()
    assert ask_as_android(name) == ["127.0.0.1"]
    assert ask_as_android(name.upper()) == ["127.0.0.1"]
    announcer.stop()
    assert is_silent(name)


def test_strangers_are_told_that_it_is_a_web_server_and_not_whose(settings: Settings) -> None:
    announcer = Announcer(replace(settings, node_name="Mosul office"))
    announcer.look()
    with Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only) as looking:
        found = looking.get_service_info("_http._tcp.local.", f"{settings.mdns_name}._http._tcp.local.", 5000)
    announcer.stop()
    assert found is not None
    assert (found.port, found.server, found.addresses) == (
        8123, f"{settings.mdns_name}.local.", [socket.inet_aton("127.0.0.1")],
    )  # fmt: skip
    assert found.properties == {b"path": b"/"}


def test_a_name_that_another_machine_has_is_left_to_it_and_taken_when_it_is_gone(
    settings: Settings, announcer: Announcer, caplog: pytest.LogCaptureFixture
) -> None:
    with OtherMachine(settings.mdns_name, GREATER):
        announcer.look()
        assert not announcer.is_announced
        assert ask_as_android(f"{settings.mdns_name}.local") == [GREATER]
        assert (f"by={GREATER}" in caplog.text, "choose another mdns_name" in caplog.text) == (True, True)
    announcer.look()
    assert announcer.is_announced


@pytest.mark.parametrize(("address", "stays"), [(SMALLER, True), (GREATER, False)])
def test_of_two_that_began_at_the_same_moment_the_greater_address_stays(
    settings: Settings, announcer: Announcer, address: str, stays: bool
) -> None:
    announcer.look()
    with OtherMachine(settings.mdns_name, address):
        watch = announcer._watch
        assert watch is not None
        until(lambda: watch.others() == {address})
        announcer.look()
        assert announcer.is_announced is stays


def test_an_address_that_changed_is_announced_in_place_of_the_old_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback has many addresses: 127.0.0.2 stands for what the router gave this time."""
    here = [LocalAddress("127.0.0.1")]
    monkeypatch.setattr(announce_name, "list_local_addresses", lambda: here)
    announcer = Announcer(replace(settings, host="0.0.0.0"))
    announcer.look()
    here[:] = [LocalAddress("127.0.0.2")]
    announcer.look()  # falls silent
    announcer.look()
    assert ask_as_android(f"{settings.mdns_name}.local", at="127.0.0.2") == ["127.0.0.2"]
    here.clear()  # the cable was pulled out
    announcer.look()
    assert not announcer.is_announced
    announcer.stop()


@pytest.mark.parametrize(
    ("host", "addresses"), [("192.168.1.5", ["192.168.1.5"]), ("0.0.0.0", ["10.0.0.7"]), ("::1", []), ("hub", [])]
)
def test_the_name_is_announced_where_the_server_listens_and_not_beyond(
    settings: Settings, host: str, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce_name, "list_local_addresses", lambda: [LocalAddress("10.0.0.7")])
    assert listening_addresses(replace(settings, host=host)) == addresses


def test_doctor_says_to_whom_the_name_leads(settings: Settings, announcer: Announcer) -> None:
    scene = Scene(settings, NOW)
    [nobody] = check_local_name(scene)
    assert (nobody.verdict, "Nobody answers" in nobody.found) == ("look", True)
    with OtherMachine(settings.mdns_name, GREATER):
        [other] = check_local_name(scene)
    assert (other.verdict, GREATER in other.found) == ("act", True)
    announcer.look()
    [ours] = check_local_name(scene)
    assert (ours.verdict, ours.url) == ("fine", f"http://{settings.mdns_name}.local:8123")


def test_doctor_is_silent_about_a_name_that_was_not_asked_for(tmp_path: Path) -> None:
    assert list(check_local_name(Scene(Settings(data=tmp_path), NOW))) == []


def test_without_the_extra_the_start_is_refused_and_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zeroconf", None)
    with pytest.raises(announce_name.NamesNotInstalled, match=r"sync-server\[mdns\]"):
        Announcer(settings)
    [said] = check_local_name(Scene(settings, NOW))
    assert (said.verdict, "sync-server[mdns]" in said.advice) == ("act", True)


def test_what_is_logged_names_no_tablet(
    settings: Settings, announcer: Announcer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    announcer.look()
    assert f"name announced name={settings.mdns_name}.local addresses=127.0.0.1" in caplog.text
