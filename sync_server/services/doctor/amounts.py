"""Write amounts as people say them: bytes and spans of time."""

from datetime import timedelta

_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_SECONDS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def say_bytes(count: float) -> str:
    """4200000000 → 4.2 GB."""
    for size, unit in _BYTES:
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 100 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} bytes"


def say_span(span: timedelta | float) -> str:
    """7200 → 2 hours; whole units, the largest that is reached, whatever the sign."""
    seconds = abs(span.total_seconds() if isinstance(span, timedelta) else span)
    for size, unit in _SECONDS:
        if seconds >= size:
            return say_count(int(seconds // size), unit)
    return "0 seconds"


def say_count(count: int, noun: str) -> str:
    """1 file, 2 files."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
