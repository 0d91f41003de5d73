"""Ask the network who answers to a name that ends in .local (RFC 6762, 6.7: a question from a port of one's own).

The answer comes straight back to that port, whatever else on this machine listens at mDNS's own. So Android asks, too.
"""

import secrets
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

GROUP, PORT = "224.0.0.251", 5353
TYPE_A, CLASS_IN = 1, 1  # RFC 1035, 3.2.2 and 3.2.4
TIMES, PAUSE_SECONDS = 3, 0.25  # as a machine asks before it takes a name (RFC 6762, 8.1)
LARGEST = 9000


def ask_who(name: str, addresses: Sequence[str]) -> set[str]:
    """Return the addresses told under the name on the networks of these addresses of ours, after 0.75 seconds."""
    with ExitStack() as open_:
        sockets = [open_.enter_context(each) for address in addresses for each in _open(address)]
        told: set[str] = set()
        for _ in range(TIMES):
            for each in sockets:
                with suppress(OSError):  # that network went away meanwhile
                    each.sendto(_question(name), (GROUP, PORT))
            for answer in _listen(sockets):
                told.update(_read(answer, name))
        return told


def _open(address: str) -> Iterator[socket.socket]:
    """Open a socket on the network of one of our addresses; none when the address has gone."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        opened.bind((address, 0))
    except OSError:
        opened.close()
        return
    opened.setblocking(False)
    yield opened


def _question(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack(">6H", secrets.randbits(16), 0, 1, 0, 0, 0)  # equal packets within a second are taken for one
    return head + labels + b"\0" + struct.pack(">2H", TYPE_A, CLASS_IN)


def _listen(sockets: Sequence[socket.socket]) -> Iterator[bytes]:
    with selectors.DefaultSelector() as ready:
        for each in sockets:
            ready.register(each, selectors.EVENT_READ)
        until = time.monotonic() + PAUSE_SECONDS
        while sockets and (left := until - time.monotonic()) > 0:
            for key, _events in ready.select(left):
                with suppress(OSError):  # Windows says by one that nobody listened where an earlier question went
                    yield key.fileobj.recv(LARGEST)  # type: ignore[union-attr]


def _read(answer: bytes, name: str) -> Iterator[str]:
    """Read the addresses of an answer to our question; what cannot be read, or is of another name, tells none."""
    from zeroconf import DNSAddress, DNSIncoming  # type: ignore[attr-defined] # it has them without saying so

    for record in DNSIncoming(answer).answers():
        if isinstance(record, DNSAddress) and record.type == TYPE_A and record.name.lower() == f"{name}.".lower():
            yield socket.inet_ntoa(record.address)
