"""Export a form's submissions to a file: what is resolved now, from the warehouse's tables as of one snapshot.

The consumers are brought to the head first. The tables come as deflated blocks, most of them made before; media are
copied from the blobs. Whatever is erased or goes missing while an export is written, it is written again.
"""

import errno
import logging
import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

from sync_server.errors import NoSpaceForExport
from sync_server.exporters.csv_columns import CsvTable, Switches, select_tables, split_columns
from sync_server.exporters.csv_zip import write_csv_zip, write_root_csv
from sync_server.exporters.document import CsvContent, Progress, Written
from sync_server.node import Node
from sync_server.operator_errors import SegmentDamaged
from sync_server.services import consumers
from sync_server.services.audit import make_act, write_act
from sync_server.services.export_notes import ExportNotes
from sync_server.services.export_source import ExportSource, Wanted, open_source
from sync_server.services.form_sight import get_sight
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.blocks import newest_block
from sync_server.warehouse.csv_blocks import CsvBlocks
from sync_server.warehouse.csv_rows import UNPLACED_TABLE, CsvRows

log = logging.getLogger(__name__)

BLOCKS_FOLDER = "export-blocks"
EXPORTED = "form.submissions.export"  # as ODK Central calls it
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export. `tag` names its bytes, `sha256` is their checksum in hexadecimal digits, `erased` the number
    of the newest erasure that it knows."""

    path: Path
    written: Written
    left_out: tuple[str, ...]
    provisional: tuple[str, ...]
    tag: str
    sha256: str
    erased: int


class _Outdated(Exception):
    """Something was erased, or a file went, while the export was written."""


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
    switches: Switches = Switches(),
    filter: str | None = None,
    patience: float | None = None,
) -> Export:
    """Write the submissions of a form as a zip; wait for the consumers for `patience` seconds (None: to the end).

    Rows, columns and files that the actor may not take away are left out; None is the operator at the machine.
    Raises NotFound, InsufficientRights, NoSpaceForExport, and what is wrong with the filter.
    """
    wanted = Wanted(project_id=project_id, form_id=form_id, switches=switches, filter=filter)
    return export(node, actor, wanted, target=target, progress=progress, patience=patience)


def export_root_csv(
    node: Node,
    actor: Actor | None,
    *,
    project_id: int,
    form_id: str,
    target: Path,
    progress: Progress = no_progress,
    switches: Switches = Switches(),
    filter: str | None = None,
    patience: float | None = None,
) -> Export:
    """Write the root table of a form as a plain CSV: no repeats, no media, no place for notes."""
    wanted = Wanted(project_id=project_id, form_id=form_id, switches=switches, filter=filter, is_root_only=True)
    return export(node, actor, wanted, target=target, progress=progress, patience=patience)


def export(
    node: Node, actor: Actor | None, wanted: Wanted, *, target: Path, progress: Progress = no_progress,
    patience: float | None = None,
) -> Export:  # fmt: skip
    """Write what of an export the actor may take away, as it stands when the consumers are done."""
    seen = as_seen(node, actor, wanted)
    catch_up(node, patience)
    made = write_export(node, open_source(node, seen), target=target, progress=progress)
    note_export(node, actor, wanted, tag=made.tag)
    return made


def as_seen(node: Node, actor: Actor | None, wanted: Wanted) -> Wanted:
    """Narrow a wish to what the actor may take away; raise NotFound or InsufficientRights when that is nothing."""
    sight = get_sight(node, actor, wanted.project_id, wanted.form_id)
    return replace(wanted, sight=sight.for_export())


def note_export(node: Node, actor: Actor | None, wanted: Wanted, *, tag: str) -> None:
    """Write into the audit log that somebody took away an export; `tag` names its bytes."""
    actee = actee_of(wanted.project_id, wanted.form_id)
    act = make_act(actor, EXPORTED, actee, tag=tag, isFiltered=wanted.filter is not None)
    node.write(lambda session: write_act(session, act))


def catch_up(node: Node, patience: float | None) -> None:
    # With a limit even where there is none: on a full disk what was worked out before must still come out.
    consumers.catch_up(node, seconds=math.inf if patience is None else patience)


def write_export(node: Node, source: ExportSource, *, target: Path, progress: Progress = no_progress) -> Export:
    """Write what a source shows; what is outdated when it is written is written again, as it stands then."""
    blocks = open_blocks(node)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with space_told():
                return _write(node, source, blocks, target, progress)
        except NoSpaceForExport:
            if _is_same_disk(target.parent, node.settings.data):
                blocks.clear()
            raise
        except (_Outdated, FileNotFoundError, SegmentDamaged) as error:
            log.warning("export begins again form=%s node=%s: %r", source.wanted.form_id, node.id, error)
            if attempt == ATTEMPTS:
                raise
            consumers.catch_up(node, seconds=math.inf)
            source = open_source(node, source.wanted)
    raise AssertionError("the last attempt returns or raises")


def open_blocks(node: Node) -> CsvBlocks:
    return CsvBlocks(node.settings.data / BLOCKS_FOLDER, node.settings.export_cache_mb * 1_000_000)


def _write(node: Node, source: ExportSource, blocks: CsvBlocks, target: Path, progress: Progress) -> Export:
    guarded = _guarded(node, target, progress, blocks)
    guarded("rows", 0)
    with source.tables.pinned(), TemporaryDirectory(dir=node.scratch, prefix="export-") as scratch:
        rows = CsvRows(source.tables, blocks, source.matches, source.veil)
        notes, written = _noted(source, rows)
        _write_file(node, source, rows, notes, written, target, Path(scratch), guarded)
    _refuse_outdated(node, source, blocks, target)
    blocks.sweep(is_full=lambda: not node.has_room(0))
    return _finished(node, source, notes, written, target)


def _noted(source: ExportSource, rows: CsvRows) -> tuple[ExportNotes, Written]:
    counts = rows.counts()
    notes = ExportNotes(
        counts=counts,
        held=source.held,
        parked=source.parked,
        behind=source.behind,
        filter=source.wanted.filter,
        is_scoped=not source.sees_every_row,
        hidden=source.hidden,
        veiled=source.veiled,
        unplaced_hidden=source.hides_unplaced,
        hides_files=not source.wanted.is_root_only and source.sight.others > source.sight.lowest,
    )
    written = Written(
        submissions=counts.submissions,
        unplaced_answers=0 if source.hides_unplaced else counts.unplaced_answers,
        unplaced_submissions=0 if source.hides_unplaced else counts.unplaced_submissions,
    )
    return notes, written


def _write_file(
    node: Node,
    source: ExportSource,
    rows: CsvRows,
    notes: ExportNotes,
    written: Written,
    target: Path,
    scratch: Path,
    progress: Progress,
) -> None:
    tables = [_content(rows, table, scratch) for table in _tables(source, rows)]
    if source.wanted.is_root_only:
        return write_root_csv(target, tables[0], written=written, progress=progress)
    form_id, has_media = source.wanted.form_id, source.wanted.switches.has_media
    write_csv_zip(
        target,
        tables,
        form_id=form_id,
        written=written,
        media=rows.files() if has_media else (),
        open_blob=node.blobs.open,
        unplaced=_content(rows, UNPLACED_TABLE, scratch),
        notes=lambda written: notes.write(form_id, written, has_media=has_media),
        progress=progress,
    )


def _tables(source: ExportSource, rows: CsvRows) -> Sequence[CsvTable]:
    layout, switches = source.layout, source.wanted.switches
    seen = {(path, c.name): rows.choices(path, c.name) for path, c in split_columns(layout, switches)}
    return select_tables(layout, switches, seen)


def _content(rows: CsvRows, table: CsvTable, scratch: Path) -> CsvContent:
    return CsvContent(table.name, table.header, rows.blocks(table, scratch))


def _refuse_outdated(node: Node, source: ExportSource, blocks: CsvBlocks, target: Path) -> None:
    """What was erased meanwhile must not come out, nor stay among the blocks."""
    if is_outdated(node, source.erased):
        target.unlink(missing_ok=True)
        blocks.clear()
        raise _Outdated


def is_outdated(node: Node, erased: int) -> bool:
    """Whether anything was erased since that number was read."""
    with node.database.read() as session:
        return newest_block(session) != erased


@contextmanager
def space_told() -> Iterator[None]:
    """Say in words that the disk is full."""
    try:
        yield
    except OSError as error:
        raise NoSpaceForExport if error.errno == errno.ENOSPC else error from error


def _guarded(node: Node, target: Path, progress: Progress, blocks: CsvBlocks) -> Progress:
    """Give up before the export takes the space that receiving needs; what is kept of others goes first."""

    def is_full() -> bool:
        return shutil.disk_usage(node.settings.data).free < node.settings.min_free_bytes

    def guarded(what: str, done: int) -> None:
        if is_full() and _is_same_disk(target.parent, node.settings.data):
            blocks.sweep(is_full=is_full)
            if is_full():
                raise NoSpaceForExport
        progress(what, done)

    return guarded


def _is_same_disk(folder: Path, other: Path) -> bool:
    return folder.stat().st_dev == other.stat().st_dev


def _finished(node: Node, source: ExportSource, notes: ExportNotes, written: Written, target: Path) -> Export:
    # A file that was missing may come back without a trace in the tables: then other bytes need another tag.
    tag = f"{source.tag}-without-{written.files_missing}" if written.files_missing else source.tag
    log.info(
        "exported form=%s submissions=%d files=%d tag=%s node=%s",
        *(source.wanted.form_id, written.submissions, written.files, tag, node.id),
    )
    left_out = notes.left_out(written, has_media=source.wanted.switches.has_media)
    return Export(target, written, tuple(left_out), tuple(notes.provisional()), tag, _sha256(target), source.erased)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
