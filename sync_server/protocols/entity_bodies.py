"""Read what is sent of entities: one, many at once, a change, ids. Each thing is checked by hand.

A hundred thousand entities come in one request; a schema library spends a minute on them. What they may say of the
list's properties is checked where they are made (core/entity_draft.py).
"""

from collections.abc import Iterator
from typing import Any

from flask import request

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.entity_event import LABEL
from sync_server.entity_errors import EntityNotText, TooMuchAtOnce
from sync_server.errors import MissingParameter, UnexpectedValue, UnreadableJson
from sync_server.protocols.central_sessions import read_json
from sync_server.protocols.json_bodies import parse_json

LARGEST = 100_000_000  # bytes, as ODK Central takes
LONGEST_SOURCE = 250  # characters: it is kept with each entity
_EXAMPLE = '{"label": "Bardarash", "data": {"adm2": "IQG15Q01"}}'
_MANY = '{"source": {"name": "forums.csv"}, "entities": [{"label": "Bardarash", "data": {}}]}'
_ONE = "the entity"


def read_body() -> dict[str, Any]:
    """Read an object of up to LARGEST bytes; raise TooMuchAtOnce, UnreadableJson."""
    given = request.stream.read(LARGEST + 1) if (request.content_length or 0) <= LARGEST else b""
    if (request.content_length or 0) > LARGEST or len(given) > LARGEST:
        raise TooMuchAtOnce(limit=LARGEST)
    try:
        body = parse_json(given)
    except ValueError as error:
        raise UnreadableJson(example=_EXAMPLE) from error
    if not isinstance(body, dict):
        raise UnreadableJson(example=_EXAMPLE)
    return body


def read_draft(given: Any, place: str = _ONE) -> EntityDraft:
    """Read an entity to be; `place` says which of many it is."""
    if not isinstance(given, dict):
        raise EntityNotText(place=place, field="entity", value=str(given)[:40], reason=f"write it like {_EXAMPLE}.")
    if given.get("label") is None:
        raise MissingParameter(field="label" if place == _ONE else f"label of {place}")
    label, values = _text(given["label"], "label", place), _read_data(given.get("data"), place)
    if given.get("uuid") is None:
        return EntityDraft(label, values, place=place)
    return EntityDraft(label, values, _text(given["uuid"], "uuid", place), place)


def read_drafts(body: dict[str, Any]) -> Iterator[EntityDraft]:
    """Read many entities to be, one at a time."""
    given = body["entities"]
    if not isinstance(given, list):
        raise UnreadableJson(example=_MANY)
    return (read_draft(each, f"entity {number}") for number, each in enumerate(given, start=1))


def read_source(body: dict[str, Any]) -> str:
    """Read where many entities come from, such as the name of a file."""
    source = body.get("source")
    name = source.get("name") if isinstance(source, dict) else None
    if name is None or name == "":
        raise MissingParameter(field="source" if source is None else "source.name")
    return _text(name, "source.name", "the request")[:LONGEST_SOURCE]


def read_change() -> dict[str, str]:
    """Read what of an entity is to change: its label and properties, as far as they are named."""
    body = read_json(_EXAMPLE)
    said = _read_data(body.get("data"), _ONE)
    if "label" in body:
        said[LABEL] = _text(body["label"], "label", _ONE)
    return said


def read_settlement() -> dict[str, str]:
    """As `read_change`; nothing at all settles for what is shown."""
    return read_change() if request.content_length or request.headers.get("Transfer-Encoding") else {}


def read_ids() -> list[str]:
    """Read which entities are meant."""
    ids = read_body().get("ids")
    if not isinstance(ids, list):
        raise MissingParameter(field="ids")
    if not all(isinstance(each, str) for each in ids):
        raise UnexpectedValue(field="ids", value="…", reason="each must be the id of an entity, as text.")
    return ids


def _read_data(given: Any, place: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise EntityNotText(
            place=place, field="data", value=str(given)[:40], reason="write properties and their values."
        )
    return {name: _text(value, name, place) for name, value in given.items() if name != LABEL or _refuse(place)}


def _refuse(place: str) -> bool:
    """The label has a place of its own; among the properties it would take the place of that."""
    raise EntityNotText(place=place, field="property", value=LABEL, reason="write the label beside the data.")


def _text(given: Any, name: str, place: str) -> str:
    if not isinstance(given, str):
        raise EntityNotText(place=place, field=name[:60], value=str(given)[:40], reason="it must be text.")
    return given
