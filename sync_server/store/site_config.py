"""What an administrator sets for the whole site: words and pictures of the sign-in page, and the like."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import config

_t = config.c


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: JSON, or a picture."""

    key: str
    value: Any
    blob: bytes | None = field(repr=False)
    blob_type: str | None
    set_at: datetime


def put_setting(session: Session, setting: Setting, *, by: int | None) -> None:
    rest = {
        "value": setting.value, "blob": setting.blob, "blob_type": setting.blob_type, "set_at": setting.set_at,
        "set_by": by,
    }  # fmt: skip
    statement = insert_for(session)(config).values(key=setting.key, **rest)
    session.execute(statement.on_conflict_do_update(index_elements=("key",), set_=rest))
    changes.append(session, [Change("config", setting.key, "set")])


def delete_setting(session: Session, key: str) -> bool:
    """Unset it; return False when it was not set."""
    gone = session.execute(delete(config).where(_t.key == key).returning(_t.key)).first() is not None
    if gone:
        changes.append(session, [Change("config", key, "unset")])
    return gone


def find_setting(session: Session, key: str) -> Setting | None:
    row = session.execute(_settings().where(_t.key == key)).first()
    return Setting(*row) if row else None


def iter_settings(session: Session) -> list[Setting]:
    return [Setting(*row) for row in session.execute(_settings().order_by(_t.key))]


def _settings() -> Any:
    return select(_t.key, _t.value, _t.blob, _t.blob_type, _t.set_at)
