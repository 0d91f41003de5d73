"""Take versions, receipts and files' rows from a peer, all of a batch together.

What a version is comes out of its bytes. Of what was erased here nothing is kept, or all but the person who was erased,
as when a tablet sends it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sync_server.core.ids import BlobId, InstanceId, VersionId, bounded, is_sha256, sha256_hex
from sync_server.core.instance_xml import Instance, read_instance
from sync_server.core.replication_items import AttachmentItem, Item, ReceiptItem, SubmissionItem
from sync_server.core.replication_pieces import LARGEST_NUMBER
from sync_server.core.storable import told_name
from sync_server.errors import UnreadableXml
from sync_server.node import Node
from sync_server.replication.taking import (
    BEYOND_SCOPE,
    ERASED,
    NOT_WHAT_IT_SAYS,
    UNKNOWN_VERSION,
    UNREADABLE,
    NotTaken,
    Taking,
)
from sync_server.services import receive_erased
from sync_server.services.apply_erasure import apply_decision
from sync_server.services.receive_submission import LONGEST_FILE_NAME
from sync_server.store import awaited_files, erasure_reads, replica_writes
from sync_server.store.accounts import APP_USER, PUBLIC_LINK, USER
from sync_server.store.actor_uids import ensure_actor
from sync_server.store.blocks import PERSON, WHOLE, Block
from sync_server.store.replica_writes import Known, ReceiptRow, VersionRow
from sync_server.store.submissions import ReceivedFile

Key = tuple[int, str]


@dataclass(slots=True)
class Arrived:
    """A version of a batch, read: what it is, and what of it is blocked here."""

    item: SubmissionItem
    instance: Instance | None
    sha256: str
    blocks: tuple[Block, ...] = ()
    row: VersionRow | None = None
    dropped: frozenset[str] = frozenset()
    with_it: list[ReceiptItem | AttachmentItem] = field(default_factory=list)


def read_arrived(items: Sequence[Item]) -> tuple[list[Arrived], list[ReceiptItem | AttachmentItem]]:
    """Read the versions of a batch, before any transaction; receipts and files find the version they follow."""
    arrived: list[Arrived] = []
    others: list[ReceiptItem | AttachmentItem] = []
    for item in items:
        if isinstance(item, SubmissionItem):
            arrived.append(Arrived(item, _read(item), item.sha256))
        elif isinstance(item, ReceiptItem | AttachmentItem):
            if item.version or not arrived:
                others.append(item)
            else:
                others.append(replace(item, version=arrived[-1].sha256))
    return arrived, others


def take_versions(taking: Taking, arrived: Iterable[Arrived]) -> None:
    """Store the versions that are not here."""
    ready: list[VersionRow] = []
    for one in arrived:
        with taking.noting(one.item.name):
            one.row = _make_row(taking, one)
            ready.append(one.row)
    new = replica_writes.put_versions(taking.session, ready)
    for row in ready:
        if (row.project_id, row.sha256) in new:
            new.discard((row.project_id, row.sha256))
            taking.tell("submission_version", row.instance_id, row.sha256)
    for one in arrived:
        if one.row is not None and one.blocks:
            _erase_again(taking, one.blocks, one.row.instance_id)


def take_what_belongs(
    taking: Taking, arrived: Sequence[Arrived], others: Sequence[ReceiptItem | AttachmentItem]
) -> None:
    """Store receipts, and files' rows or that they are awaited."""
    refused = {one.sha256 for one in arrived if one.row is None}
    dropped = {one.sha256: one.dropped for one in arrived if one.dropped}
    # The hash of an erased version is told to every hub: only the bytes themselves are a proof.
    shown = {one.sha256 for one in arrived if one.row is not None and one.item.erased_sha256 is None}
    keys: dict[int, Key] = {}
    for number, item in enumerate(others):
        if item.version not in refused:
            with taking.noting(item.name):
                keys[number] = (taking.project(item.project), item.version)
    known = replica_writes.find_versions(taking.session, keys.values())
    rows: list[tuple[ReceiptRow, Known]] = []
    files: list[tuple[AttachmentItem, Known]] = []
    for number, key in keys.items():
        item = others[number]
        with taking.noting(item.name):
            version = _require_known(known, key)
            taking.require_may_send(item.project, version.form_id)
            if item.version not in shown and not (taking.peer.is_centre or item.version in taking.claimable):
                raise NotTaken(BEYOND_SCOPE)
            if isinstance(item, ReceiptItem):
                _require_known_kind(item)
                rows.append((_receipt(taking, item, version), version))
            elif bounded(item.file_name, LONGEST_FILE_NAME) not in dropped.get(item.version, ()):
                files.append((item, version))
    _put_receipts(taking, rows)
    _put_files(taking, files)


def _read(item: SubmissionItem) -> Instance | None:
    try:
        return read_instance(item.xml)
    except UnreadableXml:
        return None


def _make_row(taking: Taking, one: Arrived) -> VersionRow:
    if one.instance is None:
        raise NotTaken(UNREADABLE)
    project_id = taking.require_may_send(one.item.project, one.instance.form_id)
    row = _version_row(project_id, one.item, one.instance)
    place = (project_id, row.form_id, row.instance_id, row.deprecated_id)
    one.blocks = taking.node.blocks.find(*place)
    if any(block.scope == WHOLE for block in one.blocks):
        _block_edit(taking, one.blocks, project_id, row)
        raise NotTaken(ERASED)
    persons = [block for block in one.blocks if block.scope == PERSON]
    if one.item.erased_sha256 and not (persons and is_sha256(one.item.erased_sha256)):
        raise NotTaken(NOT_WHAT_IT_SAYS)
    return _redacted(taking.node, row, persons, one) if persons else row


def _version_row(project_id: int, item: SubmissionItem, instance: Instance) -> VersionRow:
    sha256 = VersionId(item.sha256)
    return VersionRow(
        project_id=project_id,
        sha256=sha256,
        form_id=instance.form_id,
        form_version=instance.form_version,
        # As at the tablet's door: without an instanceID the content is the identity.
        instance_id=instance.instance_id or InstanceId(f"sha256:{sha256}"),
        deprecated_id=instance.deprecated_id,
        is_sealed=instance.is_sealed,
        xml=item.xml,
        redacted_sha256=sha256_hex(item.xml) if item.erased_sha256 else None,
    )


def _redacted(node: Node, row: VersionRow, persons: Sequence[Block], one: Arrived) -> VersionRow:
    xml, one.dropped = receive_erased.redact_upload(node, row.project_id, row.form_id, row.xml, persons)
    changed = sha256_hex(xml) if xml != row.xml or row.redacted_sha256 else None
    return replace(row, xml=xml, redacted_sha256=changed)


def _block_edit(taking: Taking, blocks: Iterable[Block], project_id: int, row: VersionRow) -> None:
    """An edit of what was erased is erased with it, and what edits that: so its name is blocked, too."""
    if not taking.node.blocks.find(project_id, row.form_id, row.instance_id):
        _erase_again(taking, [block for block in blocks if block.scope == WHOLE], row.instance_id)


def _erase_again(taking: Taking, blocks: Iterable[Block], instance_id: str) -> None:
    taking.has_erased = True
    for block in blocks:
        decision = erasure_reads.find_decision(taking.session, block.decision_id)
        if decision is not None:
            apply_decision(taking.session, decision, instances=[instance_id])


def _require_known(known: dict[Key, Known], key: Key) -> Known:
    if key not in known:
        raise NotTaken(UNKNOWN_VERSION)
    return known[key]


def _require_known_kind(item: ReceiptItem) -> None:
    """Who sends is a person, a tablet or a link; any other kind nobody here could show."""
    if item.actor is not None and item.actor.type not in (USER, APP_USER, PUBLIC_LINK):
        raise NotTaken(UNREADABLE)


def _receipt(taking: Taking, item: ReceiptItem, version: Known) -> ReceiptRow:
    who = item.actor
    return ReceiptRow(
        id=item.id,
        version_id=version.row_id,
        received_at=item.received_at,
        door=item.door,
        device_id=item.device_id,
        actor_id=ensure_actor(taking.session, who, now=taking.now) if who else None,
        form_state=item.form_state,
        is_revoked=item.is_revoked,
        held_for=item.held_for,
        clock_offset_seconds=item.clock_offset_seconds,
        is_new=item.is_new,
        node=None if item.node == taking.node.id else item.node,
    )


def _put_receipts(taking: Taking, rows: Sequence[tuple[ReceiptRow, Known]]) -> None:
    new = replica_writes.put_receipts(taking.session, [row for row, _ in rows])
    for row, version in rows:
        if row.id in new:
            new.discard(row.id)
            taking.tell("receipt", version.instance_id, row.id)


def _put_files(taking: Taking, files: Sequence[tuple[AttachmentItem, Known]]) -> None:
    """Note files whose bytes are not here as awaited.

    The node that leads the project is trusted with its hashes, so what is here already need not travel; from any other
    the bytes have to come: else it could claim a file by its hash and be shown it.
    """
    there = replica_writes.find_file_rows(taking.session, {version.row_id for _, version in files})
    for item, version in files:
        name = bounded(item.file_name, LONGEST_FILE_NAME)
        if not is_sha256(item.sha256) or not 0 <= item.size <= LARGEST_NUMBER:
            taking.refused[told_name(item.name)] = NOT_WHAT_IT_SAYS
            continue
        if (version.row_id, name, item.sha256) in there:
            continue
        file = ReceivedFile(name, BlobId(item.sha256), item.size, item.type)
        if item.sha256 in taking.present:
            replica_writes.put_file(taking.session, version.row_id, file)
            taking.tell("attachment", version.instance_id, item.sha256)
        else:
            awaited_files.announce(
                taking.session,
                owner="submission",
                version_id=version.row_id,
                name=file.name,
                sha256=file.sha256,
                size=file.size,
                type=file.type,
                peer_id=taking.peer.id,
            )
