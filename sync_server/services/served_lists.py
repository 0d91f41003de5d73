"""Entity lists as tablets get them: which belong to a form, what they compare, and the CSV itself.

What an actor gets of a list, services/list_scope.py says.

A form gets the project's list `participants` when it names `participants.csv` and nobody has put a file of that name
beside it. What tablets compare depends on the list and on who asks, so it is the same from every form.
"""

from collections.abc import Iterator
from typing import IO

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import RowSum, list_hash
from sync_server.core.list_condition import EVERYTHING, holds
from sync_server.node import Node
from sync_server.services.form_definitions import get_definition
from sync_server.services.list_lines import write_lines
from sync_server.services.list_scope import ListView
from sync_server.store import entities, form_list, forms, list_rows
from sync_server.store.entities import EntityList

SUFFIX = ".csv"


def find_form_lists(session: Session, project_id: int, version_id: int) -> list[EntityList]:
    """Find the lists that belong to a form version, by name."""
    lists = _find_lists(session, project_id)
    version = forms.find_version_by_id(session, project_id, version_id) if lists else None
    named = lists.keys() & get_definition(session, version).media if version else set[str]()
    if not named:
        return []
    files = {file.name for file in form_list.iter_form_media(session, project_id, version_id)}
    return [lists[name] for name in sorted(named - files)]


def _find_lists(session: Session, project_id: int) -> dict[str, EntityList]:
    """The lists of a project by the name of their file; remembered for the session, which is one snapshot."""
    remembered: dict[int, dict[str, EntityList]] = session.info.setdefault("entity_lists", {})
    if project_id not in remembered:
        remembered[project_id] = {f"{each.name}{SUFFIX}": each for each in entities.iter_lists(session, project_id)}
    return remembered[project_id]


def find_form_list(session: Session, project_id: int, version_id: int, file_name: str) -> EntityList | None:
    """Find the list that a form version gets under this name."""
    lists = find_form_lists(session, project_id, version_id)
    return next((each for each in lists if f"{each.name}{SUFFIX}" == file_name), None)


def hash_of(node: Node, session: Session, view: ListView) -> str:
    """The md5 that changes exactly when what is served of a list changes."""
    return list_hash(view.columns, node.list_sums.get(view.list, view.rows, lambda: _add_up(session, view)))


def find_hash(node: Node, view: ListView) -> str | None:
    """As `hash_of`, if it is known without reading the list."""
    summed = node.list_sums.find(view.list, view.rows)
    return None if summed is None else list_hash(view.columns, summed)


def write_csv(node: Node, session: Session, view: ListView, file: IO[bytes]) -> str:
    """Write what is served of a list; return its hash."""
    summed = write_lines(session, view.list, view.rows, view.columns, file)
    return list_hash(view.columns, node.list_sums.put(view.list, view.rows, summed))


def find_deleted(
    session: Session, view: ListView, actor_id: int | None, entity_ids: list[str]
) -> Iterator[tuple[str, bool]]:
    """Tell of each of these entities whether it is to go from the tablet.

    That is one that was deleted, and one that the tablet itself made and that is out of its scope by now. Of an entity
    that neither is nor was in its scope nothing is told, as of one that is not known: not even that it exists.
    """
    for entity in entities.find_entities(session, view.list.project_id, view.list.name, entity_ids):
        is_in_scope = holds(view.rows, entity.data, entity.creator_id)
        is_own = actor_id is not None and entity.creator_id == actor_id
        if (entity.is_served or entity.is_deleted) and (is_in_scope or is_own):
            yield entity.entity_id, entity.is_deleted or not is_in_scope


def _add_up(session: Session, view: ListView) -> RowSum:
    if view.rows == EVERYTHING:
        return RowSum(view.list.served, view.list.digest)
    summed = RowSum()
    for marks in list_rows.iter_fingerprints(session, view.list, view.rows):
        summed.add(marks)
    return summed
