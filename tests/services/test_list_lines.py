"""The line of each entity is as the list's columns are, and what tablets compare comes to these lines."""

from io import BytesIO

import pytest

from sync_server.core.list_condition import EVERYTHING
from sync_server.core.xlsform import convert_form
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import ListPlace
from sync_server.services.edit_lists import add_property, change_list
from sync_server.services.list_lines import write_lines
from sync_server.services.verify_node import verify_node
from sync_server.store import list_rows
from tests.support.samples import NOON, add_form, send
from tests.support.wells import OTHER, WELL, publish_wells, the_list, well
from tests.support.wells import WELLS as WELLS_FORM

WELLS = ListPlace(1, "wells")


@pytest.fixture
def wells(node: Node, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(list_rows, "PIECE", 1)  # many pieces of a small list
    publish_wells(node)
    send(node, well("a", place="Bartella"))
    send(node, well("b", id=OTHER, place='Zummar, "old"'), minutes=1)
    return node


def served(node: Node) -> list[str]:
    of_list, file = the_list(node), BytesIO()
    with node.database.read() as session:
        write_lines(session, of_list, EVERYTHING, of_list.columns, file)
    return [line.replace(WELL, "W").replace(OTHER, "O") for line in file.getvalue().decode().splitlines()]


def cut(lines: list[str]) -> list[str]:
    """Without the versions, which are made by chance."""
    return [",".join(cell for cell in line.split(",") if not cell.isdecimal()) for line in lines]


def test_lines_follow_the_columns_of_the_list(wells: Node) -> None:
    before = the_list(wells)
    assert cut(served(wells)) == [
        "name,label,__version,place,reason,status",
        "W,Bartella,Bartella,,open",
        'O,Bartella,"Zummar, ""old""",,open',
    ]
    add_property(wells, WELLS, "depth")
    assert cut(served(wells))[1] == "W,Bartella,,Bartella,,open"
    change_list(wells, WELLS, {"access": {"hidden": ["place", "depth"]}})
    assert cut(served(wells)) == ["name,label,__version,reason,status", "W,Bartella,,open", "O,Bartella,,open"]
    hidden = the_list(wells)
    assert hidden.digest != before.digest
    assert not list(verify_node(wells))
    consumers.rebuild(wells)
    assert the_list(wells) == hidden
    change_list(wells, WELLS, {"access": None})
    assert the_list(wells).columns == ("label", "depth", "place", "reason", "status")


def test_where_a_label_is_made_of_severe_answers_the_id_stands_for_it(wells: Node) -> None:
    severe = WELLS_FORM.replace("| wells | 1 |", "| wells | 2 |").encode()
    add_form(wells, convert_form(severe).xml, "wells", "2", NOON, annotations={"/place": {"sensitivity": "severe"}})
    assert cut(served(wells)) == ["name,label,__version,reason,status", "W,W,,open", "O,O,,open"]
