"""Whether a decision from another node says what its kind says: what is folded, carried out and listed relies on it."""

from collections.abc import Callable, Mapping
from typing import Any

from sync_server.core import entity_decision, list_settings
from sync_server.core.entity_decision import is_entity_body
from sync_server.core.entity_draft import read_entity_id
from sync_server.core.entity_spec import is_list_name
from sync_server.core.form_states import STATES
from sync_server.core.list_settings import is_list_body
from sync_server.core.replication_items import DecisionItem
from sync_server.core.submission_state import REVIEW_STATES

MOST_SEEN = 10_000
"""Versions and decisions that an author can have seen of one submission, and instances that one erasure can take."""

Json = Mapping[str, Any]


def is_well_formed(item: DecisionItem) -> bool:
    """Tell whether body and words of a decision are of the form that its kind has; an unknown kind has none."""
    check = _BODIES.get(item.decision_kind)
    is_known = check is not None and check(item.body) and _is_placed(item)
    return is_known and len(item.parents) <= MOST_SEEN and (item.words is None or _are_words(item.words))


def _is_placed(item: DecisionItem) -> bool:
    """Tell whether a decision is about what its kind is about; any text names a form or a submission."""
    if item.decision_kind == entity_decision.KIND:
        return is_list_name(item.form_id) and read_entity_id(item.subject) == item.subject
    if item.decision_kind == list_settings.KIND:
        return is_list_name(item.form_id) and item.subject == item.form_id
    return True


def _are_words(words: Json) -> bool:
    body = words.get("body")
    return words.keys() == {"reason", "body"} and isinstance(words["reason"], str) and _is_of_texts(body)


def _is_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())


def _is_choice(body: Json) -> bool:
    return isinstance(body.get("version"), str) and isinstance(body.get("path"), str | None)


def _is_erasure(body: Json) -> bool:
    texts = all(isinstance(body.get(name), str) for name in ("erasure", "what"))
    numbers = all(type(body.get(name)) is int for name in ("receipts", "rows", "answers", "sealed"))
    is_person = body.get("scope") == "person" and _is_identity(body.get("identity"))
    lists = _are_texts(body.get("instances")) and _are_texts(body.get("files")) and _are_versions(body.get("versions"))
    return texts and numbers and lists and (is_person or body.get("scope") == "whole")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_SEEN and all(isinstance(each, str) for each in value)


def _are_versions(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_SEEN and all(map(_is_of_texts, value))


def _is_identity(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("hashes"), list):
        return False
    hashes = all(isinstance(h, dict) and h.keys() >= {"kind", "length", "hash"} for h in value["hashes"])
    return hashes and all(type(h["length"]) is int for h in value["hashes"]) and _is_hex(value.get("salt"))


def _is_hex(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(bytes.fromhex(value))
    except ValueError:
        return False


_BODIES: dict[str, Callable[[Json], bool]] = {
    "accept": lambda body: True,
    "choose": _is_choice,
    "review": lambda body: body.get("state") in REVIEW_STATES,
    "comment": lambda body: True,
    "erasure": _is_erasure,
    "form_state": lambda body: body.get("state") in STATES,
    entity_decision.KIND: is_entity_body,
    list_settings.KIND: is_list_body,
}
