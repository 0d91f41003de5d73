"""The page Clocks: which tablets' clocks were off, by how much, and how often another time is proposed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from sync_server.core.scope import READ
from sync_server.core.tablet_clock import Course, follow
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import consumers
from sync_server.services.repair_clocks import Wanted, repair_clocks
from sync_server.web import languages, visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.clock_plot import draw_plot
from sync_server.web.office.clock_words import REASONS, say_offset
from sync_server.web.office.local_times import local_time

PERIODS = (30, 90, 365)
# A page is read by people: older times of one tablet are in the table for download.
MOST_ROWS = 30
PATIENCE_SECONDS = 1.0


@office.get("/clocks")
@needs(verb=READ, is_somewhere=True, is_filtered=True)
def show_clocks() -> ResponseReturnValue:
    actor, node, now = visitors.require_sign_in(), current_node(), datetime.now(UTC)
    asked = request.args.get("days", type=int)
    days = asked if asked in PERIODS else PERIODS[1]
    since = now - timedelta(days=days)
    consumers.resolve_received(node, seconds=PATIENCE_SECONDS)
    courses = [follow(clock) for clock in repair_clocks(node, actor, Wanted(since=since))]
    return render_template(
        "office/clocks.html",
        off=sorted((c for c in courses if c.repaired), key=lambda course: -course.repaired),
        right=[course for course in courses if not course.repaired],
        days=days,
        periods=PERIODS,
        since=since,
        now=now,
        most=MOST_ROWS,
        draw=lambda course: _draw(course, since, now),
        say_offset=say_offset,
        reasons=REASONS,
    )


def _draw(course: Course, since: datetime, now: datetime) -> Markup:
    is_rtl = languages.choose_language(request).direction == "rtl"
    title = gettext(
        "By how much the clock was off, %(since)s to %(until)s: %(range)s.",
        since=local_time(since), until=local_time(now), range=_say_range([point.offset for point in course.points]),
    )  # fmt: skip
    return draw_plot(course.points, since=since, until=now, title=str(title), is_rtl=is_rtl)


def _say_range(offsets: Sequence[float]) -> str:
    least, most = say_offset(min(offsets)), say_offset(max(offsets))
    return least if least == most else str(gettext("from %(least)s to %(most)s", least=least, most=most))
