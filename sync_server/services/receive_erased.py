"""Receive what belongs to a submission that was erased: keep nothing, or all but the person who was taken out.

Nothing of what is turned away is written but that it came. An edit of an erased submission is erased with it, and so
are edits of that edit that came before it.
"""

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId, InstanceId, VersionId
from sync_server.core.person_identity import HashedPerson
from sync_server.core.redaction import redact
from sync_server.errors import ServerBusy
from sync_server.node import Node
from sync_server.services.apply_erasure import apply_decision, shape_of
from sync_server.services.finish_erasures import finish_erasures
from sync_server.store import erasure_reads, erasures
from sync_server.store.blocks import WHOLE, Block
from sync_server.store.decisions import StoredDecision
from sync_server.store.erasure_reads import BlockedUpload
from sync_server.store.submissions import Receipt, ReceivedVersion, add_versions, find_connected_versions

log = logging.getLogger(__name__)


def turn_away(node: Node, upload: BlockedUpload, deprecated_id: str | None) -> Receipt:
    """Note that an erased submission came again; return the receipt that says so."""
    names = (upload.instance_id, deprecated_id)
    blocks = [block for block in node.blocks.find(upload.project_id, upload.form_id, *names) if block.scope == WHOLE]
    is_new = not node.blocks.find(upload.project_id, upload.form_id, upload.instance_id)

    def write(session: Session) -> None:
        # An edit that was not known: what edits it goes, too. Whose name was taken for it stays, and is not blocked.
        if is_new and not _is_received(session, upload):
            for decision in _decisions(session, blocks):
                apply_decision(session, decision, instances=[upload.instance_id])
        erasure_reads.add_blocked(session, upload)

    node.write(write)
    if is_new:
        node.learn_blocks()
        finish_erasures(node)
    log.warning(
        "turned away, erased before instance=%s door=%s device=%s node=%s",
        *(upload.instance_id, upload.door, upload.device_id, node.id),
    )
    return Receipt(upload.id, VersionId(upload.sha256), InstanceId(upload.instance_id), False, "erased", is_erased=True)


def redact_upload(
    node: Node, project_id: int, form_id: str, xml: bytes, blocks: Iterable[Block]
) -> tuple[bytes, frozenset[str]]:
    """Return the XML without the persons erased from its submission, and the names of files to drop."""
    dropped: frozenset[str] = frozenset()
    with node.database.read() as session:
        shape = shape_of(session, project_id, form_id)
        for decision in _decisions(session, blocks):
            made = redact(xml, HashedPerson.from_json(decision.body["identity"]), shape)
            xml, dropped = made.xml, dropped | made.files
    return xml, dropped


def store_redacted(node: Node, received: ReceivedVersion, blocks: Sequence[Block]) -> Receipt:
    """Store what is left, and take the person out of edits of it that came before it."""

    def write(session: Session) -> Receipt:
        (receipt,) = add_versions(session, [received])
        for decision in _decisions(session, blocks):
            apply_decision(session, decision, instances=[received.instance_id])
        return Receipt(
            receipt.id, receipt.version, receipt.instance_id, receipt.is_new, receipt.form_state, is_redacted=True
        )

    receipt = node.write(write)
    node.learn_blocks()
    finish_erasures(node)
    require_files(node, [file.sha256 for file in received.files])
    return receipt


def require_files(node: Node, files: Iterable[BlobId]) -> None:
    """Raise ServerBusy when a file went while it was being received: an erased submission had the very same.

    The tablet keeps its copy then and sends it again.
    """
    if any(node.blobs.size(file) is None for file in files):
        raise ServerBusy


def forget_unnamed(node: Node, files: Iterable[BlobId]) -> None:
    """Delete files that were kept before it was known that their submission is erased."""

    def forget(session: Session) -> None:
        for file in files:
            if not erasures.is_named(session, file):
                node.blobs.delete(file)

    node.write(forget)


def _is_received(session: Session, upload: BlockedUpload) -> bool:
    """Whether another version of the same instance is here: had it been an edit of what was erased, it had gone."""
    mine = (upload.project_id, upload.form_id, upload.instance_id)
    found = find_connected_versions(session, [upload.instance_id])
    return any((v.project_id, v.form_id, str(v.instance_id)) == mine for v in found)


def _decisions(session: Session, blocks: Iterable[Block]) -> list[StoredDecision]:
    found = (erasure_reads.find_decision(session, block.decision_id) for block in blocks)
    return [decision for decision in found if decision is not None]
