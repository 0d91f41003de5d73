"""Check every row and every file of a node against what was promised for it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import astuple
from tempfile import TemporaryFile

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import EMPTY, shift_digest
from sync_server.core.ids import BlobId, sha256_hex
from sync_server.node import Node
from sync_server.services import maintain_warehouse
from sync_server.store import checkpoints, erasure_reads, segments, submissions, verification
from sync_server.store.verification import StoredFile

PIECE = 1 << 20


def verify_node(node: Node, *, progress: Callable[[int], None] = lambda done: None) -> Iterator[str]:
    """Yield one sentence for each fault; nothing when everything stored is whole. Reads every byte."""
    with node.database.read() as session:
        yield from (f"The database file is damaged: {line}" for line in verification.check_engine(session))
        yield from _check_versions(session, progress)
        yield from _check_forms(session)
        yield from _check_feed(session)
        yield from _check_erasures(session)
        yield from _check_entities(session)
    yield from _check_files(node)
    yield from _check_warehouse(node)


def _check_versions(session: Session, progress: Callable[[int], None]) -> Iterator[str]:
    done = after = 0
    while page := submissions.iter_versions(session, after):
        for version in page:
            if sha256_hex(version.xml) != (version.redacted_sha256 or version.sha256):
                yield f"The XML of submission {version.instance_id} is not what was received ({version.sha256})."
        after = page[-1].row_id
        done += len(page)
        progress(done)
    for sha256 in verification.find_without_receipt(session):
        yield f"Submission version {sha256} has no receipt."


def _check_forms(session: Session) -> Iterator[str]:
    for name, sha256, md5, xml in verification.iter_form_versions(session):
        if sha256_hex(xml) != sha256 or hashlib.md5(xml, usedforsecurity=False).hexdigest() != md5:
            yield f"The XML of form {name} is not what was published."


def _promised_files(node: Node) -> Iterator[StoredFile]:
    """List every row that names a blob, by way of a temporary file: reading the blobs may take hours, and a snapshot
    held for so long would keep SQLite's log from being emptied."""
    with TemporaryFile("w+", encoding="utf-8", dir=node.scratch) as listed:
        with node.database.read() as session:
            listed.writelines(json.dumps(astuple(file)) + "\n" for file in verification.iter_promised_files(session))
        listed.seek(0)
        yield from (StoredFile(*json.loads(line)) for line in listed)


def _check_files(node: Node) -> Iterator[str]:
    checked: set[str] = set()
    for file in _promised_files(node):
        if file.sha256 not in checked and (fault := _fault_of(node, file)):
            yield fault
        checked.add(file.sha256)


def _fault_of(node: Node, file: StoredFile) -> str | None:
    digest, size = hashlib.sha256(), 0
    try:
        with node.blobs.open(BlobId(file.sha256)) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                size += len(piece)
    except FileNotFoundError:
        return f"The file {file.name!r} of {file.owner} is missing ({file.sha256})."
    if digest.hexdigest() != file.sha256 or size != file.size:
        return f"The file {file.name!r} of {file.owner} is damaged ({file.sha256})."
    return None


def _check_erasures(session: Session) -> Iterator[str]:
    for instance_id in erasure_reads.find_returned(session):
        yield f"Submission {instance_id} was erased, and is here all the same."
    for sha256 in erasure_reads.find_unredacted(session):
        yield f"Submission version {sha256} still has what was erased from its submission."


def _check_entities(session: Session) -> Iterator[str]:
    """Add up every entity list: what does not come to what tablets compare would be served under a wrong hash."""
    for each in verification.iter_entity_lists(session):
        marks = verification.iter_fingerprints(session, each.project_id, each.name)
        digest, served = EMPTY, 0
        for mark in marks:
            digest, served = shift_digest(digest, gone=(), come=(mark,)), served + 1
        if (digest, served) != (each.digest, each.served):
            yield f"The entity list '{each.name}' is not what its entities come to. Run: sync-server rebuild"


def _check_feed(session: Session) -> Iterator[str]:
    if gaps := verification.count_feed_gaps(session):
        yield f"The change feed lacks {gaps} numbers."
    for sha256 in verification.find_without_change(session):
        yield f"Submission version {sha256} is not in the change feed."
    for parked in checkpoints.iter_parked(session):
        yield f"Change {parked.seq} could not be handled by '{parked.consumer}': {parked.error}"


def _check_warehouse(node: Node) -> Iterator[str]:
    """Hash the files of every form's tables; what is damaged is marked, and made again from the submissions."""
    with node.database.read() as session:
        manifests = [segments.get_manifest(session, *form) for form in segments.find_forms(session)]
    for manifest in manifests:
        with node.warehouse.pinned(manifest):
            for blob_id in sorted(manifest.blobs):
                if not node.warehouse.is_whole(blob_id) and maintain_warehouse.report_damage(node, blob_id):
                    yield (
                        f"The file {blob_id} of the tables of form '{manifest.form_id}' is damaged or missing. It is "
                        "made again from the submissions, when the server next runs or the form is next read."
                    )
