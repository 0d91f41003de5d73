"""Files that a peer's row announced and whose bytes are not here yet; the row that names them follows when they are."""

from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.store.engine import insert_for
from sync_server.store.tables import awaited_files

SUBMISSION, FORM = "submission", "form"


def announce(
    session: Session, *, owner: str, version_id: int, name: str, sha256: str, size: int, type: str, md5: str | None,
    updated_at: datetime | None, peer_id: str,
) -> None:  # fmt: skip
    """Await a file; one that is awaited already goes on as it was."""
    row = {
        **{"owner": owner, "version_id": version_id, "name": name, "sha256": sha256, "size": size, "type": type},
        **{"md5": md5, "updated_at": updated_at, "peer_id": peer_id, "wrong": 0},
    }
    session.execute(insert_for(session)(awaited_files).values(row).on_conflict_do_nothing())
