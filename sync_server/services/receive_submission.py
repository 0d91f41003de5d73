"""Receive a submission from a tablet (OpenRosa Form Submission API 1.0).

Before the answer only what the promise needs: read the XML, make the files durable, store version and receipt in
the writer's next commit. What the submission means (which subject, conflicts, wrong values) is worked out by the
consumers afterwards. Nothing that can be read as XML is refused; what cannot is kept aside for rescue.
"""

import logging
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import OperationalError

from sync_server.blobs.base import Spool
from sync_server.core.http_date import clock_offset
from sync_server.core.ids import InstanceId, VersionId, bounded, sha256_hex
from sync_server.core.instance_xml import Instance, read_instance
from sync_server.core.scope import Scope
from sync_server.errors import DiskFull, ServerBusy, UnreadableXml
from sync_server.node import Node
from sync_server.services import receive_erased
from sync_server.store.blocks import NO_PROJECT, WHOLE, Block, BlocksOutdated
from sync_server.store.erasure_reads import BlockedUpload
from sync_server.store.submissions import Receipt, ReceivedFile, ReceivedVersion, add_versions
from sync_server.store.unreadable_uploads import UnreadableUpload, add_unreadable

log = logging.getLogger(__name__)

LONGEST_FILE_NAME = 600  # characters; beside a number and a sha256 it still fits into PostgreSQL's index
# Seeded by the system once: asking it for every receipt hands the interpreter to another thread each time.
_chance = random.Random(os.urandom(32))  # noqa: S311 an id, not a secret

NOT_ASSIGNED = "not_assigned"  # why a submission is held: its sender does not have the form
NO_SPACE = 28  # errno ENOSPC, the same number everywhere


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """An attachment on its way in: its name exactly as sent, its bytes in a spool of this node's blob store."""

    name: str
    type: str
    spool: Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One POST as the door read it. `scope` is the sender's; None for what does not come by a door."""

    project_id: int
    xml: bytes
    files: Sequence[UploadedFile] = ()
    received_at: datetime
    door: str
    device_id: str | None = None
    actor_id: int | None = None
    is_revoked: bool = False
    scope: Scope | None = None
    client_date: str | None = None


def receive(node: Node, upload: Upload) -> Receipt:
    """Store one upload durably and return its receipt.

    Raises UnreadableXml (the bytes are kept for rescue) and DiskFull (nothing was stored; what was acknowledged
    before is safe). What was erased before is turned away, and acknowledged: a tablet would send it for ever.
    """
    try:
        require_space(node)
        receipt = _receive_as_of_now(node, upload)
    except (OSError, OperationalError) as error:
        raise _problem_of(error) from error
    log.info(
        "received instance=%s new=%s files=%d door=%s state=%s node=%s",
        *(receipt.instance_id, receipt.is_new, len(upload.files), upload.door, receipt.form_state, node.id),
    )
    return receipt


def _receive_as_of_now(node: Node, upload: Upload) -> Receipt:
    """Receive by what is erased; judge again when another process erased something meanwhile."""
    kept: dict[int, ReceivedFile] = {}
    try:
        return _receive(node, upload, kept)
    except BlocksOutdated:
        node.learn_blocks()
    receipt = _receive(node, upload, kept)
    receive_erased.forget_unnamed(node, [file.sha256 for file in kept.values()])
    return receipt


def _receive(node: Node, upload: Upload, kept: dict[int, ReceivedFile]) -> Receipt:
    known = node.blocks.newest
    try:
        instance = read_instance(upload.xml)
    except UnreadableXml as problem:
        if known and _is_erased(node, upload):
            return _turn_away(node, upload, NO_PROJECT, None)
        _set_aside(node, upload, str(problem.details["reason"]))
        raise
    if known and (blocks := _blocks_of(node, upload, instance)):
        return _receive_of_erased(node, upload, instance, blocks, known, kept)
    receipt = node.writer.submit(add_versions, replace(_received_version(upload, instance, kept), blocks_known=known))
    if known:
        receive_erased.require_files(node, [file.sha256 for file in kept.values()])
    return receipt


def _is_erased(node: Node, upload: Upload) -> bool:
    return bool(node.blocks.find(NO_PROJECT, "", f"sha256:{sha256_hex(upload.xml)}"))


def _blocks_of(node: Node, upload: Upload, instance: Instance) -> tuple[Block, ...]:
    name = instance.instance_id or f"sha256:{sha256_hex(upload.xml)}"
    return node.blocks.find(upload.project_id, instance.form_id, name, instance.deprecated_id)


def _receive_of_erased(
    node: Node, upload: Upload, instance: Instance, blocks: Sequence[Block], known: int, kept: dict[int, ReceivedFile]
) -> Receipt:
    """Keep nothing of a submission that was erased; of one from which a person was taken out, keep the rest."""
    if any(block.scope == WHOLE for block in blocks):
        return _turn_away(node, upload, upload.project_id, instance)
    xml, dropped = receive_erased.redact_upload(node, upload.project_id, instance.form_id, upload.xml, blocks)
    files = [file for file in upload.files if bounded(file.name, LONGEST_FILE_NAME) not in dropped]
    received = _received_version(replace(upload, files=files), instance, kept)
    changed = None if xml == upload.xml else sha256_hex(xml)
    received = replace(received, xml=xml, redacted_sha256=changed, blocks_known=known)
    return receive_erased.store_redacted(node, received, blocks)


def _turn_away(node: Node, upload: Upload, project_id: int, instance: Instance | None) -> Receipt:
    sha256 = sha256_hex(upload.xml)
    blocked = BlockedUpload(
        id=_receipt_id(upload.received_at),
        project_id=project_id,
        form_id=instance.form_id if instance else "",
        instance_id=(instance.instance_id if instance else None) or f"sha256:{sha256}",
        sha256=sha256,
        received_at=upload.received_at,
        door=upload.door,
        device_id=upload.device_id,
        actor_id=upload.actor_id,
    )
    return receive_erased.turn_away(node, blocked, instance.deprecated_id if instance else None)


def require_space(node: Node) -> None:
    """Raise DiskFull while less is free than the database needs to finish what it began."""
    if not node.has_room(0):
        raise DiskFull


def _set_aside(node: Node, upload: Upload, reason: str) -> None:
    unreadable = UnreadableUpload(
        sha256=node.blobs.put(upload.xml),
        received_at=upload.received_at,
        door=upload.door,
        device_id=upload.device_id,
        reason=reason,
        size=len(upload.xml),
    )
    node.write(lambda session: add_unreadable(session, unreadable))
    log.warning(
        "unreadable upload=%s size=%d door=%s node=%s", unreadable.sha256, unreadable.size, upload.door, node.id
    )


def _received_version(upload: Upload, instance: Instance, kept: dict[int, ReceivedFile]) -> ReceivedVersion:
    sha256 = VersionId(sha256_hex(upload.xml))
    files = tuple(
        _keep(file, kept) for file in upload.files
    )  # blobs first: an orphan is harmless, a dangling row is not
    return ReceivedVersion(
        project_id=upload.project_id,
        sha256=sha256,
        form_id=instance.form_id,
        form_version=instance.form_version,
        # Without an instanceID the content is the identity: a resend stays one submission.
        instance_id=instance.instance_id or InstanceId(f"sha256:{sha256}"),
        deprecated_id=instance.deprecated_id,
        is_sealed=instance.is_sealed,
        xml=upload.xml,
        files=files,
        receipt_id=_receipt_id(upload.received_at),
        received_at=upload.received_at,
        door=upload.door,
        device_id=upload.device_id,
        actor_id=upload.actor_id,
        is_revoked=upload.is_revoked,
        held_for=_hold(upload, instance),
        clock_offset_seconds=_clock_offset(upload, instance),
    )


def _hold(upload: Upload, instance: Instance) -> str | None:
    """Say why a person must admit it first, beside a revoked token and a closed form, which are known elsewhere."""
    if upload.scope is None or upload.is_revoked:
        return None
    may = upload.scope.may("submission.create", upload.project_id, instance.form_id)
    return None if may else NOT_ASSIGNED


def _receipt_id(received_at: datetime) -> str:
    """Make a random id that begins with the time, so that the index of receipts grows at its end only."""
    microseconds = int(received_at.timestamp() * 1_000_000)
    return f"{microseconds:014x}{_chance.getrandbits(72):018x}"


def _keep(file: UploadedFile, kept: dict[int, ReceivedFile]) -> ReceivedFile:
    known = kept.get(id(file))  # a spool is kept once only
    if known is None:
        name = bounded(file.name, LONGEST_FILE_NAME)
        known = kept[id(file)] = ReceivedFile(name, file.spool.keep(), file.spool.size, file.type)
    return known


def _clock_offset(upload: Upload, instance: Instance) -> float | None:
    if upload.client_date is None:
        return None
    return clock_offset(upload.client_date, upload.received_at, _moment(instance.end))


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _problem_of(error: OSError | OperationalError) -> Exception:
    """Turn every way of saying 'no space' into the one Problem, and a database that is away into 'later'."""
    if isinstance(error, OSError):
        return DiskFull() if error.errno == NO_SPACE else error
    text = str(error.orig)
    return DiskFull() if "full" in text or "No space left" in text else ServerBusy()
