"""Other machines that ask for names ending in .local, or answer to them: on loopback, with real packets."""

import random
import socket
import struct
import uuid

from zeroconf import DNSAddress, DNSIncoming, IPVersion, ServiceInfo, Zeroconf

GROUP, PORT = "224.0.0.251", 5353
SECONDS = 10  # an answer on loopback takes less than a millisecond, unless the machine is busy
SILENCE_SECONDS = 0.5


def new_name() -> str:
    """A name that no other test has, whatever runs beside."""
    return f"hub-{uuid.uuid4().hex[:10]}"


def is_silent(name: str) -> bool:
    """Tell whether nobody answers to the name."""
    return ask_as_android(name, seconds=SILENCE_SECONDS) == []


def ask_as_android(name: str, *, at: str = "127.0.0.1", seconds: float = SECONDS, whom: str = GROUP) -> list[str]:
    """Ask once from a port of one's own and wait for an answer there, as Android's resolver does (RFC 6762, 6.7).

    Gives the addresses, none when nobody answers.
    """
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">6H", random.getrandbits(16), 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(at))
        asking.bind((at, 0))
        asking.settimeout(seconds)
        asking.sendto(question, (whom, PORT))
        try:
            answers = DNSIncoming(asking.recv(9000)).answers()
        except TimeoutError:
            return []
    return [socket.inet_ntoa(each.address) for each in answers if isinstance(each, DNSAddress)]


class OtherMachine:
    """Answers to a name with an address that is not ours. A context manager."""

    def __init__(self, name: str, address: str) -> None:
        self._info = ServiceInfo(
            "_http._tcp.local.", f"other-{uuid.uuid4().hex[:8]}._http._tcp.local.", port=80, server=f"{name}.local.",
            addresses=[socket.inet_aton(address)],
        )  # fmt: skip

    def __enter__(self) -> None:
        self._there = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
        self._there.register_service(self._info)

    def __exit__(self, *_: object) -> None:
        self._there.close()
