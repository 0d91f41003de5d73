"""File names that every system can unpack: form ids and attachment names are whatever somebody typed."""

import re

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f/\\?<>:*|"]')  # what Windows refuses; a slash would leave the folder
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LONGEST = 200  # bytes; 255 are allowed, and "~2" or ".csv" may come after it


def safe_file_name(name: str) -> str:
    """Change a name only where a file system would refuse it."""
    safe = _FORBIDDEN.sub("_", name).rstrip(". ")
    if not safe or _RESERVED.fullmatch(safe):
        safe = f"_{safe}"
    return _shortened(safe)


def _shortened(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = name, ""
    room = LONGEST - len((dot + suffix).encode()) if suffix else LONGEST
    kept = stem.encode()[:room].decode(errors="ignore")
    return f"{kept}.{suffix}" if suffix else kept
