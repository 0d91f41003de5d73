"""Answer to a name that ends in .local, so that an address that changes is found again (multicast DNS, RFC 6762).

The name is asked for before it is taken, and watched afterwards: two machines with one name would take each other's
tablets. It is never changed by itself, because tablets' codes may carry it: who meets another under it is silent, and
says so. Of two that began at the same moment, the one with the greater address stays.

Only IPv4, and only on the networks where the server listens. zeroconf comes with the extra `mdns`.
"""

import logging
import socket
import sys
from ipaddress import IPv4Address
from threading import Lock
from typing import TYPE_CHECKING

from sync_server.operator_errors import NamesNotInstalled
from sync_server.services.ask_name import ask_who
from sync_server.services.doctor.local_addresses import list_local_addresses
from sync_server.services.tablet_address import EVERYWHERE
from sync_server.settings import Settings

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

    from sync_server.services.name_watch import NameWatch

log = logging.getLogger(__name__)

HTTP = "_http._tcp.local."


def require_installed() -> None:
    """Raise NamesNotInstalled without the extra."""
    try:
        import zeroconf  # noqa: F401 only whether it is there
    except ImportError as error:
        raise NamesNotInstalled from error


def full_name(settings: Settings) -> str:
    return f"{settings.mdns_name}.local"


def listening_addresses(settings: Settings) -> list[str]:
    """The addresses at which the name can be announced: where the server listens, and not beyond."""
    if settings.host in EVERYWHERE:
        return sorted(each.address for each in list_local_addresses())
    try:
        return [str(IPv4Address(settings.host))]
    except ValueError:
        return []


class Announcer:
    """The name of one serving process, on and off. `look` is called again and again, by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        require_installed()
        self._settings = settings
        self._lock = Lock()
        self._there: Zeroconf | None = None
        self._watch: NameWatch | None = None
        self._at: list[str] = []
        self._taken_by: set[str] = set()

    @property
    def is_announced(self) -> bool:
        return self._there is not None

    def look(self) -> None:
        """Announce the name if it is free, anew where addresses changed; fall silent where another has it."""
        with self._lock:
            here = listening_addresses(self._settings)
            if self.is_announced and (here != self._at or self._must_yield()):
                self._withdraw()
            elif not self.is_announced and here:
                self._announce(here)

    def stop(self) -> None:
        """Say goodbye, so that nobody looks for us at an address that may soon be another's."""
        with self._lock:
            self._withdraw()

    def _announce(self, here: list[str]) -> None:
        if others := ask_who(full_name(self._settings), here) - set(here):
            self._say_taken(others)
            return
        try:
            there = _open(here)
        except OSError as error:  # an address that went this moment; the next look sees it
            log.warning("name not announced name=%s error=%s", full_name(self._settings), error)
            return
        self._begin(there, here)

    def _begin(self, there: "Zeroconf", here: list[str]) -> None:
        from sync_server.services.name_watch import NameWatch

        if self._settings.host not in EVERYWHERE:
            _keep_to_device(there, here[0])
        self._there, self._at, self._taken_by = there, here, set()
        self._watch = NameWatch(there, full_name(self._settings), here)
        there.register_service(_service(self._settings, here), allow_name_change=True)
        log.info("name announced name=%s addresses=%s", full_name(self._settings), ",".join(here))

    def _must_yield(self) -> bool:
        others = self._watch.others() if self._watch else set()
        if not others or max(map(IPv4Address, self._at)) > max(map(IPv4Address, others)):
            return False
        self._say_taken(others)
        return True

    def _say_taken(self, others: set[str]) -> None:
        """Say it once, not with every look."""
        if others != self._taken_by:
            told = "name taken name=%s by=%s; choose another mdns_name"
            log.warning(told, full_name(self._settings), ",".join(sorted(others)))
        self._taken_by = others

    def _withdraw(self) -> None:
        there, self._there, self._watch = self._there, None, None
        if there is not None:
            there.close()


def _open(addresses: list[str]) -> "Zeroconf":
    from zeroconf import IPVersion, Zeroconf

    return Zeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)


def _keep_to_device(there: "Zeroconf", address: str) -> None:
    """Let nobody ask from another network: zeroconf's socket for questions listens at every address. Linux only."""
    found = (each.device for each in list_local_addresses() if each.address == address)
    device = "lo" if IPv4Address(address).is_loopback else next(found, "")
    if sys.platform == "linux" and device:
        for reader in there.engine.readers:
            asked: socket.socket = reader.transport.get_extra_info("socket")
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())


def _service(settings: Settings, here: list[str]) -> "ServiceInfo":
    """What strangers on the network are told: the name, where, and that it is a web server; not whose."""
    from zeroconf import ServiceInfo

    return ServiceInfo(
        HTTP,
        f"{settings.mdns_name}.{HTTP}",
        addresses=[socket.inet_aton(address) for address in here],
        port=settings.port,
        server=f"{full_name(settings)}.",
        properties={"path": "/"},
    )
