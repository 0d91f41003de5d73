"""An export shows what was asked for and no more, whatever is damaged, erased or full while it is written."""

import zlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from sync_server.errors import FilterFieldUnknown
from sync_server.exporters.csv_columns import Switches
from sync_server.node import Node
from sync_server.services import consumers, export_data, finish_erasures, kept_exports, purge_warehouse, users
from sync_server.services.download_export import download_export
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.export_data import export_csv_zip, export_root_csv
from sync_server.services.export_source import Wanted
from sync_server.services.kept_exports import KeptExport
from sync_server.warehouse import csv_blocks, csv_rows
from tests.services.test_export_data import export, places, rows
from tests.support.samples import QUESTIONS, publish, send, submission


def test_filter_shows_some_submissions_with_their_repeats_and_files(node: Node, tmp_path: Path) -> None:
    publish(node)
    for number in range(4):
        xml = submission(
            f"uuid:{number}", f"<photo>{number}.jpg</photo><who><name>{number}</name></who><x>{number}</x>"
        )
        send(node, xml, minutes=number, files={f"{number}.jpg": b"%d" % number})
    made = export_csv_zip(
        node,
        None,
        project_id=1,
        form_id="visit",
        target=tmp_path / "out.zip",
        filter="__system/submissionDate ge 2026-11-22T09:02:00Z",
    )
    with ZipFile(made.path) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert list(places(found["visit.csv"])) == ["uuid:3", "uuid:2"]
    assert [row["name"] for row in rows(found["visit-who.csv"])] == ["3", "2"]
    assert "2 answer(s) of 2 submission(s) to questions that no published version" in found["_notes.txt"]
    assert {name for name in found if name.startswith("media/")} == {"media/3.jpg", "media/2.jpg"}
    assert (made.written.submissions, made.written.rows) == (2, 4)
    assert "did not let through" in made.left_out[0]


def test_filter_on_an_unknown_field_is_refused(hub: Node, tmp_path: Path) -> None:
    publish(hub)
    with pytest.raises(FilterFieldUnknown):
        export_csv_zip(hub, None, project_id=1, form_id="visit", target=tmp_path / "o.zip", filter="__system/mood eq 1")
    assert list(tmp_path.glob("o.zip*")) == []


def test_current_version_alone_can_be_had(hub: Node, tmp_path: Path) -> None:
    publish(hub, "1", {**QUESTIONS, "/old": "string"})
    publish(hub, "2", {**QUESTIONS, "/new": "string"})
    send(hub, submission("uuid:1", "<old>x</old>"))
    made = export_root_csv(
        hub,
        None,
        project_id=1,
        form_id="visit",
        target=tmp_path / "visit.csv",
        switches=Switches(has_deleted_fields=False),
    )
    (row,) = rows(made.path.read_text("utf-8"))
    assert ("new" in row, "old" in row) == (True, False)


def test_block_that_was_damaged_is_made_again(hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LEAST_KEPT_ROWS", 1)
    publish(hub)
    send(hub, submission("uuid:1", "<place>Erbil</place>"))
    _, before = export(hub, tmp_path)
    (block,) = (hub.settings.data / "export-blocks").iterdir()
    block.write_bytes(block.read_bytes()[:-3])
    assert export(hub, tmp_path)[1] == before


def wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure waits for exports under way, and here it is begun by one of them."""
    for module in (purge_warehouse, finish_erasures):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)


def test_what_is_erased_while_it_is_written_does_not_come_out(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "LEAST_KEPT_ROWS", 1)
    wait_for_nothing(monkeypatch)
    publish(hub)
    for number in (1, 2):
        send(hub, submission(f"uuid:{number}", f"<place>P{number}</place>"))
    consumers.catch_up(hub)
    written = export_data.write_csv_zip
    erased: list[str] = []

    def erasing(*args: Any, **kwargs: Any) -> None:
        written(*args, **kwargs)
        if not erased:
            erased.append("uuid:1")
            erase_submission(hub, None, "uuid:1", reason="consent withdrawn")

    monkeypatch.setattr(export_data, "write_csv_zip", erasing)
    _, found = export(hub, tmp_path)
    assert places(found["visit.csv"]) == {"uuid:2": "P2"}
    assert b"P1" not in b"".join(unpacked(path) for path in (hub.settings.data / "export-blocks").iterdir())


def test_what_is_erased_just_before_it_is_kept_is_not_kept(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(hub)
    for number in (1, 2):
        send(hub, submission(f"uuid:{number}", f"<place>P{number}</place>"))
    wait_for_nothing(monkeypatch)
    kept = kept_exports.keep

    def erasing(*args: Any, **kwargs: Any) -> KeptExport:
        monkeypatch.setattr(kept_exports, "keep", kept)
        erase_submission(hub, None, "uuid:1", reason="consent withdrawn")
        return kept(*args, **kwargs)

    monkeypatch.setattr(kept_exports, "keep", erasing)
    alice = users.add_user(hub, None, "alice@example.org", "long enough a password", is_administrator=True)
    wanted = Wanted(project_id=1, form_id="visit", is_root_only=True)
    made = download_export(hub, alice, wanted, is_known=lambda _: False, patience=60)
    assert isinstance(made, KeptExport)
    assert places(made.path.read_text("utf-8")) == {"uuid:2": "P2"}
    assert list((hub.settings.data / "exports").iterdir()) == [made.path.parent]


def unpacked(path: Path) -> bytes:
    return zlib.decompressobj(-15).decompress(b"".join(csv_blocks.read_block(path)))
