"""Port, addresses on the network, public address: can a tablet find this node?"""

import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.server import HttpServer, listen
from sync_server.services.doctor import addresses, public_url
from sync_server.services.doctor.knock import Answer, knock
from sync_server.services.doctor.local_addresses import LocalAddress, list_local_addresses, read_addresses
from sync_server.services.doctor.port import check_port
from sync_server.services.doctor.scene import Scene
from sync_server.settings import Settings
from tests.services.doctor.conftest import NOW

TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
           |-- 127.0.0.1
              /32 host LOCAL
           |-- 192.168.1.10
              /32 host LOCAL
           |-- 192.168.1.255
              /32 link BROADCAST
           |-- 172.17.0.1
              /32 host LOCAL
           |-- 192.168.1.10
              /32 host LOCAL
"""
ROUTES = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
"""


@pytest.fixture
def served(hub: Node) -> Iterator[int]:
    """Serve the hub in a thread; give the port."""
    listener = listen("127.0.0.1", 0)
    server = HttpServer(create_app(hub), listener, threads=1, scratch=hub.scratch)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server._server.close()
    thread.join(5)


@pytest.fixture
def stranger() -> Iterator[int]:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(5)


def at(scene: Scene, **changes: object) -> Scene:
    return replace(scene, settings=replace(scene.settings, **changes))  # type: ignore[arg-type]


def test_our_own_server_is_known_by_its_answer(scene: Scene, served: int) -> None:
    finding = check_port(at(scene, port=served))
    assert (finding.verdict, "It runs" in finding.found) == ("fine", True)


def test_another_program_at_the_port_is_said(scene: Scene, stranger: int) -> None:
    finding = check_port(at(scene, port=stranger))
    assert (finding.verdict, "Another program" in finding.found) == ("act", True)


def test_a_free_port_is_said(scene: Scene) -> None:
    finding = check_port(scene)
    assert (finding.verdict, "free" in finding.found) == ("look", True)


def test_a_port_that_takes_calls_and_says_nothing_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_server.services.doctor.knock.SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert check_port(at(scene, port=silent.getsockname()[1])).verdict == "act"


def test_an_address_that_is_not_here_is_said(scene: Scene) -> None:
    finding = check_port(at(scene, host="198.51.100.7"))
    assert (finding.verdict, "no address 198.51.100.7" in finding.found) == ("act", True)


def test_addresses_are_read_without_asking_anybody() -> None:
    assert read_addresses(TRIE, ROUTES) == [LocalAddress("192.168.1.10", "wlan0")]
    assert all(not each.address.startswith("127.") for each in list_local_addresses())


def test_each_address_has_a_url_for_a_tablet(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "list_local_addresses", lambda: [LocalAddress("127.0.0.2", "wlan0")])
    here = at(scene, host="0.0.0.0")
    [finding] = addresses.check_addresses(here)
    assert (finding.verdict, finding.url) == ("fine", f"http://127.0.0.2:{here.settings.port}")


@pytest.mark.parametrize(("host", "verdict"), [("127.0.0.1", "look"), ("0.0.0.0", "act")])
def test_a_server_for_this_machine_only_is_said(
    scene: Scene, served: int, host: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fixture listens at 127.0.0.1 alone, so at 127.0.0.2 nobody answers."""
    monkeypatch.setattr(addresses, "list_local_addresses", lambda: [LocalAddress("127.0.0.2")])
    [finding] = addresses.check_addresses(at(scene, host=host, port=served))
    assert (finding.verdict, "0.0.0.0" in finding.advice, finding.url) == (verdict, True, "")


def test_a_server_that_answers_is_fine_whatever_the_settings_say(
    scene: Scene, served: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "list_local_addresses", lambda: [LocalAddress("127.0.0.1")])
    [finding] = addresses.check_addresses(at(scene, port=served))
    assert finding.url == f"http://127.0.0.1:{served}"


def test_a_machine_in_no_network_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "list_local_addresses", list)
    assert [each.verdict for each in addresses.check_addresses(scene)] == ["look"]


def test_nobody_answers_at_a_closed_port(scene: Scene) -> None:
    assert knock("127.0.0.1", scene.settings.port) is Answer.NOBODY


@pytest.mark.parametrize(
    ("url", "verdict", "said"),
    [
        ("", "fine", "None is set"),
        ("http://192.168.1.10:8080", "fine", "Digest only"),
        ("http://192.168.1.77:8080", "act", "192.168.1.10 now"),
        ("http://localhost:8080", "act", "the tablet"),
        ("http://8.8.4.4:8080", "look", "read on the way"),
        ("http://hub:8080", "fine", "Digest only"),
        ("http://hub.local", "look", ".local"),
        ("http://sync.example.org", "look", "read on the way"),
        ("https://sync.example.org", "fine", "public authority"),
        ("https://hub.lan", "act", "No public authority"),
        ("https://192.168.1.10", "look", "without a name"),
        ("https://sync.example.org/?project=1", "act", "host, a port and a path"),
    ],
)
def test_what_collect_can_do_with_the_public_address(
    url: str, verdict: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_url, "list_local_addresses", lambda: [LocalAddress("192.168.1.10")])
    finding = public_url.check_public_url(Scene(Settings(data=Path("data"), public_url=url), NOW))
    assert (finding.verdict, said in finding.found) == (verdict, True), finding
