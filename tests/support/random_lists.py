"""Entity lists, rules and actors nobody thought of, and who gets what by the plainest reading of the rule.

A filter is made together with what it means: true, false, or None for "cannot be known", as SQL has it.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from sync_server.core.entity_digest import row_fingerprint
from sync_server.exporters.list_line import write_line
from sync_server.node import Node
from sync_server.services.entity_lists import ListSettings
from sync_server.store import entities
from sync_server.store.entities import EntityList, StoredEntity
from tests.support.samples import NOON

PROPERTIES = ("adm2", "forum", "ناو-2")
NOTED = ("district", "forums")
VALUES = ("", "a", "b", "A", "ب", "it's", "10", "9")
CREATORS = (None, 1, 2)

Values = Mapping[str, str]
Holds = Callable[[Values, Values], bool | None]


@dataclass(frozen=True)
class Rule:
    """A filter as it is written, and what it says of an entity's values and those noted of an actor."""

    text: str
    says: Holds

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Made:
    """One entity as it was put there."""

    entity_id: str
    values: Values
    creator_id: int | None


def _compared(name: str, word: str, value: str) -> Rule:
    def says(values: Values, _: Values) -> bool | None:
        found = values.get(name, "")
        if word in ("eq", "ne"):
            return (found == value) is (word == "eq")
        return getattr(operator, word)(found, value) if found else None

    return Rule(f"{name} {word} '" + value.replace("'", "''") + "'", says)


def _empty(name: str, word: str) -> Rule:
    return Rule(f"{name} {word} null", lambda values, _: (not values.get(name)) is (word == "eq"))


def _noted(name: str, word: str, noted: str) -> Rule:
    def says(values: Values, of_actor: Values) -> bool | None:
        wanted = of_actor.get(noted, "").split()
        return (values.get(name, "") in wanted) is (word == "eq") if wanted else None

    return Rule(f"{name} {word} $actor/{noted}", says)


def _not(rule: Rule) -> Rule:
    def says(values: Values, noted: Values) -> bool | None:
        said = rule.says(values, noted)
        return None if said is None else not said

    return Rule(f"not ({rule.text})", says)


def _joined(rules: list[Rule], word: str) -> Rule:
    def says(values: Values, noted: Values) -> bool | None:
        said = [rule.says(values, noted) for rule in rules]
        decides = word == "or"
        if decides in said:
            return decides
        return None if None in said else not decides

    return Rule(f" {word} ".join(f"({rule.text})" for rule in rules), says)


_names, _values = st.sampled_from(PROPERTIES), st.sampled_from(VALUES)
_equal = st.sampled_from(("eq", "ne"))
_leaves = st.one_of(
    st.builds(_compared, _names, st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), _values),
    st.builds(_empty, _names, _equal),
    st.builds(_noted, _names, _equal, st.sampled_from(NOTED)),
)
rules = st.recursive(
    _leaves,
    lambda deeper: st.one_of(
        st.builds(_not, deeper),
        st.builds(_joined, st.lists(deeper, min_size=2, max_size=3), st.sampled_from(("and", "or"))),
    ),
    max_leaves=6,
)
noted = st.dictionaries(st.sampled_from(NOTED), st.lists(st.sampled_from(("a", "b", "ب")), max_size=2).map(" ".join))
made = st.lists(
    st.builds(
        Made,
        st.integers(0, 40).map(lambda n: f"0190a1b2-0000-4000-8000-{n:012d}"),
        st.dictionaries(st.sampled_from(("label", *PROPERTIES)), _values),
        st.sampled_from(CREATORS),
    ),
    min_size=4,
    max_size=12,
    unique_by=lambda each: each.entity_id,
)


def put_made(node: Node, settings: ListSettings, put: list[Made], known: set[str]) -> EntityList:
    """Put a list and its entities in the place of what was there, as the consumer does."""
    of_list = EntityList(
        project_id=1, name="things", properties=PROPERTIES, rules={}, settings=settings, tags={"#adm2+code": "adm2"}
    )
    rows = [_stored(of_list, each) for each in put]
    known |= {each.entity_id for each in put}

    def write(session: Any) -> None:
        entities.put_list(session, of_list)
        entities.put_entities(session, rows, touched=[(1, "things", each) for each in known])

    node.write(write)
    with node.database.read() as session:
        found = entities.find_list(session, 1, "things")
    assert found is not None
    return found


def _stored(of_list: EntityList, each: Made) -> StoredEntity:
    values = dict(each.values)
    line = write_line(of_list.columns, each.entity_id, 10_000, values)
    return StoredEntity(
        project_id=1,
        list_name=of_list.name,
        entity_id=each.entity_id,
        number=10_000,
        label=values.get("label", ""),
        is_served=True,
        is_deleted=False,
        has_conflict=False,
        is_waiting=False,
        data=values,
        state={},
        fingerprint=row_fingerprint(line),
        line=line,
        created_at=NOON,
        updated_at=NOON,
        creator_id=each.creator_id,
    )
