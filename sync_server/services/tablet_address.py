"""Under which address tablets reach this node: what a QR code carries."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from sync_server.services.doctor.local_addresses import list_local_addresses
from sync_server.settings import Settings

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 compared, not bound


def root_url(settings: Settings, *, seen_at: str = "") -> str:
    """Return the public address of the settings, else the one a person sees this node at, else this machine's own.

    Whoever sits at the machine itself sees it at localhost; on a tablet that would mean the tablet.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    if seen_at and not (is_this_machine_only(seen_at) and settings.host in EVERYWHERE):
        return seen_at.rstrip("/")
    host = _address_in_network() if settings.host in EVERYWHERE else settings.host
    port = urlsplit(seen_at).port or settings.port
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def tablet_url(root: str, token: str, project_id: int) -> str:
    return f"{root}/v1/key/{token}/projects/{project_id}"


def received_url(root: str, token: str) -> str:
    """Where the tablet's own page says whether everything it sent is here."""
    return f"{root}/all-received/{token}"


def is_this_machine_only(url: str) -> bool:
    """Tell whether no other machine could follow the address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address_in_network() -> str:
    """This machine's address on its network. A UDP socket that is connected sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: nobody is there
            address: str = probe.getsockname()[0]
        except OSError:  # no way out of this network: a hotspot, a switch without a router
            return next((each.address for each in list_local_addresses()), "127.0.0.1")
    return address
