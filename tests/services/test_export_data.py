"""An export shows exactly what stands, on both databases, and says what it does not show."""

import csv
import hashlib
import sqlite3
from dataclasses import replace
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest
from sqlalchemy.exc import OperationalError

from sync_server.errors import NoSpaceForExport, NotFound
from sync_server.exporters.csv_columns import Switches
from sync_server.node import Node
from sync_server.services import consumers, export_data, users
from sync_server.services.export_data import Export, export_csv_zip, export_root_csv
from sync_server.services.export_source import Wanted, open_source
from sync_server.services.review_submission import accept_submission, choose_version
from sync_server.store import forms
from sync_server.warehouse import csv_rows, csv_sql
from tests.support.samples import QUESTIONS, publish, send, submission


def export(node: Node, folder: Path, *, form_id: str = "visit") -> tuple[Export, dict[str, str]]:
    made = export_csv_zip(node, None, project_id=1, form_id=form_id, target=folder / "out.zip")
    with ZipFile(made.path) as archive:
        return made, {name: archive.read(name).decode() for name in archive.namelist()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def places(text: str) -> dict[str, str]:
    return {row["KEY"]: row["place"] for row in rows(text)}


def test_export_holds_every_submission_once_newest_first(node: Node, tmp_path: Path) -> None:
    publish(node)
    for number in (1, 2, 3):
        xml = submission(f"uuid:{number}", f"<place>P{number}</place><who><name>ع{number}</name></who>")
        send(node, xml, minutes=number)
        send(node, xml, minutes=number + 60)
    made, found = export(node, tmp_path)
    assert [row["KEY"] for row in rows(found["visit.csv"])] == ["uuid:3", "uuid:2", "uuid:1"]
    assert [row["SubmissionDate"] for row in rows(found["visit.csv"])][-1] == "2026-11-22T09:01:00.000Z"
    assert found["visit-who.csv"].splitlines() == [
        "name,PARENT_KEY,KEY",
        *(f"ع{n},uuid:{n},uuid:{n}/who[1]" for n in (3, 2, 1)),
    ]
    assert (made.written.submissions, made.left_out, made.provisional) == (3, (), ())
    assert set(found) == {"visit.csv", "visit-who.csv"}


def test_more_submissions_than_are_read_at_a_time_all_come(node: Node, tmp_path: Path) -> None:
    publish(node)
    for number in range(450):
        send(node, submission(f"uuid:{number:03}"), minutes=number % 7)
    _, found = export(node, tmp_path)
    assert sorted(row["KEY"] for row in rows(found["visit.csv"])) == [f"uuid:{number:03}" for number in range(450)]


def test_row_says_who_sent_it_from_where_and_which_files_came(node: Node, tmp_path: Path) -> None:
    publish(node)
    tablet = users.add_user(node, None, "tablet@example.org", "long enough a password", display_name="tablet")
    xml = submission("uuid:1", "<where>36.2 44.0 400 5</where><photo>1.jpg</photo>")
    send(node, xml, actor_id=tablet.id, device_id="collect:x")
    _, found = export(node, tmp_path)
    row = rows(found["visit.csv"])[0]
    assert (row["SubmitterID"], row["SubmitterName"], row["DeviceID"]) == (str(tablet.id), "tablet", "collect:x")
    assert (row["AttachmentsPresent"], row["AttachmentsExpected"], row["FormVersion"]) == ("0", "1", "1")
    assert (row["where-Latitude"], row["where-Accuracy"], row["Status"], row["Edits"]) == ("36.2", "5", "", "0")
    send(node, xml, files={"1.jpg": b"photo"})
    _, found = export(node, tmp_path)
    assert rows(found["visit.csv"])[0]["AttachmentsPresent"] == "1"
    assert found["media/1.jpg"] == "photo"


def test_edited_submission_is_one_row_under_its_first_instance(node: Node, tmp_path: Path) -> None:
    publish(node)
    publish(node, "2")
    send(node, submission("uuid:b", "<place>new</place>", edits="uuid:a", version="2"), minutes=1)
    send(node, submission("uuid:a", "<place>old</place>"), minutes=2)
    _, found = export(node, tmp_path)
    (row,) = rows(found["visit.csv"])
    assert (row["KEY"], row["meta-instanceID"], row["place"]) == ("uuid:a", "uuid:b", "new")
    assert (row["Edits"], row["FormVersion"], row["SubmissionDate"]) == ("1", "1", "2026-11-22T09:01:00.000Z")


def test_merged_edits_are_exported_merged(node: Node, tmp_path: Path) -> None:
    publish(node)
    send(node, submission("uuid:a", "<place>old</place><where/>"))
    send(node, submission("uuid:b", "<place>new</place><where/>", edits="uuid:a"))
    send(node, submission("uuid:c", "<place>old</place><where>36 44</where>", edits="uuid:a"))
    made, found = export(node, tmp_path)
    (row,) = rows(found["visit.csv"])
    assert (row["place"], row["where-Latitude"]) == ("new", "36")
    assert made.provisional == ()


def test_columns_are_the_union_over_versions_and_removed_answers_stay(node: Node, tmp_path: Path) -> None:
    publish(node, "1", {**QUESTIONS, "/old": "string"})
    publish(node, "2", {**QUESTIONS, "/new": "string"})
    send(node, submission("uuid:1", "<old>x</old>"), minutes=1)
    send(node, submission("uuid:2", "<new>y</new>", version="2"), minutes=2)
    _, found = export(node, tmp_path)
    assert [(row["old"], row["new"]) for row in rows(found["visit.csv"])] == [("", "y"), ("x", "")]


def test_unknown_version_gives_known_columns_and_counts_the_rest(node: Node, tmp_path: Path) -> None:
    publish(node)
    send(node, submission("uuid:1", "<place>Erbil</place><mood>fine</mood>", version="9"))
    made, found = export(node, tmp_path)
    assert places(found["visit.csv"]) == {"uuid:1": "Erbil"}
    assert "fine" not in "".join(found.values())  # nobody said how sensitive it is
    assert "1 answer(s) of 1 submission(s) to questions that no published version" in found["_notes.txt"]
    assert made.written.unplaced_answers == 0


def test_form_never_published_is_exported_all_the_same(node: Node, tmp_path: Path) -> None:
    send(node, submission("uuid:1", "<place>Erbil</place>", form_id="stray"))
    _, found = export(node, tmp_path, form_id="stray")
    assert [row["KEY"] for row in rows(found["stray.csv"])] == ["uuid:1"]
    assert "Erbil" not in "".join(found.values())


@pytest.mark.parametrize("form_id", ["visit", "nothing"])
def test_form_without_submissions_is_empty_and_an_unknown_one_is_a_problem(
    node: Node, tmp_path: Path, form_id: str
) -> None:
    publish(node)
    if form_id == "nothing":
        with pytest.raises(NotFound):
            export(node, tmp_path, form_id=form_id)
        assert list(tmp_path.glob("out*")) == []
    else:
        made, _ = export(node, tmp_path)
        assert made.written.submissions == 0


def test_held_submissions_are_left_out_and_counted_until_accepted(node: Node, tmp_path: Path) -> None:
    publish(node)
    send(node, submission("uuid:1", "<place>good</place>"))
    send(node, submission("uuid:2", "<place>held</place>"), is_revoked=True)
    node.write(lambda session: forms.set_state(session, 1, "visit", forms.CLOSED))
    send(node, submission("uuid:3", "<place>late</place>"))
    made, found = export(node, tmp_path)
    assert places(found["visit.csv"]) == {"uuid:1": "good"}
    assert len(made.left_out) == 2
    assert "1 submission(s) came from a tablet whose access was ended" in found["_notes.txt"]
    accept_submission(node, None, "uuid:2", reason="the tablet was found again")
    accept_submission(node, None, "uuid:3", reason="was filled in time")
    made, found = export(node, tmp_path)
    assert places(found["visit.csv"]) == {"uuid:1": "good", "uuid:2": "held", "uuid:3": "late"}
    assert "_notes.txt" not in found


def test_conflict_is_said_and_gone_when_settled(node: Node, tmp_path: Path) -> None:
    publish(node)
    versions = [send(node, submission("uuid:1", f"<place>{place}</place>")).version for place in ("A", "B")]
    made, found = export(node, tmp_path)
    assert len(rows(found["visit.csv"])) == 1
    assert "May still change:" in found["_notes.txt"]
    for place, version in zip("AB", versions, strict=True):
        choose_version(node, None, "uuid:1", version[:12], reason="seen on paper")
        made, found = export(node, tmp_path)
        assert places(found["visit.csv"]) == {"uuid:1": place}
        assert made.provisional == ()


def test_edit_without_original_is_exported_and_said(node: Node, tmp_path: Path) -> None:
    publish(node)
    send(node, submission("uuid:b", "<place>new</place>", edits="uuid:a"))
    made, found = export(node, tmp_path)
    assert places(found["visit.csv"]) == {"uuid:a": "new"}
    assert "whose original has not arrived" in made.provisional[0]


def test_sealed_submission_is_a_row_without_answers(node: Node, tmp_path: Path) -> None:
    publish(node)
    xml = (
        b'<data id="visit" version="1" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted">'
        b"<base64EncryptedKey>a</base64EncryptedKey><meta xmlns='http://openrosa.org/xforms'><instanceID>uuid:1"
        b"</instanceID></meta><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    send(node, xml)
    _, found = export(node, tmp_path)
    assert rows(found["visit.csv"])[0]["Status"] == "missing encrypted form data"
    send(node, xml, files={"submission.xml.enc": b"secret"})
    _, found = export(node, tmp_path)
    assert rows(found["visit.csv"])[0]["Status"] == "not decrypted"
    assert not any(name.startswith("media/") for name in found)
    assert "1 submission(s), with 1 file(s) of theirs, were sealed" in found["_notes.txt"]


def test_rebuild_gives_the_same_tables_and_files(node: Node, tmp_path: Path) -> None:
    """Byte for byte; only how the zip packs them depends on the files they are read from."""
    publish(node)
    for number in range(5):
        send(node, submission(f"uuid:{number}", "<photo>p.jpg</photo>"), files={"p.jpg": b"%d" % number})
        consumers.catch_up(node)
    before = export(node, tmp_path)[1]
    consumers.rebuild(node)
    assert export(node, tmp_path)[1] == before


def tag(node: Node) -> str:
    consumers.catch_up(node)  # an export is written into the audit log, which is a change of its own
    return open_source(node, Wanted(project_id=1, form_id="visit")).tag


def test_tag_names_the_bytes(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    send(hub, submission("uuid:0"))
    made, _ = export(hub, tmp_path)
    content = made.path.read_bytes()
    assert made.tag == tag(hub)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    again, _ = export(hub, tmp_path)
    assert (again.tag, again.path.read_bytes()) == (made.tag, content)
    send(hub, submission("uuid:1"))
    assert export(hub, tmp_path)[0].tag != made.tag


def test_other_wishes_have_other_tags(hub: Node) -> None:
    publish(hub)
    send(hub, submission("uuid:0"))
    consumers.catch_up(hub)
    wishes = [
        Wanted(project_id=1, form_id="visit"),
        Wanted(project_id=1, form_id="visit", is_root_only=True),
        Wanted(project_id=1, form_id="visit", filter="__system/edits eq 0"),
        *(
            Wanted(project_id=1, form_id="visit", switches=s)
            for s in (Switches(is_split=True), Switches(has_media=False))
        ),
    ]
    assert len({open_source(hub, wanted).tag for wanted in wishes}) == len(wishes)


def test_filter_on_the_present_moment_is_never_the_same_export(hub: Node) -> None:
    publish(hub)
    wanted = Wanted(project_id=1, form_id="visit", filter="__system/submissionDate lt now()")
    assert open_source(hub, wanted).tag != open_source(hub, wanted).tag


def test_file_that_comes_back_changes_the_tag(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    send(hub, submission("uuid:1", "<photo>p.jpg</photo>"), files={"p.jpg": b"photo"})
    (blob,) = (path for path in (hub.settings.data / "blobs").rglob("*") if path.is_file())
    content = blob.read_bytes()
    blob.unlink()
    made, found = export(hub, tmp_path)
    assert "1 file(s) are missing" in found["_notes.txt"]
    assert made.tag == f"{tag(hub)}-without-1"
    blob.write_bytes(content)
    assert export(hub, tmp_path)[0].tag == tag(hub)


def test_changes_not_worked_in_yet_are_said(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    for number in range(200):
        send(hub, submission(f"uuid:{number}"))
    made = export_csv_zip(hub, None, project_id=1, form_id="visit", target=tmp_path / "out.zip", patience=-1.0)
    assert "Export again" in made.provisional[0]


def test_root_table_can_be_had_alone(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    send(hub, submission("uuid:1", "<place>Erbil</place>"))
    made = export_root_csv(hub, None, project_id=1, form_id="visit", target=tmp_path / "visit.csv")
    assert places(made.path.read_text("utf-8")) == {"uuid:1": "Erbil"}


def test_only_administrators_may_export(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    bob = users.add_user(hub, None, "bob@example.org", "long enough a password")
    with pytest.raises(NotFound):
        export_csv_zip(hub, bob, project_id=1, form_id="visit", target=tmp_path / "out.zip")


def test_export_gives_up_before_it_takes_the_space_receiving_needs(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    send(hub, submission("uuid:1"))
    full = replace(hub, settings=replace(hub.settings, min_free_bytes=10**18))
    with pytest.raises(NoSpaceForExport):
        export_csv_zip(full, None, project_id=1, form_id="visit", target=tmp_path / "out.zip")
    assert not list(tmp_path.glob("*out.zip*"))
    assert not list(hub.scratch.glob("export-*"))


def test_disk_that_fills_while_a_block_is_written_is_said_and_nothing_is_left(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "LEAST_KEPT_ROWS", 1)
    publish(hub)
    for number in range(3):
        send(hub, submission(f"uuid:{number}", "<who/>"), minutes=number)
    calls: list[str] = []

    def full_at_the_second(select: str) -> str:
        calls.append(select)
        if len(calls) == 2:
            raise duckdb.IOException("Could not write file: No space left on device")
        return copy(select)

    copy = csv_sql.copy
    monkeypatch.setattr(csv_sql, "copy", full_at_the_second)
    with pytest.raises(NoSpaceForExport):
        export_csv_zip(hub, None, project_id=1, form_id="visit", target=tmp_path / "out.zip")
    assert not list(tmp_path.glob("*out.zip*"))
    assert not [*hub.scratch.glob("export-*"), *(hub.settings.data / "export-blocks").iterdir()]


def test_another_disk_is_filled_to_its_end_and_then_said(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick in the port is nobody's reserve."""
    publish(hub)
    send(hub, submission("uuid:1"))
    full = replace(hub, settings=replace(hub.settings, min_free_bytes=10**18))
    monkeypatch.setattr(export_data, "_is_same_disk", lambda *_: False)
    export_csv_zip(full, None, project_id=1, form_id="visit", target=tmp_path / "out.zip")

    def no_space(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_data, "write_csv_zip", no_space)
    with pytest.raises(NoSpaceForExport):
        export_csv_zip(full, None, project_id=1, form_id="visit", target=tmp_path / "out.zip")


def test_what_was_worked_out_comes_out_of_a_node_that_cannot_write(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(hub)
    send(hub, submission("uuid:1"))
    consumers.catch_up(hub)
    send(hub, submission("uuid:2"))

    def full(runner: consumers.Runner) -> float | None:
        raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(consumers.Runner, "run_slice", full)
    made, found = export(hub, tmp_path)
    assert list(places(found["visit.csv"])) == ["uuid:1"]
    assert "Export again" in made.provisional[0]
