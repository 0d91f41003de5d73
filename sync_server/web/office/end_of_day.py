"""The end-of-day sheet: a page of A4 to print and sign, and below it a slip for each tablet to cut off.

It works without internet and without scripts: the browser prints it, or makes a PDF of it. Counts and the names of
tablets are all that is on it.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.errors import UnexpectedValue
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services.tablet_completeness import list_projects, see_tablets
from sync_server.web import visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.local_times import zone_offset


@office.get("/end-of-day")
@needs(verb="quarantine.read", is_somewhere=True, is_filtered=True)
def find_end_of_day() -> ResponseReturnValue:
    """Lead to the sheet of a day, by default today's, of a project, by default the first that one looks after."""
    actor, node = visitors.require_sign_in(), current_node()
    project_id = request.args.get("project", type=int) or min(list_projects(node, actor), default=1)
    day = request.args.get("day") or datetime.now(ZoneInfo(node.settings.timezone)).date().isoformat()
    return redirect(url_for("office.show_end_of_day", project_id=project_id, day=day), 303)


@office.get("/projects/<int:project_id>/end-of-day/<day>")
@needs(verb="quarantine.read", is_somewhere=True, is_filtered=True)
def show_end_of_day(project_id: int, day: str) -> ResponseReturnValue:
    actor, node = visitors.require_sign_in(), current_node()
    wanted = _read_day(day)
    report = see_tablets(node, actor, project_id=project_id, now=datetime.now(UTC), first=wanted, last=wanted)
    return render_template(
        "office/end_of_day.html",
        report=report,
        day=wanted,
        zone=f"{node.settings.timezone} ({zone_offset(report.made_at)})",
        projects=list_projects(node, actor),
    )


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnexpectedValue(field="day", value=text, reason="write a day as in 2026-11-23.") from error
