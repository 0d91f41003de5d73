"""Write the CSV of an entity list, and keep each entity's line of it with the entity.

The line is kept because building it was most of the time: of 100,000 entities 0.8 s, where reading the lines takes 0.2.
"""

from typing import IO

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import RowSum, owned_mark, row_fingerprint
from sync_server.core.list_condition import Condition
from sync_server.exporters.list_line import write_head, write_line
from sync_server.store import entities, list_rows
from sync_server.store.entities import EntityList

Columns = tuple[str, ...]


def write_lines(session: Session, of_list: EntityList, rows: Condition, columns: Columns, file: IO[bytes]) -> RowSum:
    """Write the rows of a list for which the condition holds, with these columns; return what they come to."""
    summed = RowSum()
    file.write(write_head(columns).encode())
    if columns == of_list.columns:
        for lines, marks in list_rows.iter_lines(session, of_list, rows):
            file.write("".join(lines).encode())
            summed.add(marks)
        return summed
    for found in list_rows.iter_values(session, of_list, rows):
        file.write("".join(write_line(columns, row.entity_id, row.number, row.data) for row in found).encode())
        summed.add([row.fingerprint for row in found])
    return summed


def rewrite_lines(session: Session, of_list: EntityList) -> None:
    """Write every line of a list anew, after its columns have changed; a part at a time, however long it is."""
    summed, owned = RowSum(), RowSum()
    for found in list_rows.iter_pages(session, of_list):
        lines = [write_line(of_list.columns, row.entity_id, row.number, row.data) for row in found]
        marks = list(map(row_fingerprint, lines))
        list_rows.put_lines(session, of_list, zip((row.entity_id for row in found), lines, marks, strict=True))
        summed.add(marks)
        owned.add([owned_mark(mark, row.creator_id) for mark, row in zip(marks, found, strict=True)])
    entities.put_sums(session, of_list, summed, owned)
