"""Export a form's submissions to a file: what is resolved now, streamed from one snapshot.

The consumers are brought to the head first. The rows are read on one snapshot of the database; media are copied after
it is let go, because a file's bytes never change and a long snapshot keeps SQLite's log growing.
"""

import errno
import logging
import math
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from lxml import etree
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.merged_document import merged_document
from sync_server.core.rows import RowMetadata
from sync_server.core.scope import EXPORT_CEILING
from sync_server.core.table_schema import TableSchema, build_table_schema
from sync_server.errors import InsufficientRights, NoSpaceForExport, NotFound
from sync_server.exporters.csv_zip import write_csv_zip, write_root_csv
from sync_server.exporters.document import Document, MediaFile, Progress, Written
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.export_notes import ExportNotes
from sync_server.services.form_definitions import get_definition
from sync_server.services.resolve_submissions import ResolveSubmissions
from sync_server.store import changes, checkpoints, forms, submission_reads
from sync_server.store.accounts import Actor
from sync_server.store.submission_reads import StoredSubmission

log = logging.getLogger(__name__)

# A folder this old belongs to a process that died: no download takes longer.
ABANDONED_AFTER_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export. `tag` names the state it shows, None when the consumers had not reached the head."""

    path: Path
    written: Written
    left_out: tuple[str, ...]
    provisional: tuple[str, ...]
    tag: str | None


def no_progress(_what: str, _done: int) -> None:
    """Tell nobody."""


def export_csv_zip(
    node: Node,
    actor: Actor | None,
    *,
    project_id: int,
    form_id: str,
    target: Path,
    progress: Progress = no_progress,
    has_media: bool = True,
    patience: float | None = None,
) -> Export:
    """Write all submissions of a form as a zip; wait for the consumers for `patience` seconds (None: to the end).

    Raises NotFound, NoSpaceForExport, and InsufficientRights for who may not see all of it up to what may leave.
    """
    _require_whole(node, actor, project_id, form_id)
    with _prepared(node, project_id, form_id, patience) as source:
        written = write_csv_zip(
            target,
            source.documents,
            form_id=form_id,
            schema=source.schema,
            open_blob=node.blobs.open if has_media else None,
            notes=lambda written: source.notes.write(form_id, written, has_media=has_media),
            progress=_guarded(node, target, progress),
        )
    return _finished(node, source, target, written, has_media=has_media)


def export_root_csv(
    node: Node,
    actor: Actor | None,
    *,
    project_id: int,
    form_id: str,
    target: Path,
    progress: Progress = no_progress,
    patience: float | None = None,
) -> Export:
    """Write the root table of a form as a plain CSV: no repeats, no media, no place for notes."""
    _require_whole(node, actor, project_id, form_id)
    with _prepared(node, project_id, form_id, patience) as source:
        written = write_root_csv(
            target, source.documents, schema=source.schema, progress=_guarded(node, target, progress)
        )
    return _finished(node, source, target, written, has_media=False)


def _require_whole(node: Node, actor: Actor | None, project_id: int, form_id: str) -> None:
    """Refuse who sees some rows or harmless answers only: these exports leave nothing out."""
    scope = require(node, actor, "submission.read", project_id=project_id, form_id=form_id)
    view = scope.view(project_id, form_id)
    if view is None or view.rows is not None or view.lowest < EXPORT_CEILING:
        raise InsufficientRights


def find_tag(node: Node) -> str:
    """Name what an export would show if it were made now and waited for the consumers."""
    with node.database.read() as session:
        return _tag(session, changes.head(session))


@contextmanager
def export_folder(node: Node) -> Iterator[Path]:
    """Give a folder for an export that is only passed on; it is deleted when the block ends."""
    parent = node.settings.data / "exports"
    parent.mkdir(exist_ok=True)
    _forget_abandoned(parent)
    folder = Path(mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Source:
    form_id: str
    schema: TableSchema
    documents: Iterator[Document]
    notes: ExportNotes
    tag: str | None


@contextmanager
def _prepared(node: Node, project_id: int, form_id: str, patience: float | None) -> Iterator[_Source]:
    """Open the snapshot; it is let go when the last document was read, or when the block ends."""
    # With a limit even where there is none: on a full disk what was worked out before must still come out.
    consumers.catch_up(node, seconds=math.inf if patience is None else patience)
    with _space_told(), ExitStack() as snapshot:
        session = snapshot.enter_context(node.database.read())
        schema = _schema(session, project_id, form_id)
        head, done = changes.head(session), checkpoints.get_checkpoint(session, ResolveSubmissions.name)
        notes = ExportNotes(
            held=submission_reads.count_held(session, project_id, form_id),
            parked=len(checkpoints.iter_parked(session)),
            behind=head - done,
        )
        documents = _documents(session, project_id, form_id, notes, snapshot)
        yield _Source(form_id, schema, documents, notes, _tag(session, head) if done == head else None)


@contextmanager
def _space_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoSpaceForExport if error.errno == errno.ENOSPC else error from error


def _tag(session: Session, head: int) -> str:
    return f"{changes.epoch(session)}-{head}"


def _schema(session: Session, project_id: int, form_id: str) -> TableSchema:
    """Lay out the union of the versions, the latest first; submissions of a form never published have none."""
    versions = forms.iter_versions(session, project_id, form_id)
    if not versions and not submission_reads.has_submissions(session, project_id, form_id):
        raise NotFound
    latest_first = sorted(versions, key=lambda v: (v.published_at, v.sha256), reverse=True)
    return build_table_schema([get_definition(session, version).fields for version in latest_first])


def _documents(
    session: Session, project_id: int, form_id: str, notes: ExportNotes, snapshot: ExitStack
) -> Iterator[Document]:
    for submission in submission_reads.iter_submissions(session, project_id, form_id):
        notes.see(submission)
        yield _document(submission)
    snapshot.close()


def _document(submission: StoredSubmission) -> Document:
    state = submission.state
    if submission.is_sealed:
        root = parse_xml(submission.xml[state.current])
        return Document(_metadata(submission, _sealed_status(root, state.attachments)), None)
    files = (MediaFile(name, BlobId(blob), submission.file_sizes[blob]) for name, blob in state.attachments.items())
    return Document(_metadata(submission), merged_document(state, submission.xml.__getitem__), tuple(files))


def _metadata(submission: StoredSubmission, status: str = "") -> RowMetadata:
    return RowMetadata(
        key=submission.root_id,
        submission_date=submission.first_received_at,
        submitter_id=str(submission.submitter_id or ""),
        submitter_name=submission.submitter_name or "",
        attachments_present=submission.attachments_present,
        attachments_expected=submission.attachments_expected,
        status=status,
        device_id=submission.device_id or "",
        edits=submission.state.edits,
        form_version=submission.form_version,
    )


def _sealed_status(root: etree._Element, arrived: Collection[str]) -> str:
    """Say as Central does whether it is the key that is missing, or the encrypted answers themselves."""
    answers = next((e.text or "" for e in root.iter(etree.Element) if local_name(e) == "encryptedXmlFile"), "")
    return "not decrypted" if answers.strip() in arrived else "missing encrypted form data"


def _guarded(node: Node, target: Path, progress: Progress) -> Progress:
    """Give up before the export takes the space that receiving needs."""

    is_ours = _is_same_disk(target.parent, node.settings.data)

    def guarded(what: str, done: int) -> None:
        if is_ours and shutil.disk_usage(target.parent).free < node.settings.min_free_bytes:
            raise NoSpaceForExport
        progress(what, done)

    return guarded


def _is_same_disk(folder: Path, other: Path) -> bool:
    return folder.stat().st_dev == other.stat().st_dev


def _finished(node: Node, source: _Source, target: Path, written: Written, *, has_media: bool) -> Export:
    log.info(
        "exported form=%s submissions=%d files=%d state=%s node=%s",
        *(source.form_id, written.submissions, written.files, source.tag, node.id),
    )
    left_out = tuple(source.notes.left_out(written, has_media=has_media))
    return Export(target, written, left_out, tuple(source.notes.provisional()), source.tag)


def _forget_abandoned(parent: Path) -> None:
    oldest = time.time() - ABANDONED_AFTER_SECONDS
    for folder in parent.iterdir():
        with suppress(FileNotFoundError):  # another download ended meanwhile
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
