"""An entity as somebody wants it to be, before it is one: what is checked before anything is changed."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from sync_server.core.entity_event import LABEL
from sync_server.entity_errors import EntityNotText, EntityNotValid
from sync_server.errors import NotFound

LONGEST = 100_000  # characters of one value: it travels to every tablet
_UUID = re.compile(r"(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EntityDraft:
    """`place` tells whoever wrote it where it stands, such as "row 7"; without an id one is made."""

    label: str
    values: Mapping[str, str] = field(default_factory=dict)
    entity_id: str = field(default_factory=lambda: str(uuid4()))
    place: str = "the entity"

    @property
    def said(self) -> dict[str, str]:
        return {**self.values, LABEL: self.label}


def read_entity_id(text: str) -> str | None:
    """Return an entity's id as it is kept; None for what is no UUID."""
    match = _UUID.fullmatch(text.strip())
    return match.group(1).lower() if match else None


def get_entity_id(text: str) -> str:
    """As `read_entity_id`; raise NotFound for what is no UUID: there can be no such entity."""
    found = read_entity_id(text)
    if found is None:
        raise NotFound
    return found


def check_drafts(drafts: Iterable[EntityDraft], properties: Collection[str]) -> Iterator[EntityDraft]:
    """Pass on what may be made, with its id as it is kept; raise EntityNotValid at the first that may not."""
    seen: set[str] = set()
    for draft in drafts:
        entity_id = read_entity_id(draft.entity_id)
        if entity_id is None:
            raise EntityNotText(place=draft.place, field="id", value=draft.entity_id[:60], reason="it is no UUID.")
        if entity_id in seen:
            raise EntityNotValid(place=draft.place, field="id", value=entity_id, reason="another one has it too.")
        seen.add(entity_id)
        check_values(draft.said, properties, place=draft.place)
        yield EntityDraft(draft.label, draft.values, entity_id, draft.place)


def check_values(said: Mapping[str, str], properties: Collection[str], *, place: str) -> None:
    """Raise EntityNotValid for a label that is empty, a property the list has not, and what is no text."""
    for name, value in said.items():
        if name != LABEL and name not in properties:
            raise EntityNotValid(
                place=place, field="property", value=name[:60], reason="the list has none of that name."
            )
        if not isinstance(value, str):
            raise EntityNotText(place=place, field=name, value=str(value)[:60], reason="it must be text.")
        if len(value) > LONGEST:
            raise EntityNotValid(place=place, field=name, value="…", reason=f"it is longer than {LONGEST} characters.")
    if LABEL in said and not said[LABEL].strip():
        raise EntityNotValid(place=place, field=LABEL, value=said[LABEL], reason="it is empty.")
