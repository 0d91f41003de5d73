"""A deleted list has a number that is the same at every node, and what was in it can be written down."""

import io
from datetime import UTC, datetime, timedelta

from sync_server.core.entity_draft import EntityDraft
from sync_server.core.list_settings import ListSettings
from sync_server.node import Node
from sync_server.services.deleted_lists import find_deleted_list, write_deleted_list
from sync_server.services.edit_entities import ListPlace, create_entities, delete_entities
from sync_server.services.edit_lists import add_property, delete_list, make_list
from sync_server.services.show_lists import list_lists, trash_number
from sync_server.store.entities import EntityList

FORUMS = ListPlace(1, "forums")
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def deleted(name: str = "forums", at: datetime = NOON, project_id: int = 1) -> EntityList:
    settings = ListSettings(is_deleted=True, changed_at=at.isoformat())
    return EntityList(project_id=project_id, name=name, properties=(), rules={}, settings=settings)


def test_the_number_is_made_of_what_every_node_knows() -> None:
    number = trash_number("uid", deleted())
    assert number == trash_number("uid", deleted(project_id=7))  # which number the project has, is the node's
    assert 0 < number < 2**31
    others = (deleted("other"), deleted(at=NOON + timedelta(seconds=1)))
    assert len({number, trash_number("another", deleted()), *(trash_number("uid", each) for each in others)}) == 4


def test_a_list_deleted_a_second_time_has_only_what_it_had_then(node: Node) -> None:
    for label in ("Bardarash", "Zummar"):
        make_list(node, FORUMS)
        add_property(node, FORUMS, "adm2")
        gone, _ = create_entities(node, FORUMS, [EntityDraft("Gone"), EntityDraft(label, {"adm2": label[0]})])
        delete_entities(node, FORUMS, [gone])
        delete_list(node, FORUMS)
    (found,) = list_lists(node, None, 1, is_deleted=True)
    assert found.number is not None
    file = io.BytesIO()
    write_deleted_list(node, None, find_deleted_list(node, None, 1, found.number), file)
    header, *rows = file.getvalue().decode().splitlines()
    assert header.startswith("__id,label,adm2,__createdAt,__creatorId,__creatorName,__updates,__updatedAt,__version")
    assert [row.split(",")[1:3] for row in rows] == [["Zummar", "Z"]]
    assert list_lists(node, None, 1) == []
