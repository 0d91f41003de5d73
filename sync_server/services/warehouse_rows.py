"""Make the warehouse's rows of resolved submissions: their answers, and what the server knows of each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree
from sqlalchemy.orm import Session

from sync_server.core.ids import VersionId
from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.merged_document import merged_document
from sync_server.core.rows import RowMetadata, make_rows
from sync_server.core.table_layout import FormLayout, server_columns
from sync_server.services.form_definitions import UNKNOWN_FORM, UNKNOWN_VERSION
from sync_server.store.submission_reads import AT_A_TIME, Arrivals, StoredSubmission, find_arrivals, load_shown
from sync_server.warehouse.segment_file import SubmissionRow, sql_moment, without_zone

_OF_UNKNOWN = frozenset((UNKNOWN_FORM, UNKNOWN_VERSION))
_WIDTHS = server_columns("")


def iter_rows(
    session: Session, project_id: int, form_id: str, roots: Sequence[str], *, layout: FormLayout, zone: ZoneInfo
) -> Iterator[SubmissionRow]:
    """Make the rows of those of these submissions that are shown, in the order given."""
    for start in range(0, len(roots), AT_A_TIME):
        loaded = list(load_shown(session, project_id, form_id, roots[start : start + AT_A_TIME]))
        arrivals = find_arrivals(session, project_id, {v for s in loaded for v in s.state.versions})
        yield from (_row(submission, arrivals, layout, zone) for submission in loaded)


def _row(
    submission: StoredSubmission, arrivals: Mapping[VersionId, Arrivals], layout: FormLayout, zone: ZoneInfo
) -> SubmissionRow:
    state, received, root_id = submission.state, submission.first_received_at, submission.root_id
    answers, status = _answers(submission)
    made = make_rows(layout.schema, answers, RowMetadata(root_id, received))
    before, behind = _WIDTHS
    made.tables[0][0] = made.tables[0][0][before:-behind]
    times = [arrivals[version] for version in state.versions]
    files = () if submission.is_sealed else state.attachments.items()
    return SubmissionRow(
        received=received,
        root_id=root_id,
        server=_server_cells(submission, status, times, zone),
        tables=made.tables,
        files=[(name, blob, submission.file_sizes[blob]) for name, blob in files],
        unplaced=[(answer.path, answer.value) for answer in made.unplaced],
        is_stranger=bool(made.unplaced) or not _OF_UNKNOWN.isdisjoint(submission.reasons),
    )


def _answers(submission: StoredSubmission) -> tuple[etree._Element | None, str | None]:
    state = submission.state
    if submission.is_sealed:
        return None, _sealed_status(parse_xml(submission.xml[state.current]), state.attachments)
    return merged_document(state, submission.xml.__getitem__), None


def _sealed_status(root: etree._Element, arrived: Collection[str]) -> str:
    """Say as Central does whether it is the key that is missing, or the encrypted answers themselves."""
    answers = next((e.text or "" for e in root.iter(etree.Element) if local_name(e) == "encryptedXmlFile"), "")
    return "not decrypted" if answers.strip() in arrived else "missing encrypted form data"


def _server_cells(
    submission: StoredSubmission, status: str | None, times: Sequence[Arrivals], zone: ZoneInfo
) -> dict[str, Any]:
    state = submission.state
    last = max(arrivals.last for arrivals in times)
    return {
        "_submitter_id": str(submission.submitter_id) if submission.submitter_id else None,
        "_submitter_name": submission.submitter_name or None,
        "_attachments_present": submission.attachments_present,
        "_attachments_expected": submission.attachments_expected,
        "_status": status,
        "_review_state": submission.review_state,
        "_device_id": submission.device_id or None,
        "_edits": state.edits,
        "_form_version": submission.form_version or None,
        "_last_received": sql_moment(last),
        "_received_local": _local(submission.first_received_at, zone),
        "_last_received_local": _local(last, zone),
        "_updated": sql_moment(_updated(submission.root_id, times)),
        "_has_conflict": bool(state.conflicts),
        "_waits": state.waits_for is not None,
        "_is_sealed": submission.is_sealed,
        "_is_complete": submission.attachments_present >= submission.attachments_expected,
        "_flags": sorted(submission.reasons),
        "_sealed_files": len(state.attachments) if submission.is_sealed else 0,
    }


def _updated(root_id: str, times: Sequence[Arrivals]) -> datetime | None:
    """When the newest edit first came; None without an edit."""
    first: dict[str, datetime] = {}
    for arrivals in times:
        if arrivals.instance_id != root_id:
            before = first.get(arrivals.instance_id, arrivals.first)
            first[arrivals.instance_id] = min(arrivals.first, before)
    return max(first.values(), default=None)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return without_zone(moment.astimezone(zone))
