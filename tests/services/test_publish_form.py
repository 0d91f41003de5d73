"""Publishing: what is frozen, what is refused, what stays the same when it comes again."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync_server.core.roles import MANAGER, VIEWER
from sync_server.errors import (
    FieldTypeConflict,
    FormNotFit,
    FormVersionConflict,
    FormWarnings,
    InsufficientRights,
    NotFound,
    UnexpectedValue,
    XlsformNotValid,
)
from sync_server.node import Node
from sync_server.services import users
from sync_server.services.form_definitions import get_definition
from sync_server.services.publish_form import publish_form
from sync_server.store import changes, forms
from tests.support.form_tables import FAULTY, meeting_form
from tests.support.people import give_role


def feed(node: Node) -> list[tuple[str, str]]:
    """What the feed says of forms; that it was done is in the audit log as well."""
    with node.database.read() as session:
        found = changes.iter_since(session, 0, limit=1000)
    return [(change.kind, change.key) for change in found if change.kind != "audit"]


def current(node: Node, form_id: str = "meeting") -> str:
    with node.database.read() as session:
        return forms.get_form(session, 1, form_id).current.version


def test_a_form_is_frozen_with_its_source_annotations_and_hashes(node: Node) -> None:
    source = meeting_form()
    version = publish_form(node, None, source, source_name="meeting.md")
    with node.database.read() as session:
        xml = forms.get_xml(session, version.row_id)
        assert forms.get_source(session, version.row_id) == source
        assert get_definition(session, version).media == ("forums.csv",)
    assert xml.startswith(b"<?xml")
    assert (version.form_id, version.version, version.title) == ("meeting", "1", "A meeting")
    assert version.annotations["/photo"] == {"sensitivity": "high", "hxl": "#meta+photo"}
    assert feed(node) == [("form_version", "meeting")]


def test_the_same_file_twice_is_one_version(node: Node) -> None:
    first = publish_form(node, None, meeting_form())
    assert publish_form(node, None, meeting_form()) == first
    assert len(feed(node)) == 1


def test_the_xml_of_a_published_form_is_the_same_version(node: Node) -> None:
    first = publish_form(node, None, meeting_form())
    with node.database.read() as session:
        xml = forms.get_xml(session, first.row_id)
    assert publish_form(node, None, xml) == first


def test_a_second_version_becomes_the_current_one_and_the_first_stays(node: Node) -> None:
    first = publish_form(node, None, meeting_form())
    publish_form(node, None, meeting_form(version="2", rows="| | text | more | More | | low | |\n"))
    assert current(node) == "2"
    with node.database.read() as session:
        assert forms.find_version(session, 1, "meeting", "1") == first
        assert [version.version for version in forms.iter_versions(session, 1, "meeting")] == ["2", "1"]


def test_publishing_an_old_file_again_does_not_turn_back(node: Node) -> None:
    publish_form(node, None, meeting_form())
    publish_form(node, None, meeting_form(version="2"))
    publish_form(node, None, meeting_form())
    assert current(node) == "2"


@pytest.mark.parametrize(("version", "suggestion"), [("2026112301", "2026112302"), ("v1", "v1.1")])
def test_another_form_under_a_published_version_is_refused(node: Node, version: str, suggestion: str) -> None:
    publish_form(node, None, meeting_form(version=version))
    with pytest.raises(FormVersionConflict) as caught:
        publish_form(node, None, meeting_form(version=version, topic_type="integer"))
    assert caught.value.code == "409.6"
    assert suggestion in caught.value.text
    assert len(feed(node)) == 1


def test_warnings_stop_a_form_until_they_are_ignored(node: Node) -> None:
    publish_form(node, None, meeting_form())
    shorter = meeting_form(version="2", choices=("mosul",), rows="| | image | other | Other | | low | |\n")
    with pytest.raises(FormWarnings) as caught:
        publish_form(node, None, shorter)
    warnings = caught.value.details["warnings"]
    assert "max-pixels" in warnings["xlsFormWarnings"][0]
    assert [finding["type"] for finding in warnings["workflowWarnings"]] == ["choice_removed"]
    assert current(node) == "1"
    version = publish_form(node, None, shorter, ignore_warnings=True)
    assert len(version.warnings) == 2


def test_gone_questions_are_named_as_central_names_them(node: Node) -> None:
    publish_form(node, None, meeting_form(rows="| | text | more | More | | low | |\n"))
    with pytest.raises(FormWarnings) as caught:
        publish_form(node, None, meeting_form(version="2"))
    (finding,) = caught.value.details["warnings"]["workflowWarnings"]
    assert (finding["type"], finding["details"]) == ("structureChanged", ["/more"])


def test_a_changed_type_is_refused_even_with_warnings_ignored(node: Node) -> None:
    publish_form(node, None, meeting_form())
    with pytest.raises(FieldTypeConflict) as caught:
        publish_form(node, None, meeting_form(version="2", topic_type="integer"), ignore_warnings=True)
    assert caught.value.details == {"path": "/topic", "type": "string", "new_type": "int", "version": "1"}


def test_what_the_lint_calls_an_error_is_refused_with_its_row(node: Node) -> None:
    with pytest.raises(FormNotFit, match=r"Sheet 'survey', row 2 \(/place\): The sensitivity 'secret' is unknown"):
        publish_form(node, None, meeting_form(sensitivity="secret"), ignore_warnings=True)


def test_a_faulty_form_leaves_nothing_behind(node: Node) -> None:
    with pytest.raises(XlsformNotValid):
        publish_form(node, None, FAULTY)
    assert feed(node) == []


def test_a_form_id_that_looks_like_a_file_is_refused(node: Node) -> None:
    with pytest.raises(UnexpectedValue) as caught:
        publish_form(node, None, meeting_form(form_id="a.xml"))
    assert caught.value.code == "400.8"


def test_an_unknown_project_is_not_found(node: Node) -> None:
    with pytest.raises(NotFound):
        publish_form(node, None, meeting_form(), project_id=7)


def test_bob_may_not_publish(hub: Node) -> None:
    bob = users.add_user(hub, None, "bob@example.org", "a long password")
    with pytest.raises(NotFound):
        publish_form(hub, bob, meeting_form())
    give_role(hub, bob, VIEWER)
    with pytest.raises(InsufficientRights):
        publish_form(hub, bob, meeting_form())
    give_role(hub, bob, MANAGER)
    assert publish_form(hub, bob, meeting_form()).published_by == bob.id


def test_eight_at_once_publish_one_version(node: Node) -> None:
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda _: publish_form(node, None, meeting_form()), range(8)))
    assert len({version.row_id for version in published}) == 1
    assert len(feed(node)) == 1


def test_two_processes_at_once_publish_one_version(node: Node) -> None:
    with Node.open(node.settings) as other, ThreadPoolExecutor(8) as pool:
        nodes = [node, other] * 4
        published = list(pool.map(lambda each: publish_form(each, None, meeting_form()), nodes))
    assert len({version.row_id for version in published}) == 1
    assert len(feed(node)) == 1


def test_a_file_outlives_a_newer_pyxform(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same workbook, converted a little differently, is still the version that tablets have."""
    first = publish_form(node, None, meeting_form())
    monkeypatch.setattr("sync_server.services.publish_form.convert_form", lambda *_, **__: 1 / 0)
    assert publish_form(node, None, meeting_form(), fallback_form_id="meeting") == first


def test_the_second_start_of_the_server_does_not_load_pyxform(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from pathlib import Path
        from sync_server.node import Node
        from sync_server.services.publish_folder import publish_folder
        from sync_server.services.shipped_forms import shipped_forms
        from sync_server.settings import Settings
        with Node.open(Settings(data=Path(sys.argv[1]))) as node:
            print(len(publish_folder(node, shipped_forms())), "pyxform" in sys.modules)
    """
    told = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert told == [["4", "True"], ["0", "False"]]


def test_a_form_id_longer_than_any_index_takes_is_refused(node: Node) -> None:
    with pytest.raises(UnexpectedValue, match="255"):
        publish_form(node, None, meeting_form(form_id="x" * 256))
