"""Uploads that could not be read as XML: their bytes are blobs, this is the list for whoever rescues them."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import unreadable_uploads


@dataclass(frozen=True, slots=True)
class UnreadableUpload:
    sha256: BlobId
    received_at: datetime
    door: str
    device_id: str | None
    reason: str
    size: int


def add_unreadable(session: Session, upload: UnreadableUpload) -> None:
    """List an upload for rescue, once, however often the tablet sends the same damaged bytes."""
    statement = insert_for(session)(unreadable_uploads).on_conflict_do_nothing()
    if session.execute(statement.returning(unreadable_uploads.c.sha256), [asdict(upload)]).first():
        changes.append(session, [Change("unreadable_upload", upload.sha256, upload.sha256)])


def iter_unreadable(session: Session) -> list[UnreadableUpload]:
    """List what waits for rescue, oldest first."""
    t = unreadable_uploads.c
    query = select(t.sha256, t.received_at, t.door, t.device_id, t.reason, t.size).order_by(t.received_at, t.sha256)
    return [UnreadableUpload(*row) for row in session.execute(query)]
