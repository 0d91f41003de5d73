"""Forms go down from a project's home and are in force there; what only a hub has goes up, to read its data with."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync_server.core.replication_items import FormItem, FormVersionItem, MediaFile, NodeItem
from sync_server.node import Node
from sync_server.replication.outgoing_project import find_project_lacking
from sync_server.replication.taking import NOT_FROM_A_HUB, NOT_WHAT_IT_SAYS, UNREADABLE
from sync_server.services.form_media import put_media
from sync_server.services.form_state import set_form_state
from sync_server.services.projects import ProjectChanges, change_project
from sync_server.services.publish_form import publish_form
from sync_server.store import known_nodes, projects
from sync_server.store.tables import awaited_files, form_versions
from tests.support.form_tables import meeting_form
from tests.support.project_pair import LIST, bring_file, carry, count, everything, form_at, head, offered, pair, take


@pytest.fixture
def centre(node: Node, hub: Node) -> Node:
    pair(node, hub)
    return node


# -- down


def test_a_form_becomes_current_at_the_hub(centre: Node, hub: Node) -> None:
    published = publish_form(centre, None, meeting_form())
    carried = carry(centre, hub)
    assert carried.refused == {}
    found = form_at(hub)
    assert found is not None
    assert (found.current.sha256, found.current.md5, found.state) == (published.sha256, published.md5, "open")
    assert found.current.annotations == published.annotations
    assert offered(hub) == ["1"]
    assert ("form_version", "meeting", published.sha256) in carried.told


def test_twice_is_once_and_the_feed_does_not_grow(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    put_media(centre, None, "meeting", "forums.csv", [LIST])
    carry(centre, hub)
    before = (head(hub), count(hub, form_versions), count(hub, awaited_files))
    assert carry(centre, hub).told == []
    bring_file(hub)
    assert carry(centre, hub).told == []
    assert (head(hub), count(hub, form_versions), count(hub, awaited_files)) == (before[0], before[1], 0)


def test_no_tablet_gets_half_a_form(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    put_media(centre, None, "meeting", "forums.csv", [LIST])
    carry(centre, hub)
    assert form_at(hub) is None
    assert offered(hub) == []
    assert bring_file(hub)
    assert offered(hub) == ["1"]

    publish_form(centre, None, meeting_form(version="2"))
    put_media(centre, None, "meeting", "forums.csv", [LIST, b"b,B\n"])
    carry(centre, hub)
    assert offered(hub) == ["1"]
    assert bring_file(hub, content=LIST + b"b,B\n")
    assert offered(hub) == ["2"]


def test_media_whose_bytes_are_here_need_not_come_again(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    put_media(centre, None, "meeting", "forums.csv", [LIST])
    spool = hub.blobs.spool()
    spool.write(LIST)
    spool.keep()
    carry(centre, hub)
    assert offered(hub) == ["1"]
    assert count(hub, awaited_files) == 0


def test_of_a_list_that_changed_twice_only_the_newest_is_awaited(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    for content in (LIST, LIST + b"b,B\n"):
        put_media(centre, None, "meeting", "forums.csv", [content])
        carry(centre, hub)
    assert count(hub, awaited_files) == 1
    assert bring_file(hub, content=LIST + b"b,B\n")


def test_the_state_of_a_new_form_is_the_homes(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    set_form_state(centre, None, "meeting", "closed")
    carry(centre, hub)
    found = form_at(hub)
    assert found is not None
    assert found.state == "closed"


def test_a_peer_of_one_form_gets_no_other(node: Node, hub: Node) -> None:
    pair(node, hub, form_id="meeting")
    for form_id in ("meeting", "other"):
        publish_form(node, None, meeting_form(form_id=form_id))
    items = [item for item in everything(node, hub) if isinstance(item, FormItem | FormVersionItem)]
    assert {item.form_id for item in items} == {"meeting"}


def test_a_change_names_its_version_and_the_lacking_are_found(centre: Node, hub: Node) -> None:
    first = publish_form(centre, None, meeting_form())
    carry(centre, hub)
    second = publish_form(centre, None, meeting_form(version="2"))
    items = everything(centre, hub, versions={second.sha256})
    assert [item.sha256 for item in items if isinstance(item, FormVersionItem)] == [second.sha256]
    names = [item.name for item in everything(centre, hub) if item.kind in ("form_version", "form")]
    with hub.database.read() as session:
        lacking = find_project_lacking(session, names)
    assert [name for name in names if name not in lacking] == [n for n in names if n.endswith(first.sha256)]


def test_a_project_is_called_and_set_aside_as_at_home(centre: Node, hub: Node) -> None:
    change_project(centre, None, 1, ProjectChanges(name="Forums", description="All", is_archived=True))
    carry(centre, hub)
    with hub.database.read() as session:
        project = projects.get_project(session, 1)
    assert (project.name, project.description, project.is_archived) == ("Forums", "All", True)
    assert carry(centre, hub).told == []


def test_keys_of_other_nodes_come_with_the_project(centre: Node, hub: Node) -> None:
    other = NodeItem(id="other", node_name="Tal Afar", public_key=b"k" * 32)
    assert take(hub, centre, [other]).refused == {}
    assert take(hub, centre, [other]).told == []
    with hub.database.read() as session:
        assert known_nodes.find_node(session, "other") == ("Tal Afar", b"k" * 32)
    swapped = replace(other, public_key=b"x" * 32)
    assert take(hub, centre, [swapped]).refused == {other.name: NOT_WHAT_IT_SAYS}
    assert [item.kind for item in everything(centre, hub) if item.kind == "node"] == []


def test_a_form_of_which_the_version_is_still_to_come_waits_for_it(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    items = everything(centre, hub)
    carried = take(hub, centre, [item for item in items if isinstance(item, FormItem)])
    assert (carried.refused, form_at(hub)) == ({}, None)
    take(hub, centre, items)
    assert offered(hub) == ["1"]


# -- what a hub may not say


def test_a_hub_says_nothing_of_the_project_or_its_forms(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    carry(centre, hub)
    said = {item.kind: item for item in everything(centre, hub)}
    forged = [
        NodeItem(id="m", node_name="Mallory", public_key=b"k" * 32),
        replace(said["project"], title="Mine"),
        replace(said["form"], state="closed"),
    ]  # type: ignore[type-var]
    carried = take(centre, hub, forged)  # type: ignore[arg-type]
    assert set(carried.refused.values()) == {NOT_FROM_A_HUB}
    assert (len(carried.refused), carried.told) == (3, [])


def test_bytes_that_are_no_form_or_another_are_refused(centre: Node, hub: Node) -> None:
    publish_form(centre, None, meeting_form())
    (item,) = [item for item in everything(centre, hub) if isinstance(item, FormVersionItem)]
    broken = replace(item, xml=b"<no form/>")
    other = replace(item, version="9")
    assert take(hub, centre, [broken, other]).refused == {broken.name: UNREADABLE, other.name: NOT_WHAT_IT_SAYS}
    outside = replace(item, media=(a_file("../secrets"),))
    assert take(hub, centre, [outside]).refused == {outside.name: UNREADABLE}


def a_file(name: str) -> MediaFile:
    return MediaFile(name=name, sha256="0" * 64, md5="0" * 32, size=1, type="text/csv", updated_at=datetime.now(UTC))
