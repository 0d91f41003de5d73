"""Copies of tablets, laid out as ODK Collect lays out its storage: instance folders, and the list of them.

The list's columns and statuses are those of Collect 2024 (the eighth layout of its instances.db).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SAVED = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)  # half past nine in Baghdad
PROJECT_UUID = "6f6b3f0e-1111-4222-8333-444455556666"
# A tablet can hold this key, and nobody the other half: nothing is ever opened in these tests.
SEALED = (
    b'<data xmlns="http://www.opendatakit.org/xforms/encrypted" encrypted="yes" id="visit" version="1">'
    b"<base64EncryptedKey>AAAA</base64EncryptedKey>"
    b'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:sealed</orx:instanceID></orx:meta>'
    b"<media><file>photo.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
)
FINALISED_LOG = "event,node,start,end\nform start,,1,\nquestion,/data/place,2,3\nform exit,,4,\nform finalize,,5,\n"
_LIST = """CREATE TABLE instances (_id integer primary key autoincrement, displayName text not null, submissionUri text,
  canEditWhenComplete text, canDeleteBeforeSend text, instanceFilePath text not null, jrFormId text not null,
  jrVersion text, status text not null, date date not null, deletedDate date, geometry text, geometryType text)"""


@dataclass(frozen=True, slots=True)
class CollectCopy:
    """A copy of one of Collect's projects. `root` is what was copied, `path` the project in it."""

    root: Path
    path: Path

    @classmethod
    def make(cls, root: Path, *, project: str | None = PROJECT_UUID, name: str = "Field office") -> "CollectCopy":
        """Lay out Android/data/…/files; without a project as Collect did before 2021."""
        path = root / "projects" / project if project else root
        for folder in ("instances", "metadata", "forms", ".cache"):
            (path / folder).mkdir(parents=True)
        if project:
            (path / name).touch()
        return cls(root, path)

    def folder(self, name: str) -> Path:
        return self.path / "instances" / name

    def add(self, name: str, xml: bytes | None, files: Mapping[str, bytes] | None = None) -> Path:
        """Save an instance with its files; without XML it was opened and never saved."""
        folder = self.folder(name)
        folder.mkdir()
        parts = {} if xml is None else {f"{name}.xml": xml}
        for file, content in {**parts, **(files or {})}.items():
            (folder / file).write_bytes(content)
        return folder

    def list(self, name: str, status: str, *, form_id: str = "visit", deleted: bool = False, prefix: str = "") -> None:
        """Write an instance into the tablet's list; old Collect wrote the whole path on the tablet (`prefix`)."""
        with closing(sqlite3.connect(self.list_path)) as connection, connection:
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                connection.execute(_LIST)
            moment = int(SAVED.timestamp() * 1000)
            row = (name, f"{prefix}{name}/{name}.xml", form_id, status, moment, moment if deleted else None)
            connection.execute(
                "INSERT INTO instances (displayName, instanceFilePath, jrFormId, status, date, deletedDate)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )

    @property
    def list_path(self) -> Path:
        return self.path / "metadata" / "instances.db"

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Every file with its bytes and time: what must be the same afterwards."""
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}
