"""Work out what an uploaded file of entities would do to a list, row by row, without doing it.

A row whose id is new creates; one whose id is there changes what it says differently. A row of an entity that was
deleted is a fault, not a way to bring it back: the file may be older than the deletion, and somebody wanted that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import IO
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from sync_server.core.entity_csv import (
    VERSION,
    EntityRow,
    Head,
    NotReadable,
    RowFault,
    find_cell_faults,
    find_head_faults,
    iter_rows,
    read_head,
)
from sync_server.core.entity_draft import read_entity_id
from sync_server.core.entity_event import CREATE, UPDATE
from sync_server.store import entities
from sync_server.store.entities import EntityList, StoredEntity

PART = 500


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What one row does: `act` is CREATE or UPDATE, None where all is as the row has it.

    `said` are the values it gives, `differences` what they were and will be; `sees` the entity that was there. One that
    `is_awaited` was changed by submissions before anybody created it here.
    """

    row: int
    entity_id: str
    act: str | None
    said: Mapping[str, str]
    sees: StoredEntity | None = None
    differences: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_awaited: bool = False


def plan_rows(session: Session, of_list: EntityList, file: IO[bytes]) -> Iterator[PlannedRow | RowFault]:
    """Stream what each row does, or what is wrong with it. Holds of the whole file no more than its ids."""
    try:
        head = read_head(file)
        faults = list(find_head_faults(head, of_list.properties))
        yield from faults or _plan(session, of_list, file, head)
    except NotReadable as error:
        yield error.fault


def _plan(session: Session, of_list: EntityList, file: IO[bytes], head: Head) -> Iterator[PlannedRow | RowFault]:
    seen: dict[int, int] = {}
    checked = (_checked(each, seen) for each in iter_rows(file, head))
    while part := list(islice(checked, PART)):
        good = [each for each in part if not isinstance(each, list)]
        ids = [entity_id for entity_id, _row in good]
        found = entities.find_entities(session, of_list.project_id, of_list.name, ids)
        known = {each.entity_id: each for each in found}
        for each in part:
            if isinstance(each, list):
                yield from each
            else:
                yield _plan_row(*each, known.get(each[0]))


def _checked(row: EntityRow | RowFault, seen: dict[int, int]) -> tuple[str, EntityRow] | list[RowFault]:
    """Give a row its id, a new one where it has none; or say all that is wrong with it."""
    if isinstance(row, RowFault):
        return [row]
    entity_id = read_entity_id(row.given_id) if row.given_id else str(uuid4())
    faults = list(find_cell_faults(row))
    if entity_id is None:
        reason = f"'{row.given_id[:60]}' is no id (a UUID). Leave the cell empty for a new entity."
        return [RowFault(row.row, "id", reason), *faults]
    before = seen.setdefault(UUID(entity_id).int, row.row)
    if before != row.row:
        faults.insert(0, RowFault(row.row, "id", f"row {before} has it too; every entity has one row."))
    return faults or (entity_id, row)


def _plan_row(entity_id: str, row: EntityRow, known: StoredEntity | None) -> PlannedRow | RowFault:
    if known is None or not (known.is_served or known.is_deleted):  # nothing of it, or changes that wait for it
        said = {name: value for name, value in row.values.items() if value}
        return PlannedRow(row.row, entity_id, CREATE, said, is_awaited=known is not None)
    if known.is_deleted:
        return RowFault(row.row, "id", "this entity was deleted. Take the row out, or restore the entity first.")
    differences = {
        name: (before, value) for name, value in row.values.items() if (before := known.data.get(name, "")) != value
    }
    if differences and row.version and int(row.version) != known.number:
        reason = (
            f"somebody changed this entity since the file was made (it is version {known.number} now). Download the "
            f"list again and change that; or take out the column {VERSION}, and what the file says holds."
        )
        return RowFault(row.row, VERSION, reason)
    said = {name: value for name, (_before, value) in differences.items()}
    return PlannedRow(row.row, entity_id, UPDATE if differences else None, said, known, differences)
