"""Read the files that a coordinator drops on the page Bundles: straight to the disk, whatever their size.

Not by Flask's own form parser: it would take gigabytes before anybody looked at who sends them. The page's word comes
first in its form, and no byte of a file is kept before it was found right. Names are only shown again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from flask import Request
from werkzeug.exceptions import HTTPException

from sync_server.errors import BrokenUpload, DiskFull
from sync_server.node import Node
from sync_server.peer_errors import NoRoomToTake, TooManyFiles
from sync_server.protocols.multipart import Part, Write, read_multipart
from sync_server.protocols.upload import iter_body
from sync_server.replication.bundle_arrivals import Arrived
from sync_server.services.incoming_parts import told_when_full

WORD, FILES = "__csrf", "files"
MOST_FILES = 500
LONGEST_WORD, LONGEST_NAME = 200, 120


@contextmanager
def read_arrived(node: Node, request: Request, admit: Callable[[str], object]) -> Iterator[tuple[list[Arrived], Path]]:
    """Give the files of a form, and the folder where they lie; both are gone at the end.

    `admit` is called with the page's word before the first file is kept, and raises when it is wrong.
    """
    size = request.content_length or 0
    if not node.has_room(size):
        raise NoRoomToTake(file=FILES, needed=f"{size:,}")
    with TemporaryDirectory(dir=node.scratch, prefix="bundle-") as folder, ExitStack() as stack:
        form = _Form(node, Path(folder), admit)
        stack.callback(form.close)
        try:
            boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
            with told_when_full():
                read_multipart(iter_body(request, node.settings.max_upload_bytes), boundary, form.begin)
        except DiskFull as error:
            raise NoRoomToTake(file=FILES, needed=f"{size:,}") from error
        except (ValueError, HTTPException) as error:  # no last boundary, the browser went away
            raise BrokenUpload from error
        form.finish()
        yield form.files, Path(folder)


class _Form:
    """Sorts the parts: the page's word in memory, each file in the folder under a number."""

    def __init__(self, node: Node, folder: Path, admit: Callable[[str], object]) -> None:
        self._node, self._folder, self._admit = node, folder, admit
        self._word = bytearray()
        self._is_admitted = False
        self._open: BinaryIO | None = None
        self.files: list[Arrived] = []

    def begin(self, part: Part) -> Write | None:
        self.close()
        if part.name == WORD and part.file_name is None:
            return self._add_to_word
        if part.name != FILES or not part.file_name:  # without a name: nothing was chosen
            return None
        self.finish()
        if len(self.files) >= MOST_FILES:
            raise TooManyFiles(most=MOST_FILES)
        path = self._folder / f"{len(self.files)}.arrived"
        self.files.append(Arrived(path, shown_name(part.file_name)))
        self._open = path.open("wb")
        return self._write

    def finish(self) -> None:
        """Let the page's word be looked at, once."""
        self.close()
        if not self._is_admitted:
            self._admit(self._word.decode("utf-8", "replace"))
            self._is_admitted = True

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _add_to_word(self, content: bytes) -> None:
        self._word += content[: LONGEST_WORD - len(self._word)]

    def _write(self, content: bytes) -> None:
        if not self._node.has_room(len(content)):
            raise NoRoomToTake(file=self.files[-1].name, needed=f"{len(content):,}")
        assert self._open is not None
        self._open.write(content)


def shown_name(name: str) -> str:
    """Shorten a name as it came to what may stand in a sentence: its last part, nothing that cannot be seen."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:LONGEST_NAME] or FILES
