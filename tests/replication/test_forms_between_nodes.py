"""Forms go down from a project's home and are in force there; what only a hub has goes up, to read its data with."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.cli import main
from sync_server.core.replication_items import FormItem, FormVersionItem, NodeItem, ProjectItem
from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere
from sync_server.replication.outgoing_project import find_project_lacking
from sync_server.replication.taking import NOT_FROM_A_HUB, NOT_WHAT_IT_SAYS, UNREADABLE
from sync_server.services.form_media import put_media
from sync_server.services.form_state import set_form_state
from sync_server.services.form_variants import list_variants, settle_variant
from sync_server.services.projects import ProjectChanges, change_project
from sync_server.services.publish_folder import publish_folder
from sync_server.services.publish_form import publish_form
from sync_server.services.retention import set_rule
from sync_server.store import audits, form_list, forms, known_nodes, projects, replicated_forms
from sync_server.store.forms import Form, FormAttachment
from sync_server.store.tables import awaited_files, form_versions
from tests.support.form_tables import meeting_form
from tests.support.project_pair import carry, count, everything, head, pair, take

LIST = b"name,label\na,A\n"


@pytest.fixture
def centre(node: Node, hub: Node) -> Node:
    pair(node, hub)
    return node


def form_at(node: Node) -> Form | None:
    with node.database.read() as session:
        return forms.find_form(session, 1, "meeting")


def offered(node: Node) -> list[str]:
    with node.database.read() as session:
        return [form.version for form in form_list.iter_offered_forms(session, 1)]


def bring_file(hub: Node, name: str = "forums.csv", content: bytes = LIST) -> bool:
    """Do as the lane of media does when an awaited file of a form is whole."""
    with hub.database.read() as session:
        row = session.execute(select(awaited_files).where(awaited_files.c.name == name)).one()
    spool = hub.blobs.spool()
    spool.write(content)
    assert spool.keep() == row.sha256
    file = FormAttachment(
        name=name, sha256=row.sha256, md5=row.md5, size=row.size, type=row.type, updated_at=row.updated_at
    )

    def put(session: Session) -> bool:
        replicated_forms.put_media(session, row.version_id, file)
        return replicated_forms.activate_if_complete(session, row.version_id) is not None

    return hub.write(put)


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


def a_file(name: str):  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    from sync_server.core.replication_items import MediaFile

    return MediaFile(name=name, sha256="0" * 64, md5="0" * 32, size=1, type="text/csv", updated_at=datetime.now(UTC))


# -- up


def test_a_form_of_a_hub_alone_can_be_read_at_the_centre_and_no_tablet_gets_it(node: Node, hub: Node) -> None:
    publish_form(hub, None, meeting_form())
    newest = publish_form(hub, None, meeting_form(version="2"))
    pair(node, hub)
    carried = carry(hub, node)
    found = form_at(node)
    assert found is not None
    assert (found.state, found.current.sha256) == ("closing", newest.sha256)
    assert offered(node) == []
    assert carry(hub, node).told == []
    with node.database.read() as session:
        assert [audit.act.details for audit in audits.iter_audits(session, action="form.create")] == [{"peer": hub.id}]
    set_form_state(node, None, "meeting", "open")
    assert offered(node) == ["2"]
    assert ("form_version", "meeting", newest.sha256) in carried.told


def test_what_a_hub_publishes_never_changes_what_is_in_force(node: Node, hub: Node) -> None:
    publish_form(hub, None, meeting_form(version="2"))
    publish_form(node, None, meeting_form(version="1"))
    pair(node, hub)
    carry(hub, node)
    found = form_at(node)
    assert found is not None
    assert found.current.version == "1"
    with node.database.read() as session:
        assert forms.find_version(session, 1, "meeting", "2") is not None


@pytest.mark.parametrize("goes_first", ["up", "down"])
def test_of_two_forms_under_one_version_the_homes_is_in_force_on_both(node: Node, hub: Node, goes_first: str) -> None:
    own = publish_form(hub, None, meeting_form(choices=("erbil",)))
    homes = publish_form(node, None, meeting_form())
    pair(node, hub)
    for source, target in ((hub, node), (node, hub), (hub, node)) if goes_first == "up" else ((node, hub), (hub, node)):
        carry(source, target)
    for each in (node, hub):
        found = form_at(each)
        assert found is not None
        assert found.current.sha256 == homes.sha256
        (variant,) = list_variants(each, None)
        assert (variant.sha256, variant.node, variant.version) == (own.sha256, hub.id, "1")
    assert (carry(node, hub).told, carry(hub, node).told) == ([], [])


def test_a_form_that_takes_anothers_place_waits_for_its_media(node: Node, hub: Node) -> None:
    publish_form(hub, None, meeting_form(choices=("erbil",)))
    publish_form(node, None, meeting_form())
    put_media(node, None, "meeting", "forums.csv", [LIST])
    pair(node, hub)
    carry(node, hub)
    assert form_at(hub) is not None
    assert offered(hub) == []
    assert bring_file(hub)
    assert offered(hub) == ["1"]


def test_a_variant_is_settled_once_and_kept(node: Node, hub: Node) -> None:
    own = publish_form(hub, None, meeting_form(choices=("erbil",)))
    publish_form(node, None, meeting_form())
    pair(node, hub)
    carry(node, hub)
    data = ["--data", str(hub.settings.data)]
    shown = CliRunner().invoke(main, [*data, "form", "variants"])
    assert own.sha256[:12] in shown.output
    settled = CliRunner().invoke(main, [*data, "form", "settle", "meeting", "1", own.sha256[:12]])
    assert settled.output == f"Settled: meeting 1 {own.sha256[:12]}\n"
    assert list_variants(hub, None) == []
    settle_variant(hub, None, "meeting", "1", own.sha256)
    carry(node, hub)
    assert list_variants(hub, None) == []
    unknown = CliRunner().invoke(main, [*data, "form", "settle", "meeting", "1", "ffff"])
    assert "There is no such variant of meeting" in unknown.output


# -- what is done at home only


def test_a_hub_neither_publishes_nor_closes_nor_renames(centre: Node, hub: Node, tmp_path: Path) -> None:
    publish_form(centre, None, meeting_form())
    carry(centre, hub)
    for refused in (
        lambda: publish_form(hub, None, meeting_form(version="2")),
        lambda: set_form_state(hub, None, "meeting", "closed"),
        lambda: put_media(hub, None, "meeting", "forums.csv", [LIST]),
        lambda: change_project(hub, None, 1, ProjectChanges(name="Mine")),
        lambda: set_rule(hub, None, "meeting", "24m", reason="policy"),
    ):
        with pytest.raises(LedElsewhere, match="Erbil"):
            refused()


def test_the_programs_own_forms_are_not_published_in_a_project_led_elsewhere(
    centre: Node, hub: Node, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "meeting.md").write_bytes(meeting_form())
    assert publish_folder(hub, tmp_path / "forms") == []
    assert form_at(hub) is None
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_project_is_an_item_of_its_home(centre: Node, hub: Node) -> None:
    assert [type(item) for item in everything(centre, hub)] == [ProjectItem]
    assert everything(hub, centre) == []
