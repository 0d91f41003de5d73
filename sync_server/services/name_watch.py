"""Notice when another machine on the network answers to our name."""

import socket
from collections.abc import Collection

from zeroconf import DNSAddress, DNSQuestion, RecordUpdate, RecordUpdateListener, Zeroconf, current_time_millis  # type: ignore[attr-defined] # it has them without saying so

from sync_server.services.ask_name import CLASS_IN, TYPE_A


class NameWatch(RecordUpdateListener):
    """Hears every answer on the network; keeps the addresses told under one name that are not ours."""

    def __init__(self, there: Zeroconf, name: str, ours: Collection[str]) -> None:
        self._name, self._ours = f"{name}.".lower(), frozenset(ours)
        self._others: dict[str, float] = {}  # until when it was said to hold
        there.add_listener(self, DNSQuestion(f"{name}.", TYPE_A, CLASS_IN))

    def others(self) -> set[str]:
        """The addresses of others that still hold."""
        now = current_time_millis()
        return {address for address, until in dict(self._others).items() if until > now}

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """Called by zeroconf, in its own thread. A goodbye has a time to live of nothing or a second."""
        for each in records:
            record = each.new
            if isinstance(record, DNSAddress) and record.type == TYPE_A and record.name.lower() == self._name:
                address = socket.inet_ntoa(record.address)
                if address not in self._ours:
                    self._others[address] = now + record.ttl * 1000
