"""How much goes into one request: more while the line holds, less when it breaks.

Counted in bytes as they travel. A line that cuts every few hundred kilobytes gets batches that fit between two cuts; a
good one soon gets large ones, whose answers are waited for less often. What broke once is not tried again at once: on a
line that cuts, doubling after every success sent nearly everything twice.
"""

FIRST, SMALLEST, LARGEST = 256_000, 16_000, 1_000_000
AHEAD_FIRST, AHEAD_LARGEST = 32_000, 96_000
FIRST_RATIO = 10.0  # attendance XML packs 14 times; with the receipts around it, about ten
CAUTION = 4  # requests that must succeed before a size that broke is tried again
RATIOS = (1.0, 40.0)  # a batch of one repeated row must not make the next one enormous


def for_sending_ahead() -> "BatchSize":
    """Make the sizes of batches of which several are on their way at once: no answer is waited for, so smaller ones do.

    The first are the smallest: equal ones that share a line all arrive at once, and then the line is idle.
    """
    return BatchSize(first=AHEAD_FIRST, largest=AHEAD_LARGEST)


class BatchSize:
    """The size of the next request of one lane in one direction; each is used by one thread at a time."""

    def __init__(self, *, ratio: float = FIRST_RATIO, first: int = FIRST, largest: int = LARGEST) -> None:
        self._packed = first
        self._largest = largest
        self._ratio = ratio
        self._broken = 2 * largest
        self._successes = 0

    @property
    def packed(self) -> int:
        """Bytes of the next request as they travel."""
        return self._packed

    @property
    def unpacked(self) -> int:
        """Bytes of the next batch before it is packed."""
        return int(self._packed * self._ratio)

    def sent(self) -> None:
        """Note a request that is on its way while others are, on a line that has not broken."""
        if self._packed * 2 < self._broken:
            self._packed = min(self._packed * 2, self._largest)

    def succeeded(self, packed: int | None = None, unpacked: int | None = None) -> None:
        """Note a request that was answered, and how large it was both ways where that is known."""
        if packed and unpacked:
            seen = unpacked / packed
            self._ratio = min(max((self._ratio + seen) / 2, RATIOS[0]), RATIOS[1])
        self._successes += 1
        if self._packed * 2 < self._broken or self._successes >= CAUTION:
            self._packed = min(self._packed * 2, self._largest)

    def broke(self) -> None:
        """Note a request that was not answered."""
        self._broken, self._successes = self._packed, 0
        self._packed = max(self._packed // 2, SMALLEST)
