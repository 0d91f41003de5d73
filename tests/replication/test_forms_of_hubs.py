"""What only a hub has of a form goes up, to read its data with; where both have another, the home's is in force."""

from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sync_server.cli import main
from sync_server.core.replication_items import ProjectItem
from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere
from sync_server.services import consumers
from sync_server.services.form_media import put_media
from sync_server.services.form_state import apply_form_state, set_form_state
from sync_server.services.form_variants import list_variants, settle_variant
from sync_server.services.projects import ProjectChanges, change_project
from sync_server.services.publish_folder import publish_folder
from sync_server.services.publish_form import publish_form
from sync_server.services.retention import set_rule
from sync_server.services.seed_lists import seed_lists
from sync_server.store import audits, decisions, forms
from sync_server.store.decisions import StoredDecision
from sync_server.store.tables import decisions as decided
from sync_server.store.tables import submissions
from tests.support.form_tables import meeting_form
from tests.support.project_pair import LIST, bring_file, carry, everything, form_at, offered, pair
from tests.support.samples import publish, send, submission


@pytest.fixture
def centre(node: Node, hub: Node) -> Node:
    pair(node, hub)
    return node


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
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "forums.csv").write_text(f"name,label\n{uuid4()},Bardarash\n")
    assert publish_folder(hub, tmp_path / "forms") == []
    assert seed_lists(hub, tmp_path / "lists") == []
    assert form_at(hub) is None
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_project_is_an_item_of_its_home(centre: Node, hub: Node) -> None:
    assert [type(item) for item in everything(centre, hub)] == [ProjectItem]
    assert everything(hub, centre) == []


# -- two forms under one name


def test_the_homes_decision_rules_a_form_and_not_what_the_hub_once_decided(node: Node, hub: Node) -> None:
    publish_form(hub, None, meeting_form())
    set_form_state(hub, None, "meeting", "closed")
    pair(node, hub)
    carry(hub, node)
    set_form_state(node, None, "meeting", "open")
    carry(node, hub)
    with node.database.read() as session:
        (decision,) = decisions.find_decisions(session, ["meeting"])

    def take_decision(session: Session) -> None:
        values = {name: getattr(decision, name) for name in StoredDecision.__dataclass_fields__}
        session.execute(insert(decided).values({**values, "parents": list(decision.parents), "node": node.id}))
        apply_form_state(session, 1, "meeting")

    hub.write(take_decision)
    found = form_at(hub)
    assert found is not None
    assert found.state == "open"


def test_submissions_are_judged_by_the_form_that_took_the_others_place(node: Node, hub: Node) -> None:
    publish(hub, "1", {"/place": "string", "/photo": "binary"})
    send(hub, submission("one", "<place>Sinjar</place><photo>a.jpg</photo>"))
    publish(node, "1", {"/place": "int", "/photo": "binary"})
    pair(node, hub)

    def judged() -> tuple[list[str], int]:
        consumers.catch_up(hub)
        with hub.database.read() as session:
            row = session.execute(select(submissions)).one()
        return [flag["reason"] for flag in row.flags], row.attachments_expected

    assert judged() == ([], 1)
    carry(node, hub)
    assert judged() == (["wrong_value"], 1)
