"""A short code of which submissions were received, to compare a slip of paper with the server later.

The sha256 of each text `form_id/instanceID`, added up as numbers below 2**256, so that the order in which they are
read does not matter and nothing is kept in memory; of the sum (32 bytes) the sha256, of which the first eight
hexadecimal digits are shown. Two different sets have the same code once in four thousand million.
"""

import hashlib

_BELOW = 2**256


class ReceivedCode:
    """Add what was received; each submission once."""

    def __init__(self) -> None:
        self._sum = 0
        self.count = 0

    def add(self, form_id: str, instance_id: str) -> None:
        digest = hashlib.sha256(f"{form_id}/{instance_id}".encode()).digest()
        self._sum = (self._sum + int.from_bytes(digest)) % _BELOW
        self.count += 1

    @property
    def text(self) -> str:
        """Such as 3F9A-12BC; "" of nothing."""
        if not self.count:
            return ""
        code = hashlib.sha256(self._sum.to_bytes(32)).hexdigest()[:8].upper()
        return f"{code[:4]}-{code[4:]}"
