"""Put a form version in force once all its files are here: no tablet gets half a form."""

from sqlalchemy.orm import Session

from sync_server.store import awaited_files


def activate_if_complete(session: Session, version_row_id: int) -> bool:
    """Tell whether nothing of a form version is awaited any more."""
    return not awaited_files.is_form_version_awaited(session, version_row_id)
