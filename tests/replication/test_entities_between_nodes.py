"""The same list at two hubs and the centre: whatever tablets carry from one hub to the other, all come to the same."""

from pathlib import Path
from typing import Any

from sync_server.core.roles import PEER
from sync_server.node import Node
from tests.support.paired_nodes import open_node, pair, sync
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, shown, the_list, update, well


def states(node: Node) -> dict[str, tuple[int, dict[str, Any]]]:
    return {entity_id: (entity.number, entity.state) for entity_id, entity in shown(node).items()}


def test_two_hubs_and_the_centre_show_the_same_and_the_conflict_is_one(hub: Node, tmp_path: Path) -> None:
    with open_node(tmp_path / "centre") as centre, open_node(tmp_path / "second") as second:
        publish_wells(centre)
        for each in (hub, second):
            pair(each, centre, role=PEER, name=each.id)
            sync(each, centre)
        send(hub, well("a"))
        for each in (hub, second):
            sync(each, centre)
        number = shown(second)[WELL].number
        assert number == shown(hub)[WELL].number
        send(hub, well("b", update(number, "one"), state="closed"), minutes=1)
        send(second, well("c", update(number, "two"), state="referred"), minutes=2)
        send(second, well("o", id=OTHER), minutes=3)
        # A tablet has its list from the one hub, and sends to the other.
        seen = shown(hub)[WELL].number
        send(second, well("d", update(seen, "three"), state="resolved"), minutes=4)
        assert shown(second)[WELL].is_waiting
        for each in (hub, second, hub):
            sync(each, centre)
        assert states(hub) == states(centre) == states(second)
        assert the_list(hub).digest == the_list(centre).digest == the_list(second).digest
        well_ = shown(centre)[WELL]
        assert not well_.is_waiting
        (conflict,) = well_.state["conflicts"]
        assert [value for _event, value in conflict["claims"]] == ["resolved", "referred"]
