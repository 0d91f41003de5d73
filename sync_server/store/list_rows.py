"""Read the rows of an entity list in great pieces: the CSV for tablets, and what they compare of it.

Only what is asked for is read, and no object is made of a row: a list has a hundred thousand.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from sync_server.core.list_condition import Condition
from sync_server.store.entities import EntityList
from sync_server.store.list_conditions import rows_where
from sync_server.store.tables import entities

PIECE = 2_000


class Values(Protocol):
    """A row as the database gives it."""

    entity_id: str
    number: int
    data: dict[str, str]
    fingerprint: str
    creator_id: int | None


_e = entities.c
_VALUES = (_e.entity_id, _e.number, _e.data, _e.fingerprint, _e.creator_id)


def iter_lines(session: Session, of_list: EntityList, rows: Condition) -> Iterator[tuple[list[str], list[str]]]:
    """Stream the lines and the fingerprints of the rows that tablets may get, by entity id."""
    query = select(_e.line, _e.fingerprint).where(*_served(of_list, rows)).order_by(_e.entity_id)
    for found in _pieces(session, query):
        yield [row[0] for row in found], [row[1] for row in found]


def iter_fingerprints(session: Session, of_list: EntityList, rows: Condition) -> Iterator[list[str]]:
    """Stream the fingerprints alone, in no order."""
    query = select(_e.fingerprint).where(*_served(of_list, rows))
    for found in _pieces(session, query):
        yield [row[0] for row in found]


def iter_values(session: Session, of_list: EntityList, rows: Condition) -> Iterator[Sequence[Values]]:
    """Stream the values of the rows that tablets may get, by entity id."""
    yield from _pieces(session, select(*_VALUES).where(*_served(of_list, rows)).order_by(_e.entity_id))


def iter_pages(session: Session, of_list: EntityList) -> Iterator[Sequence[Values]]:
    """As `iter_values`, of all that is served, a question for each page: between two of them rows may be written."""
    last = ""
    of_it = (_e.project_id == of_list.project_id, _e.list_name == of_list.name, _e.is_served)
    while True:
        query = select(*_VALUES).where(*of_it, _e.entity_id > last).order_by(_e.entity_id).limit(PIECE)
        found: Sequence[Any] = session.execute(query).all()
        if not found:
            return
        yield found
        last = found[-1].entity_id


def put_lines(session: Session, of_list: EntityList, lines: Iterable[tuple[str, str, str]]) -> None:
    """Write the lines of some entities, given as id, line and fingerprint."""
    is_it = (_e.project_id == of_list.project_id, _e.list_name == of_list.name, _e.entity_id == bindparam("of"))
    statement = update(entities).where(*is_it).values(line=bindparam("new"), fingerprint=bindparam("mark"))
    session.connection().execute(statement, [{"of": id, "new": line, "mark": mark} for id, line, mark in lines])


def _served(of_list: EntityList, rows: Condition) -> tuple[Any, ...]:
    return _e.project_id == of_list.project_id, _e.list_name == of_list.name, _e.is_served, rows_where(rows)


def _pieces(session: Session, query: Any) -> Iterator[Sequence[Any]]:
    yield from session.execute(query, execution_options={"yield_per": PIECE}).partitions()
