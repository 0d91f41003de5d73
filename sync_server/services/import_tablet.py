"""Take finished instances from a copy of a tablet as submissions, by the way of what a tablet sends; safe to repeat.

What is here already gets a receipt and the files it lacked, as when a tablet sends again; so does what the tablet sends
later. Receipts say door `cable`, or `cable-undecided` for what the operator took though nothing proves that it was
finished; as the device that of the answers, or else the folder. Drafts stay: nobody has said that they are done.
"""

import mimetypes
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sync_server.blobs.base import Spool
from sync_server.core.collect_folder import FINISHED, UNDECIDED, name_as_sent
from sync_server.core.ids import sha256_hex
from sync_server.core.storable import told_name
from sync_server.errors import DiskFull, UnreadableXml
from sync_server.node import Node
from sync_server.operator_errors import SeveralTabletProjects
from sync_server.services.audit import make_act, write_act
from sync_server.services.receive_submission import Upload, UploadedFile, receive
from sync_server.services.tablet_copy import TabletProject, find_projects, open_plain
from sync_server.services.tablet_instances import DAMAGED, TabletInstance
from sync_server.store import projects
from sync_server.store.submissions import Receipt, is_stored

CABLE, CABLE_UNDECIDED = "cable", "cable-undecided"
HERE = "here"
IMPORTED = "tablet.import"
PIECE_BYTES = 1 << 20
LONGEST_DEVICE_ID = 255  # as at the tablets' own door
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one instance that was to be taken; without a receipt it could not be read."""

    receipt: Receipt | None
    files: int = 0
    unread: tuple[str, ...] = ()


def find_tablet_projects(node: Node, folder: Path, project_id: int) -> list[TabletProject]:
    """Find Collect's projects in a copy; raise NotFound for a project that this node does not have."""
    with node.database.read() as session:
        projects.get_project(session, project_id)
    return find_projects(folder)


def require_one(folder: Path, found: Sequence[TabletProject]) -> TabletProject:
    """Return the only project there is; raise SeveralTabletProjects rather than take what others' tablets hold."""
    if len(found) > 1:
        named = "; ".join(f"{project.path} ({project.name})" for project in found)
        raise SeveralTabletProjects(folder=folder, projects=named)
    return found[0]


def is_wanted(instance: TabletInstance, *, undecided: bool) -> bool:
    """Tell whether an instance is to be taken: finished, or undecided where the operator takes those too."""
    wanted = (FINISHED, UNDECIDED) if undecided else (FINISHED,)
    return instance.xml is not None and instance.standing in wanted


def is_here(node: Node, project_id: int, instance: TabletInstance) -> bool:
    """Tell whether the very same answers were received before, by whatever door."""
    if instance.xml is None:
        return False
    with node.database.read() as session:
        return is_stored(session, project_id, sha256_hex(instance.xml))


def standing_of(instance: TabletInstance) -> str:
    """Say how an instance stands; one that cannot be read is damaged."""
    return instance.standing if instance.problem is None else DAMAGED


def kind_of(node: Node, project_id: int, instance: TabletInstance) -> str:
    """Say under what a list counts an instance: how it stands, or that it is here already."""
    standing = standing_of(instance)
    return HERE if standing in (FINISHED, UNDECIDED) and is_here(node, project_id, instance) else standing


def take_instance(node: Node, project_id: int, instance: TabletInstance, *, source: str, now: datetime) -> Taken:
    """Receive one instance with its files; `source` is the name of the copy.

    A file that cannot be read is named and left: it is added when the copy is taken again. Raises DiskFull.
    """
    assert instance.xml is not None
    with _spooled(node, instance) as (files, unread):
        upload = Upload(
            project_id=project_id,
            xml=instance.xml,
            files=files,
            received_at=now,
            door=CABLE if instance.standing == FINISHED else CABLE_UNDECIDED,
            device_id=told_name(instance.device_id or f"folder:{source}")[:LONGEST_DEVICE_ID],
        )
        try:
            return Taken(receipt=receive(node, upload), files=len(files), unread=tuple(unread))
        except UnreadableXml:  # its bytes are kept for rescue; `quarantine` lists it
            return Taken(receipt=None)


def note_import(node: Node, project_id: int, source: str, counts: Mapping[str, int]) -> None:
    """Write into the audit log that the operator took in a copy, and what came of it."""
    details = {name: count for name, count in Counter(counts).items() if count}
    act = make_act(None, IMPORTED, f"project:{project_id}", source=told_name(source), **details)
    node.write(lambda session: write_act(session, act))


@contextmanager
def _spooled(node: Node, instance: TabletInstance) -> Iterator[tuple[list[UploadedFile], list[str]]]:
    """Read an instance's files into spools; those that were not kept are forgotten at the end."""
    files: list[UploadedFile] = []
    unread: list[str] = []
    try:
        for name in instance.files:
            _require_room(node, instance.folder / name)
            spool = node.blobs.spool()
            files.append(_uploaded(name, instance.xml or b"", spool))
            if not _read_into(spool, instance.folder / name):
                files.pop().spool.close()
                unread.append(name)
        yield files, unread
    finally:
        for file in files:
            file.spool.close()


def _uploaded(name: str, xml: bytes, spool: Spool) -> UploadedFile:
    return UploadedFile(name_as_sent(name, xml), mimetypes.guess_type(name)[0] or UNKNOWN_TYPE, spool)


def _read_into(spool: Spool, path: Path) -> bool:
    """Copy a file into a spool, piece by piece; False when it cannot be read to its end."""
    try:
        with open_plain(path) as file:
            while piece := file.read(PIECE_BYTES):
                with _full_when_failing():
                    spool.write(piece)
    except OSError:
        return False
    with _full_when_failing():
        spool.set_down()  # an album has more files than a process may open
    return True


@contextmanager
def _full_when_failing() -> Iterator[None]:
    """Tell writing on this side from reading on the other: a failing write is no fault of the copy."""
    try:
        yield
    except OSError as error:
        raise DiskFull from error


def _require_room(node: Node, path: Path) -> None:
    try:
        size = path.lstat().st_size
    except OSError:
        return  # said when it is read
    if not node.has_room(size):
        raise DiskFull
