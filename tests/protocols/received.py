"""What a node holds of what tablets sent, for tests to look at."""

from dataclasses import dataclass

from sqlalchemy import select

from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.store.tables import receipts, submission_attachments, submission_versions


@dataclass(frozen=True)
class Stored:
    xml: list[bytes]
    files: dict[str, list[bytes]]
    receipts: list[dict[str, object]]


def stored(node: Node) -> Stored:
    with node.database.read() as session:
        xml = list(session.scalars(select(submission_versions.c.xml).order_by(submission_versions.c.id)))
        files: dict[str, list[bytes]] = {}
        for row in session.execute(select(submission_attachments).order_by(submission_attachments.c.name)):
            with node.blobs.open(BlobId(row.sha256)) as blob:
                files.setdefault(row.name, []).append(blob.read())
        rows = [dict(row._mapping) for row in session.execute(select(receipts).order_by(receipts.c.received_at))]
    return Stored(xml, files, rows)
