"""Make attendance submissions with ids as tablets make them: every person, action and instance has a random one.

`meetings.py` gives all ids of a submission a common beginning, which packs to almost nothing. What travels between
nodes is measured by its packed size, and there the ids are a good part of what is left.
"""

from __future__ import annotations

import random
import re
import uuid

from benchmarks.meetings import Meetings


class Registrations(Meetings):
    """As `Meetings`, but each id is a version 4 uuid of its own."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._ids = random.Random(seed + 1)

    def next_xml(self) -> tuple[str, bytes]:
        instance_id, xml = super().next_xml()
        beginning = instance_id.removeprefix("uuid:")[:-12]
        ids: dict[bytes, bytes] = {}

        def fresh(found: re.Match[bytes]) -> bytes:
            return ids.setdefault(found[0], self._new_id())

        xml = re.sub(beginning.encode() + rb"\d{12}", fresh, xml)
        return f"uuid:{ids[f'{beginning}000000000000'.encode()].decode()}", xml

    def _new_id(self) -> bytes:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4)).encode()
