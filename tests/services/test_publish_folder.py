"""A folder of forms, published at the start of the server."""

from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.services.publish_folder import publish_folder
from tests.support.form_tables import meeting_form


def test_a_file_that_cannot_be_read_keeps_nobody_from_work(
    hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On Windows a workbook that is open in Excel is locked."""
    folder = tmp_path / "forms"
    folder.mkdir()
    for name in ("locked", "meeting"):
        (folder / f"{name}.md").write_bytes(meeting_form(form_id=name))
    read = Path.read_bytes

    def read_unlocked(path: Path) -> bytes:
        if path.name == "locked.md":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_unlocked)
    assert [version.form_id for version in publish_folder(hub, folder)] == ["meeting"]
    assert "not published file=locked.md" in caplog.text
