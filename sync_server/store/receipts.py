"""Receipts, apart from the submissions they are for."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store.tables import receipts


def find_doors(session: Session) -> set[str]:
    """Name every door by which something has come in."""
    return set(session.scalars(select(receipts.c.door).distinct()))
