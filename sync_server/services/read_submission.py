"""Show one submission to somebody: its document and its files, without what they may not see of it.

This is the only place where a severe answer is ever shown, to who has the right to it, one submission at a time; each
look is written down before it is answered.
"""

from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.core.instance_xml import is_sealed
from sync_server.core.merged_document import merged_document
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight
from sync_server.core.veiled_document import has_answers_at, needs_veil, rate_file, veil_document
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.audit import make_act, write_act
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_sight import get_level, get_sight
from sync_server.store import forms, submission_reads
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.submission_reads import StoredSubmission

LOOKED = "submission.look.severe"
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """A submission's XML as somebody sees it; `hidden` answers are left out of it."""

    xml: bytes
    hidden: int


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that belongs to a submission; without `blob_id` it has not come yet."""

    name: str
    blob_id: BlobId | None


@dataclass(frozen=True, slots=True)
class SeenFiles:
    files: tuple[SeenFile, ...]
    hidden: int


def read_document(node: Node, actor: Actor | None, project_id: int, form_id: str, root_id: str) -> SeenDocument:
    """Return a submission's current document; raise NotFound for one that the actor may not know of."""
    seen = _look(node, actor, project_id, form_id, root_id)
    if seen.is_sealed:
        return SeenDocument(seen.xml, 0)
    is_as_sent = not seen.submission.state.sources and not needs_veil(seen.document, seen.sight, seen.level)
    hidden = veil_document(seen.document, seen.sight, seen.level)
    if seen.level is Level.SEVERE and has_answers_at(seen.document, seen.sight, Level.SEVERE):
        _note_look(node, actor, project_id, form_id, root_id)
    return SeenDocument(seen.xml if is_as_sent else etree.tostring(seen.document, encoding="UTF-8"), hidden)


def list_files(node: Node, actor: Actor | None, project_id: int, form_id: str, root_id: str) -> SeenFiles:
    """List the files of a submission that are here or that its answers name."""
    seen = _look(node, actor, project_id, form_id, root_id)
    here = dict(seen.submission.state.attachments)
    names = sorted({*here, *_named(node, seen, project_id, form_id)})
    shown = [name for name in names if seen.shows_file(name)]
    files = tuple(SeenFile(name, BlobId(here[name]) if name in here else None) for name in shown)
    return SeenFiles(files, len(names) - len(shown))


def open_file(
    node: Node, actor: Actor | None, project_id: int, form_id: str, root_id: str, name: str
) -> tuple[BlobId, BinaryIO]:
    """Open a file of a submission; raise NotFound for one that is not here, or not for this actor."""
    seen = _look(node, actor, project_id, form_id, root_id)
    blob = seen.submission.state.attachments.get(name)
    if blob is None or not seen.shows_file(name):
        raise NotFound
    if not seen.is_sealed and rate_file(seen.document, seen.sight, name) is Level.SEVERE:
        _note_look(node, actor, project_id, form_id, root_id)
    try:
        return BlobId(blob), node.blobs.open(BlobId(blob))
    except FileNotFoundError as error:
        raise NotFound from error


@dataclass(frozen=True, slots=True)
class _Seen:
    submission: StoredSubmission
    document: etree._Element
    sight: Sight
    level: Level

    @property
    def xml(self) -> bytes:
        return self.submission.xml[self.submission.state.current]

    @property
    def is_sealed(self) -> bool:
        """Nobody can read it here, so nothing of it need be hidden."""
        return is_sealed(self.document)

    def shows_file(self, name: str) -> bool:
        return self.is_sealed or rate_file(self.document, self.sight, name) <= self.level


def _look(node: Node, actor: Actor | None, project_id: int, form_id: str, root_id: str) -> _Seen:
    sight = get_sight(node, actor, project_id, form_id)
    consumers.resolve_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        found = list(submission_reads.load_shown(session, project_id, form_id, [root_id]))
    if not found:
        raise NotFound
    level = get_level(node, sight, project_id, form_id, root_id)
    state = found[0].state
    return _Seen(found[0], merged_document(state, found[0].xml.__getitem__), sight, level)


def _named(node: Node, seen: _Seen, project_id: int, form_id: str) -> set[str]:
    """Name the files that the answers name, by the questions of all versions that ask for one."""
    with node.database.read() as session:
        paths = _file_paths(session, project_id, form_id)
    found = (seen.document.iterfind("/".join(f"{{*}}{step}" for step in path.strip("/").split("/"))) for path in paths)
    return {text for elements in found for element in elements if (text := (element.text or "").strip())}


def _file_paths(session: Session, project_id: int, form_id: str) -> set[str]:
    versions = forms.iter_versions(session, project_id, form_id)
    return {item.path for version in versions for item in get_definition(session, version).fields if item.is_binary}


def _note_look(node: Node, actor: Actor | None, project_id: int, form_id: str, root_id: str) -> None:
    act = make_act(actor, LOOKED, actee_of(project_id, form_id), instanceId=root_id)
    node.write(lambda session: write_act(session, act))
