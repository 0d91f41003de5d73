"""How much goes into one request: more while the line holds, less when it breaks.

Counted in bytes as they travel. A line that cuts every few hundred kilobytes gets batches that fit between two cuts; a
good one soon gets large ones, whose answers are waited for less often. What broke once is not tried again at once: on a
line that cuts, doubling after every success sent nearly everything twice.
"""

FIRST, SMALLEST, LARGEST = 256_000, 16_000, 1_000_000
FIRST_RATIO = 10.0  # attendance XML packs 14 times; with the receipts around it, about ten
CAUTION = 4  # requests that must succeed before a size that broke is tried again
RATIOS = (1.0, 40.0)  # a batch of one repeated row must not make the next one enormous


class BatchSize:
    """The size of the next request of one lane in one direction; each is used by one thread at a time."""

    def __init__(self, *, ratio: float = FIRST_RATIO) -> None:
        self._packed = FIRST
        self._ratio = ratio
        self._broken = 2 * LARGEST
        self._successes = 0

    @property
    def packed(self) -> int:
        """Bytes of the next request as they travel."""
        return self._packed

    @property
    def unpacked(self) -> int:
        """Bytes of the next batch before it is packed."""
        return int(self._packed * self._ratio)

    def succeeded(self, packed: int | None = None, unpacked: int | None = None) -> None:
        """Note a request that was answered, and how large it was both ways where that is known."""
        if packed and unpacked:
            seen = unpacked / packed
            self._ratio = min(max((self._ratio + seen) / 2, RATIOS[0]), RATIOS[1])
        self._successes += 1
        if self._packed * 2 < self._broken or self._successes >= CAUTION:
            self._packed = min(self._packed * 2, LARGEST)

    def broke(self) -> None:
        """Note a request that was not answered."""
        self._broken, self._successes = self._packed, 0
        self._packed = max(self._packed // 2, SMALLEST)
