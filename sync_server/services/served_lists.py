"""Entity lists as tablets get them: which belong to a form, what they compare, and the CSV itself.

A form gets the project's list `participants` when it names `participants.csv` and nobody has put a file of that name
beside it. What tablets compare depends on the list alone, so it is the same from every form.
"""

from collections.abc import Iterator
from typing import IO

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import list_hash
from sync_server.core.entity_event import LABEL
from sync_server.exporters.csv_text import csv_line
from sync_server.services.form_definitions import get_definition
from sync_server.store import entities, form_list, forms
from sync_server.store.entities import EntityList

SUFFIX = ".csv"


def find_form_lists(session: Session, project_id: int, version_id: int) -> list[EntityList]:
    """Find the lists that belong to a form version, by name."""
    lists = {f"{each.name}{SUFFIX}": each for each in entities.iter_lists(session, project_id)}
    version = forms.find_version_by_id(session, project_id, version_id) if lists else None
    if version is None:
        return []
    files = {file.name for file in form_list.iter_form_media(session, project_id, version_id)}
    named = {name for name in get_definition(session, version).media if name not in files}
    return [each for file_name, each in lists.items() if file_name in named]


def find_form_list(session: Session, project_id: int, version_id: int, file_name: str) -> EntityList | None:
    """Find the list that a form version gets under this name."""
    lists = find_form_lists(session, project_id, version_id)
    return next((each for each in lists if f"{each.name}{SUFFIX}" == file_name), None)


def hash_of(served: EntityList) -> str:
    """The md5 that changes exactly when what tablets are served of a list changes."""
    return list_hash(served.properties, served.served, served.digest)


def write_csv(session: Session, served: EntityList, file: IO[bytes]) -> None:
    """Write a list with the columns that Collect wants: name (the id), label, __version, then the properties."""
    file.write(csv_line(("name", "label", "__version", *served.properties)).encode())
    for entity in entities.iter_served(session, served.project_id, served.name):
        values = entity.data
        cells = (values.get(name, "") for name in (LABEL, *served.properties))
        label, *properties = cells
        file.write(csv_line((entity.entity_id, label, str(entity.number), *properties)).encode())


def find_deleted(session: Session, served: EntityList, entity_ids: list[str]) -> Iterator[tuple[str, bool]]:
    """Tell of each of these entities that is known whether it was deleted."""
    for entity in entities.find_entities(session, served.project_id, served.name, entity_ids):
        if entity.is_served or entity.is_deleted:
            yield entity.entity_id, entity.is_deleted
