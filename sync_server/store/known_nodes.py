"""Nodes whose decisions reach this one by way of another, which vouches for their keys."""

from collections.abc import Iterator

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sync_server.store.tables import known_nodes

_t = known_nodes.c


def find_node(session: Session, id: str) -> tuple[str, bytes] | None:
    """Return a node's name and public key."""
    row = session.execute(select(_t.name, _t.public_key).where(_t.id == id)).first()
    return (row.name, bytes(row.public_key)) if row else None


def iter_nodes(session: Session) -> Iterator[tuple[str, str, bytes]]:
    """List the nodes as (id, name, public key)."""
    for row in session.execute(select(_t.id, _t.name, _t.public_key).order_by(_t.id)):
        yield row.id, row.name, bytes(row.public_key)


def add_node(session: Session, id: str, *, name: str, public_key: bytes, vouched_by: str) -> None:
    row = {"id": id, "name": name, "public_key": public_key, "vouched_by": vouched_by}
    session.execute(insert(known_nodes).values(row))


def rename_node(session: Session, id: str, name: str) -> None:
    session.execute(update(known_nodes).where(_t.id == id).values(name=name))
