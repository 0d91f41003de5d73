"""The lists that come with a folder of forms are made once, and then belong to the people."""

from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import ListPlace, delete_entities, update_entity
from sync_server.services.edit_lists import delete_list
from sync_server.services.form_media import put_media
from sync_server.services.list_entities import iter_list, list_entity_lists
from sync_server.services.publish_folder import ONCE_SHIPPED, find_missing_media, publish_folder
from sync_server.services.seed_lists import SeededList, seed_lists
from sync_server.services.served_lists import find_form_lists
from sync_server.services.shipped_forms import lists_beside, shipped_forms
from sync_server.store import changes
from tests.support.form_tables import meeting_form

FORUMS = ListPlace(1, "forums")
ONE, TWO, THREE = (f"0190a1b2-0000-4000-8000-0000000000{n}" for n in ("f1", "f2", "f3"))
HEAD = "name,label,status\n"
TWO_FORUMS = f"{HEAD}{ONE},Bardarash,active\n{TWO},Zummar,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "forums.csv").write_text(TWO_FORUMS)
    return lists


def labels(node: Node) -> dict[str, str]:
    return {each.entity_id: each.label for each in iter_list(node, "forums") if each.is_served}


def head(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)


def test_a_second_start_changes_nothing(node: Node, folder: Path) -> None:
    assert seed_lists(node, folder) == [SeededList("forums", 2)]
    assert labels(node) == {ONE: "Bardarash", TWO: "Zummar"}
    before = head(node)
    assert seed_lists(node, folder) == []
    assert head(node) == before


def test_what_people_changed_or_deleted_stays_so_and_what_is_new_is_added(node: Node, folder: Path) -> None:
    seed_lists(node, folder)
    update_entity(node, FORUMS, ONE, {"label": "Bardarash town"}, base=None, is_forced=True)
    delete_entities(node, FORUMS, [TWO])
    (folder / "forums.csv").write_text(f"name,label,status,adm2\n{ONE},B,,\n{TWO},Z,,\n{THREE},Sinjar,,IQG15Q07\n")
    assert seed_lists(node, folder) == [SeededList("forums", 1)]
    assert labels(node) == {ONE: "Bardarash town", THREE: "Sinjar"}


def test_a_list_that_was_deleted_does_not_come_back(node: Node, folder: Path) -> None:
    seed_lists(node, folder)
    delete_list(node, FORUMS)
    (folder / "forums.csv").write_text(f"{HEAD}{THREE},Sinjar,\n")
    assert seed_lists(node, folder) == []
    assert list_entity_lists(node) == []


@pytest.mark.parametrize(("text", "said"), [
    (f"{HEAD}{ONE},Bardarash,active\n,Zummar,\n", "row 3, column id: every entity that comes with forms needs an id"),
    (f"{HEAD}{ONE},,active\n", "row 2, column label: it is empty"),
    ("", "row 1: it is empty"),
])  # fmt: skip
def test_a_file_that_cannot_be_taken_keeps_nobody_from_work(
    hub: Node, folder: Path, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    (folder / "forums.csv").write_text(text)
    (folder / "trainings.csv").write_text(f"name,label\n{TWO},Workshop\n")
    assert seed_lists(hub, folder) == [SeededList("trainings", 1)]
    assert "not seeded file=forums.csv" in caplog.text
    assert said in caplog.text


def test_what_comes_with_the_program_fits_its_forms(hub: Node) -> None:
    versions = publish_folder(hub, shipped_forms())
    made = {each.name: each.created for each in seed_lists(hub, lists_beside(shipped_forms()))}
    assert made == {"forums": 76, "places": 50, "trainings": 11}
    consumers.catch_up(hub)
    with hub.database.read() as session:
        served = {v.form_id: {each.name for each in find_form_lists(session, 1, v.row_id)} for v in versions}
    assert served == {
        "cpf_attendance": {"forums", "participants"},
        "cpf_concern": {"forums", "concerns"},
        "cpf_concern_followup": {"forums", "concerns"},
        "cpf_training_eval": {"trainings", "participants"},
    }


def test_lists_that_once_came_as_files_are_not_taken_over_but_an_offices_own_file_is(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = tmp_path / "meeting.md"
    form.write_bytes(meeting_form())
    publish_folder(hub, tmp_path)
    shipped = put_media(hub, None, "meeting", "forums.csv", [b"as it was shipped"])
    monkeypatch.setattr("sync_server.services.publish_folder.ONCE_SHIPPED", ONCE_SHIPPED | {shipped.sha256})
    form.write_bytes(meeting_form(version="2"))
    (version,) = publish_folder(hub, tmp_path)
    assert find_missing_media(hub, version) == ["forums.csv"]
    put_media(hub, None, "meeting", "forums.csv", [b"an office's own"])
    form.write_bytes(meeting_form(version="3"))
    (version,) = publish_folder(hub, tmp_path)
    assert find_missing_media(hub, version) == []
