"""Make the entity lists that come with a folder of forms: `lists/<list>.csv` beside them.

Only what nobody ever did anything about is made, so that a second start changes nothing: what people changed stays
changed, what they deleted stays away. At the project's home only; other nodes get lists from there.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync_server.core.entity_csv import (
    EntityRow,
    NotReadable,
    RowFault,
    find_cell_faults,
    iter_rows,
    read_head,
)
from sync_server.core.entity_draft import EntityDraft, read_entity_id
from sync_server.core.entity_event import LABEL
from sync_server.entity_errors import UploadNotFit
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import ListPlace, create_entities
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.project_home import is_led_here
from sync_server.store import entities, entity_decisions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SeededList:
    """A list with how many entities were made in it."""

    name: str
    created: int


@dataclass(frozen=True, slots=True)
class _Seed:
    place: ListPlace
    properties: tuple[str, ...]
    drafts: Sequence[EntityDraft]


def seed_lists(node: Node, folder: Path, *, project_id: int = 1) -> list[SeededList]:
    """Make what is missing of a folder's lists; return those in which anything was made.

    A file that cannot be taken is said in the log, and keeps neither the others nor the server from their work.
    """
    if not is_led_here(node, project_id):
        return []
    made = (_try_to_seed(node, path, project_id) for path in sorted(folder.glob("*.csv")))
    return [SeededList(name, created) for name, created in made if created]


def _try_to_seed(node: Node, path: Path, project_id: int) -> tuple[str, int]:
    try:
        return path.stem, _seed_list(node, path, project_id)
    except Problem as problem:
        log.error("not seeded file=%s node=%s reason=%s", path.name, node.id, problem.text)
    except OSError as error:
        log.error("not seeded file=%s node=%s reason=%s", path.name, node.id, error.strerror)
    return path.stem, 0


def _seed_list(node: Node, path: Path, project_id: int) -> int:
    seed = _read(path, project_id)
    if not _lacking(node, seed.drafts, seed.place):
        return 0  # seen without folding anything: this is every start but the first
    consumers.fold_received(node)
    with node.database.read() as session:
        found = entities.find_any_list(session, project_id, seed.place.name)
        ids = [draft.entity_id for draft in seed.drafts]
        known = {each.entity_id for each in entities.find_entities(session, project_id, seed.place.name, ids)}
    if found is not None and found.settings.is_deleted:
        return 0
    if found is None:
        make_list(node, seed.place)
    for name in seed.properties:
        if found is None or name not in found.properties:
            add_property(node, seed.place, name)
    missing = [draft for draft in seed.drafts if draft.entity_id not in known]
    return len(create_entities(node, seed.place, missing)) if missing else 0


def _lacking(node: Node, drafts: Sequence[EntityDraft], place: ListPlace) -> bool:
    """Tell whether there is one about which nobody ever decided anything."""
    keys = {(place.project_id, place.name, draft.entity_id) for draft in drafts}
    with node.database.read() as session:
        return not keys <= entity_decisions.find_acts_on(session, keys).keys()


def _read(path: Path, project_id: int) -> _Seed:
    """Read a whole file; it is one that we or an operator wrote, with tens or hundreds of rows."""
    try:
        with path.open("rb") as file:
            head = read_head(file)
            drafts = [_draft(each) for each in iter_rows(file, head)]
    except NotReadable as error:
        raise _not_fit(error.fault) from error
    return _Seed(ListPlace(project_id, path.stem, source=path.name), tuple(head.properties), drafts)


def _draft(row: EntityRow | RowFault) -> EntityDraft:
    faults = [row] if isinstance(row, RowFault) else list(_faults(row))
    if faults or isinstance(row, RowFault):
        raise _not_fit(faults[0])
    values = {name: value for name, value in row.values.items() if value and name != LABEL}
    return EntityDraft(row.values[LABEL], values, str(read_entity_id(row.given_id)), f"row {row.row}")


def _faults(row: EntityRow) -> Iterator[RowFault]:
    yield from find_cell_faults(row)
    if read_entity_id(row.given_id) is None:
        yield RowFault(row.row, "id", "every entity that comes with forms needs an id of its own (a UUID).")


def _not_fit(fault: RowFault) -> UploadNotFit:
    return UploadNotFit(faults=f"\n  {fault}", more="")
