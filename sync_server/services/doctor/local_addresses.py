"""Which addresses this machine has on its networks. Nothing is sent, and no name server is asked, on Linux.

Python has no call for it. Linux writes them down; elsewhere the machine's own name is looked up, which Windows and
macOS answer themselves.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path

ADDRESSES, ROUTES = Path("/proc/net/fib_trie"), Path("/proc/net/route")
VIRTUAL = ("docker", "br-", "veth", "virbr", "lo")  # networks inside this machine: no tablet is there


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """An IPv4 address and the device it is on, empty where the system does not say."""

    address: str
    device: str = ""


def list_local_addresses() -> list[LocalAddress]:
    """List the addresses that another machine could reach, in the order of the system."""
    try:
        return read_addresses(ADDRESSES.read_text("ascii"), ROUTES.read_text("ascii"))
    except OSError:
        return _ask_by_name()


def read_addresses(trie: str, routes: str) -> list[LocalAddress]:
    """Read /proc/net/fib_trie (an address, then `/32 host LOCAL` on the next line) and /proc/net/route."""
    networks = _read_networks(routes)
    lines = [line.split() for line in trie.splitlines()]
    local = [above[1] for above, line in pairwise(lines) if line == ["/32", "host", "LOCAL"]]
    found = [LocalAddress(address, _device_of(address, networks)) for address in dict.fromkeys(local)]
    return [each for each in found if _is_reachable(each)]


def _read_networks(routes: str) -> list[tuple[IPv4Network, str]]:
    networks = []
    for line in routes.splitlines()[1:]:
        device, destination, *_rest, mask, _mtu, _window, _irtt = line.split()
        if int(destination, 16):
            networks.append((IPv4Network(f"{_address(destination)}/{_address(mask)}", strict=False), device))
    return networks


def _address(written: str) -> IPv4Address:
    return IPv4Address(int.from_bytes(bytes.fromhex(written), "little"))


def _device_of(address: str, networks: list[tuple[IPv4Network, str]]) -> str:
    return next((device for network, device in networks if IPv4Address(address) in network), "")


def _is_reachable(each: LocalAddress) -> bool:
    address = IPv4Address(each.address)
    return not (address.is_loopback or address.is_link_local or each.device.startswith(VIRTUAL))


def _ask_by_name() -> list[LocalAddress]:
    try:
        _name, _aliases, addresses = socket.gethostbyname_ex(socket.gethostname())
    except OSError:
        return []
    return [each for each in map(LocalAddress, addresses) if _is_reachable(each)]
