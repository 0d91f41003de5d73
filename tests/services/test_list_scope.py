"""What a role that is narrowed to rows means for an entity list."""

import pytest

from sync_server.core.list_condition import EVERYTHING, NOTHING, holds
from sync_server.core.list_settings import ListSettings
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace
from sync_server.services.edit_lists import add_property, change_list, make_list
from sync_server.services.list_scope import rows_in_scope
from sync_server.store.entities import EntityList
from tests.support.wells import publish_wells, the_list

DISTRICT = "#adm2+code eq 'IQG15Q01'"


def a_list(*properties: str, access: dict[str, object] | None = None, **tags: str) -> EntityList:
    return EntityList(
        project_id=1,
        name="forums",
        properties=properties,
        rules={},
        settings=ListSettings(access=access),
        tags={tag: name for name, tag in tags.items()},
    )


FORUMS = a_list("adm2", "status", adm2="#adm2+code")


@pytest.mark.parametrize(
    ("rows", "values", "is_theirs"),
    [
        (DISTRICT, {"adm2": "IQG15Q01"}, True),
        (DISTRICT, {"adm2": "IQG15Q02"}, False),
        (DISTRICT, {}, False),
        ("#adm2+code ne 'IQG15Q01'", {"adm2": "IQG15Q02"}, True),
        ("#adm2+code ne 'IQG15Q01'", {}, False),
        ("not (#adm2+code eq 'IQG15Q01')", {}, False),
        (f"{DISTRICT} or #adm2+code eq null", {}, True),
        (f"{DISTRICT} and status ne 'closed'", {"adm2": "IQG15Q01", "status": "open"}, True),
        (f"{DISTRICT} and year(since) eq 2017", {"adm2": "IQG15Q01"}, False),
        ("meeting/adm2 eq 'IQG15Q01'", {"adm2": "IQG15Q01"}, False),
        ("#country+code eq 'IQ'", {"adm2": "IQG15Q01"}, False),
    ],
)
def test_rows_let_through_what_is_known_to_be_theirs(rows: str, values: dict[str, str], is_theirs: bool) -> None:
    assert holds(rows_in_scope(FORUMS, rows), values) is is_theirs


def test_without_a_tagged_property_nothing_is_theirs_unless_the_list_is_shared() -> None:
    assert rows_in_scope(a_list("adm2"), None) == EVERYTHING
    assert rows_in_scope(a_list("place"), DISTRICT) == NOTHING
    assert rows_in_scope(a_list("place", access={"shared": True}), DISTRICT) == EVERYTHING


def test_a_tag_is_what_people_say_then_what_the_form_says_then_what_the_name_says(node: Node) -> None:
    publish_wells(node, hxl="#adm2+code")
    assert the_list(node).tags == {"#adm2+code": "status"}
    place = ListPlace(1, "wells")
    add_property(node, place, "adm2")
    add_property(node, place, "adm3")
    assert the_list(node).tags == {"#adm2+code": "status", "#adm3+code": "adm3"}
    change_list(node, place, {"tags": {"status": "", "adm3": "#adm3+pcode"}})
    assert the_list(node).tags == {"#adm2+code": "adm2", "#adm3+pcode": "adm3"}


def test_a_list_knows_how_sensitive_its_properties_are(node: Node) -> None:
    publish_wells(node, sensitivity="high")
    assert the_list(node).levels == {"status": "high"}
    publish_wells(node, "2")
    assert the_list(node).levels == {"status": "high"}
    publish_wells(node, "3", sensitivity="severe")
    assert (the_list(node).levels, the_list(node).properties) == ({}, ("place", "reason"))


def test_a_list_made_by_hand_is_tagged_by_hand(node: Node) -> None:
    place = ListPlace(1, "offices")
    make_list(node, place)
    add_property(node, place, "district")
    assert the_list(node, "offices").tags == {}
    change_list(node, place, {"tags": {"district": "#adm2+code"}})
    assert the_list(node, "offices").tags == {"#adm2+code": "district"}
