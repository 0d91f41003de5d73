"""Consumer: from received versions, files and receipts to a mark of every version (core/range_digest.py).

A version of which nobody has said yet to have received it has no mark: it is not counted as held. A mark tells of all
that hangs together with a version who received it, so every version of a submission is marked anew with any change.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.range_digest import mark_of, place_of
from sync_server.services.resolve_submissions import ABOUT_INSTANCES
from sync_server.store import families, version_marks
from sync_server.store.changes import Change
from sync_server.store.families import FamilyNames, owners_of
from sync_server.store.version_marks import VersionMark


class MarkVersions:
    name = "marks"

    def handle(self, session: Session, happened: Sequence[Change]) -> Any:
        touched = {change.key for change in happened if change.kind in ABOUT_INSTANCES}
        found = families.find_families(session, touched)
        marks = list(_marks(session, found))
        return lambda session: version_marks.put_marks(session, marks)


def _marks(session: Session, found: Sequence[FamilyNames]) -> Iterator[VersionMark]:
    members = [member for family in found for member in family.members]
    files = families.find_files(session, members)
    first = version_marks.find_first_receipts(session, (member.row_id for member in members))
    for family in found:
        received_by = owners_of(family)
        for member in family.members:
            if member.row_id not in first:
                continue
            received_at, device_id = first[member.row_id]
            held = [(name, sha256) for sha256, name in files.get(member.row_id, ())]
            yield VersionMark(
                project_id=family.project_id, place=place_of(member.sha256), version_id=member.row_id,
                sha256=member.sha256, form_id=family.form_id, mark=mark_of(member.sha256, held),
                received_at=received_at, device_id=device_id, is_edit=member.deprecated_id is not None,
                files=len(held), received_by=received_by, roots=family.roots,
            )  # fmt: skip
