"""What is killed in the midst of its work, and who watches meanwhile: each in a process of its own."""

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from sync_server.node import Node
from sync_server.services import consumers, maintain_warehouse
from sync_server.services.backup import back_up
from sync_server.services.export_data import export_csv_zip
from sync_server.settings import Settings
from sync_server.store.segments import get_manifest
from tests.support.backups import PASSPHRASE
from tests.support.revisions import FORM, check_moment
from tests.support.warehouse_rows import read_manifest

READY_SECONDS = 60

# The modules are loaded once, and every process begins as a copy of that one.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.warehouse_work"])


def settings_of(data: Path) -> Settings:
    return Settings(data=data, min_free_bytes=0, backup_passphrase=PASSPHRASE)


def _build(node: Node, _folder: Path) -> None:
    consumers.catch_up(node)


def _compact(node: Node, _folder: Path) -> None:
    maintain_warehouse.renew_stale(node)
    maintain_warehouse.compact(node)
    maintain_warehouse.sweep(node, now=datetime.now(UTC))


def _export(node: Node, folder: Path) -> None:
    export_csv_zip(node, None, project_id=1, form_id=FORM, target=folder / f"{time.time_ns()}.zip")


def _back_up(node: Node, folder: Path) -> None:
    back_up(node, folder)


KINDS: dict[str, Callable[[Node, Path], None]] = {
    "build": _build,
    "compaction": _compact,
    "export": _export,
    "back-up": _back_up,
}


class Work:
    """One piece of work under way on a data folder; `folder` takes what it makes."""

    def __init__(self, kind: str, data: Path, folder: Path) -> None:
        mine, its = _context.Pipe()
        self._process = _context.Process(target=_work, args=(kind, data, folder, its))
        self._process.start()
        assert mine.poll(READY_SECONDS), "the work did not begin"
        mine.recv()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def finish(self) -> None:
        self._process.join(READY_SECONDS)
        assert self._process.exitcode == 0


def _work(kind: str, data: Path, folder: Path, ready: Connection) -> None:
    with Node.open(settings_of(data)) as node:
        ready.send("ready")
        KINDS[kind](node, folder)


@contextmanager
def watched(data: Path) -> Iterator[Callable[[], int]]:
    """Read the warehouse from another process again and again; a half-state there fails here, at the end.

    Gives a function that says how many manifests, each different from the one before, were read.
    """
    mine, its = _context.Pipe()
    stop = _context.Event()
    counted = _context.Value("i", 0)
    process = _context.Process(target=_watch, args=(data, stop, counted, its))
    process.start()
    try:
        yield lambda: int(counted.value)
    finally:
        stop.set()
        assert mine.poll(READY_SECONDS), "the reader hangs"
        told = mine.recv()
        process.join()
        assert told == "", f"the reader saw a half-state:\n{told}"


def _watch(data: Path, stop: Event, counted: "multiprocessing.sharedctypes.Synchronized[int]", its: Connection) -> None:
    try:
        with Node.open(settings_of(data)) as node:
            last = -1
            while not stop.is_set():
                last, is_new = _look(node, last)
                counted.value += is_new
                stop.wait(0.01)
        its.send("")
    except BaseException:  # noqa: BLE001 passed on to the test
        its.send(traceback.format_exc())


def _look(node: Node, last: int) -> tuple[int, bool]:
    with node.database.read() as session:
        manifest = get_manifest(session, 1, FORM)
        with node.warehouse.pinned(manifest):
            check_moment(session, manifest.seq, read_manifest(node, manifest))
    mark = hash((manifest.seq, manifest.blobs))
    return mark, mark != last
