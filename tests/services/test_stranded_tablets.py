"""Which tablets look for this node at an address that it no longer has: told by their own requests."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sync_server.node import Node
from sync_server.services import devices, public_links, stranded_tablets
from sync_server.services.doctor.local_addresses import LocalAddress
from sync_server.services.doctor.scene import Scene
from sync_server.services.doctor.stranded import check_stranded
from sync_server.services.stranded_tablets import note_arrival, note_code, see_stranded
from sync_server.store import site_config
from sync_server.store.accounts import Actor
from sync_server.store.inspection import Age
from tests.services.doctor.conftest import NOW
from tests.support.samples import publish_visit

OLD, NEW = "http://192.168.1.20:8080", "http://192.168.1.34:8080"
Move = Callable[..., None]


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Move:
    """The router gives the machine other addresses. It begins with 192.168.1.20."""

    def give(*addresses: str) -> None:
        found = [LocalAddress(each) for each in addresses]
        for module in ("stranded_tablets", "doctor.stranded"):
            monkeypatch.setattr(f"sync_server.services.{module}.list_local_addresses", lambda: found)

    give("192.168.1.20")
    return give


def add(node: Node, name: str) -> Actor:
    return devices.add_device(node, None, name, 1)[0]


def stranded(node: Node) -> dict[str, list[str]]:
    found = see_stranded(node, devices.list_devices(node, None))
    return {each.address: sorted(tablet.display_name for tablet in each.tablets) for each in found}


def test_tablets_are_named_when_the_router_took_the_address_away_and_leave_the_list_as_they_come(
    node: Node, move: Move
) -> None:
    seven, eight = add(node, "Tablet 7"), add(node, "Tablet 8")
    for each in (seven, eight):
        note_arrival(node, each, OLD)
    assert stranded(node) == {}
    move("192.168.1.34")
    assert stranded(node) == {OLD: ["Tablet 7", "Tablet 8"]}
    note_code(node, seven, NEW)  # printed, and not scanned yet
    assert stranded(node) == {OLD: ["Tablet 7", "Tablet 8"]}
    note_arrival(node, seven, NEW)
    assert stranded(node) == {OLD: ["Tablet 8"]}
    move("192.168.1.20")  # the router was told to keep it
    note_arrival(node, seven, OLD)
    assert stranded(node) == {}


def test_until_a_tablet_has_come_its_newest_code_counts(hub: Node, move: Move) -> None:
    tablet = add(hub, "Tablet 7")
    note_code(hub, tablet, OLD)
    move("192.168.1.34")
    assert stranded(hub) == {OLD: ["Tablet 7"]}
    note_code(hub, tablet, NEW)
    assert stranded(hub) == {}


def test_a_tablet_that_goes_by_a_name_is_never_stranded(hub: Node, move: Move) -> None:
    tablet = add(hub, "Tablet 7")
    note_arrival(hub, tablet, OLD)
    note_arrival(hub, tablet, "https://hub.example.org")
    move("192.168.1.34")
    assert stranded(hub) == {}


def test_an_address_that_was_never_this_machines_is_not_missed(hub: Node, move: Move) -> None:
    """A container or a router forwards: the tablets' number is another machine's, and still right."""
    note_arrival(hub, add(hub, "Tablet 7"), "http://10.9.8.7:80")
    assert stranded(hub) == {}


def test_a_tablet_whose_access_was_ended_is_not_looked_for(hub: Node, move: Move) -> None:
    tablet = add(hub, "Tablet 7")
    note_arrival(hub, tablet, OLD)
    devices.revoke_device(hub, None, tablet.id)
    move("192.168.1.34")
    assert stranded(hub) == {}


def test_a_link_that_anybody_opens_is_no_tablet(hub: Node, move: Move) -> None:
    publish_visit(hub)
    note_arrival(hub, public_links.add_link(hub, None, 1, "visit", "poster").link.actor, OLD)
    with hub.database.read() as session:
        assert site_config.find_setting(session, stranded_tablets.KEY) is None


def test_what_is_known_is_written_once(hub: Node, move: Move) -> None:
    tablet = add(hub, "Tablet 7")
    note_arrival(hub, tablet, OLD)
    with hub.database.read() as session:
        before = site_config.find_setting(session, stranded_tablets.KEY)
    note_arrival(hub, tablet, OLD)
    note_code(hub, tablet, OLD)
    with hub.database.read() as session:
        assert site_config.find_setting(session, stranded_tablets.KEY) == before


@pytest.mark.parametrize("addresses", [(), ("192.168.1.20",)], ids=["without a network", "with the old address"])
def test_nothing_is_said_where_nothing_can_be_told(hub: Node, move: Move, addresses: tuple[str, ...]) -> None:
    note_arrival(hub, add(hub, "Tablet 7"), OLD)
    move(*addresses)
    assert stranded(hub) == {}


def test_behind_a_proxy_the_numbers_are_the_proxys(hub: Node, move: Move) -> None:
    note_arrival(hub, add(hub, "Tablet 7"), OLD)
    move("192.168.1.34")
    object.__setattr__(hub, "settings", replace(hub.settings, trusted_proxies=1))
    assert stranded(hub) == {}


def test_doctor_says_the_old_address_the_new_one_whom_it_concerns_and_what_to_do(hub: Node, move: Move) -> None:
    for number in range(12):
        note_arrival(hub, add(hub, f"Tablet {number}"), OLD)
    scene = Scene(hub.settings, NOW, hub.database, Age.CURRENT, "")
    assert list(check_stranded(scene)) == []
    move("192.168.1.34")
    [said] = check_stranded(scene)
    assert said.verdict == "act"
    assert said.found.startswith("The address on the codes of 12 tablets (Tablet 11, Tablet 10")
    assert said.found.endswith(f" and 2 more) is {OLD}; this machine now has 192.168.1.34.")
    assert "its old address back" in said.advice
    assert "never 'Add project'" in said.advice
