"""Say of each tablet whether everything is here, as JSON (an address of ours; ODK Central has none like it).

GET /v1/projects/{id}/tablet-completeness ?from &to &silentDays
"""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint

from sync_server.core.tablet_completeness import SILENT_DAYS, TabletReport, TabletsReport
from sync_server.errors import UnexpectedValue
from sync_server.protocols.central_sessions import write_time
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.query_arguments import read_day, read_number
from sync_server.protocols.schemas_completeness import TabletsReportSchema
from sync_server.protocols.shapes import Asked
from sync_server.services.tablet_completeness import see_tablets

blueprint = Blueprint("tablet_completeness", __name__)

_ASKS = (
    Asked("from", "string", "From this day on, such as 2026-11-23; by default today. Days are the server's."),
    Asked("to", "string", "Up to this day, which is included."),
    Asked("silentDays", "integer", f"Tablets not heard for so many days are silent; by default {SILENT_DAYS}."),
)
_MOST = 10_000


@blueprint.get("/v1/projects/<int:project_id>/tablet-completeness")
@central_endpoint(
    verb="quarantine.read", is_somewhere=True, is_filtered=True, answers=TabletsReportSchema, asks=_ASKS
)  # fmt: skip
def get_tablet_completeness(project_id: int) -> Any:
    """What came from each tablet, what is silent or missing, and which numbers of its forms never came."""
    report = see_tablets(
        current_node(), require_actor(), project_id=project_id, now=datetime.now(UTC), first=read_day("from"),
        last=read_day("to"), silent_days=_silent_days(),
    )  # fmt: skip
    return {
        "projectId": report.project_id,
        "days": [day.isoformat() for day in report.days],
        "madeAt": _utc(report.made_at),
        "isWorkedThrough": report.is_worked_through,
        "centre": report.centre,
        "tablets": [_write_tablet(report, tablet) for tablet in report.tablets],
    }


def _write_tablet(report: TabletsReport, tablet: TabletReport) -> dict[str, Any]:
    return {
        "name": tablet.name,
        "node": tablet.node,
        "hasAccess": not tablet.is_ended,
        "lastSeenAt": _utc(tablet.last_seen_at),
        "daysSilent": tablet.days_silent,
        "isSilent": report.is_silent(tablet),
        "filesOnTheWay": tablet.on_the_way,
        "notAtCentre": tablet.not_at_centre,
        "code": tablet.code,
        "forms": [
            {
                "xmlFormId": form.form_id, "byDay": list(form.by_day), "received": form.received, "edits": form.edits,
                "total": form.total, "waiting": form.waiting, "filesMissing": form.missing, "sealed": form.sealed,
            }
            for form in tablet.forms
        ],
        "numbersMissing": tablet.numbers.missing,
        "gaps": [
            {
                "xmlFormId": each.form_id, "first": each.gap.first, "last": each.gap.last, "maybeErased": each.erased,
                "after": _utc(each.gap.after), "before": _utc(each.gap.before),
            }
            for each in tablet.numbers.questions
        ],
        "restarts": [
            {
                "xmlFormId": each.form_id, "afterNumber": each.restart.after,
                "lastAt": _utc(each.restart.last_at), "since": _utc(each.restart.since),
            }
            for each in tablet.numbers.restarts
        ],
    }  # fmt: skip


def _utc(moment: datetime | None) -> str | None:
    return write_time(moment.astimezone(UTC)) if moment else None


def _silent_days() -> int:
    days = read_number("silentDays")
    if days is not None and not 1 <= days <= _MOST:
        reason = "it must be a number of days, 1 or more."
        raise UnexpectedValue(field="silentDays", value=str(days), reason=reason)
    return SILENT_DAYS if days is None else days
