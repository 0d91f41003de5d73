"""Keep finished downloads for a while, so that one that broke off goes on with the same bytes.

On a bad link a download takes hours and many tries; meanwhile new submissions come and tables are compacted. Each
lies in `exports/`, in a folder called by its tag, with its checksum and what it leaves out. A folder appears whole by
moving it there. How many are kept, how long and beside how much free disk is bounded; an erasure removes them all.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from sync_server.node import Node

FOLDER = "exports"
MOST = 12
KEPT_SECONDS = 48 * 3600  # since it was last asked for: a night, a power cut, and the day after
IN_USE_SECONDS = 900
_TAG = re.compile(r"[0-9a-f]{12}-[0-9a-f]{40}(-without-[0-9]+)?")
_FILE, _ABOUT = "export", "about.json"


@dataclass(frozen=True, slots=True)
class KeptExport:
    """A finished export; `sha256` are the hexadecimal digits of its checksum."""

    tag: str
    path: Path
    sha256: str
    left_out: tuple[str, ...]


def find_kept(node: Node, tag: str) -> KeptExport | None:
    """Find a finished export that is whole, and remember that it was asked for. The tag may be anybody's writing."""
    if _TAG.fullmatch(tag) is None:
        return None
    folder = _folder(node) / tag
    try:
        about = json.loads((folder / _ABOUT).read_text("utf-8"))
        if (folder / _FILE).stat().st_size != about["size"]:
            return None
    except (OSError, ValueError, KeyError):
        return None
    with suppress(OSError):
        os.utime(folder)
    return KeptExport(tag, folder / _FILE, about["sha256"], tuple(about["left_out"]))


@contextmanager
def new_export(node: Node) -> Iterator[Path]:
    """Give the path to write an export to; what is not kept is gone when the block ends."""
    _folder(node).mkdir(exist_ok=True)
    folder = Path(mkdtemp(dir=node.scratch, prefix="export-"))
    try:
        yield folder / _FILE
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(node: Node, made: Path, *, tag: str, sha256: str, left_out: tuple[str, ...]) -> KeptExport:
    """Keep what was written to the path of `new_export` under its tag; another may have kept the same meanwhile."""
    about = {"size": made.stat().st_size, "sha256": sha256, "left_out": left_out}
    (made.parent / _ABOUT).write_text(json.dumps(about), "utf-8")
    folder = _folder(node) / tag
    with suppress(OSError):  # the very same is there already
        made.parent.replace(folder)
    kept = find_kept(node, tag)
    if kept is None:  # what is there is damaged
        shutil.rmtree(folder)
        made.parent.replace(folder)
        kept = KeptExport(tag, folder / _FILE, sha256, left_out)
    return kept


def forget(kept: KeptExport) -> None:
    """Remove an export that must not come out any more."""
    shutil.rmtree(kept.path.parent, ignore_errors=True)


def sweep(node: Node) -> None:
    """Remove what is too old or too much, the least recently asked for first; never what is being sent just now."""
    now = time.time()
    newest_first = sorted(_found(node), key=lambda item: item[1], reverse=True)
    for place, (folder, used) in enumerate(newest_first):
        is_surplus = place >= MOST or used < now - KEPT_SECONDS or not node.has_room(_size(folder))
        if is_surplus and used < now - IN_USE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)  # Windows keeps what is open; it goes the next time


def _found(node: Node) -> Iterator[tuple[Path, float]]:
    with suppress(FileNotFoundError):
        for folder in _folder(node).iterdir():
            with suppress(FileNotFoundError):  # another download removed it meanwhile
                yield folder, folder.stat().st_mtime


def _size(folder: Path) -> int:
    with suppress(FileNotFoundError):
        return (folder / _FILE).stat().st_size
    return 0


def _folder(node: Node) -> Path:
    return node.settings.data / FOLDER
