"""Write what is known of each tablet as text, and as CSV with a row for each tablet and form."""

from collections.abc import Iterator
from datetime import datetime

from sync_server.core.form_numbers import Gap
from sync_server.core.tablet_completeness import Question, TabletForm, TabletReport, TabletsReport
from sync_server.exporters.csv_text import csv_line

_COLUMNS = (
    "tablet", "node", "form", "from", "to", "received", "edits", "in_total", "waiting", "files_missing", "sealed",
    "last_seen", "days_silent", "is_silent", "numbers_missing", "gaps", "restarts",
    "tablet_not_at_centre", "tablet_code",
)  # fmt: skip
_NOBODY = TabletForm(form_id="", title="", by_day=(), total=0)  # a tablet that sent nothing has a row too


def text_lines(report: TabletsReport) -> Iterator[str]:
    """Yield the lines of the report, tablet by tablet."""
    first, last = report.days[0], report.days[-1]
    span = f"{first}" if first == last else f"{first} to {last}"
    yield f"{report.project}, {span}, as of {_moment(report.made_at)}"
    if not report.is_worked_through:
        yield "What just came is still being worked through, and nothing is said of numbers: ask again in a moment."
    for tablet in report.tablets:
        yield ""
        yield from _tablet(report, tablet)
    asked = sum(tablet.numbers.missing for tablet in report.tablets)
    received, silent = sum(tablet.received for tablet in report.tablets), sum(map(report.is_silent, report.tablets))
    yield ""
    yield (
        f"{len(report.tablets)} tablet(s), {received} submission(s) received; {silent} silent for {report.silent_days} "
        f"days or more; {asked} number(s) to ask about."
    )
    if asked:
        yield "A number that never came is a question, not a loss: ask for drafts and for forms deleted on the tablet."


def _tablet(report: TabletsReport, tablet: TabletReport) -> Iterator[str]:
    ended = ", access ended" if tablet.is_ended else ""
    yield f"{tablet.name or 'unknown tablet'}{f' at {tablet.node}' if tablet.node else ''}{ended}"
    yield f"  last seen {_moment(tablet.last_seen_at)}{_silence(report, tablet)}"
    for form in tablet.forms:
        edits = f", {form.edits} edit(s)" if form.edits else ""
        sealed = f", {form.sealed} of them sealed" if form.sealed else ""
        yield f"  {form.form_id}: {form.received} received{edits}; {form.total} since the beginning{sealed}"
    if len(report.days) > 1 and tablet.received:
        days = zip(report.days, tablet.by_day, strict=True)
        yield f"  by day: {', '.join(f'{day:%m-%d} {count}' for day, count in days if count)}"
    if tablet.missing:
        yield f"  {tablet.missing} photo(s) or file(s) missing, {tablet.on_the_way} of them on the way"
    if tablet.waiting:
        yield f"  {tablet.waiting} wait(s) for a person"
    if tablet.not_at_centre:
        yield f"  {tablet.not_at_centre} not yet at {report.centre}"
    yield from _numbers(report, tablet)
    if tablet.code:
        yield f"  code of what was received: {tablet.code}"


def _silence(report: TabletsReport, tablet: TabletReport) -> str:
    return f": silent for {tablet.days_silent} day(s)" if report.is_silent(tablet) and tablet.last_seen_at else ""


def _numbers(report: TabletsReport, tablet: TabletReport) -> Iterator[str]:
    for question in tablet.numbers.questions:
        where = f"{_between(report, question.gap)}{_perhaps(question)}"
        yield f"  {question.form_id}: {_asked(question.gap)} never came, {where}"
    told = sum(question.gap.count for question in tablet.numbers.questions)
    if tablet.numbers.missing > told:
        yield f"  and {tablet.numbers.missing - told} further number(s)"
    for each in tablet.numbers.restarts:
        restart = each.restart
        yield (
            f"  {each.form_id}: counts anew since {_moment(report.local(restart.since))}; what was filled after number "
            f"{restart.after} ({_moment(report.local(restart.last_at))}) cannot be counted"
        )


def _asked(gap: Gap) -> str:
    return f"number {gap.first}" if gap.count == 1 else f"{gap.count} numbers, {gap.first} to {gap.last},"


def _between(report: TabletsReport, gap: Gap) -> str:
    behind = f"{gap.last + 1} ({_moment(report.local(gap.before))})"
    if gap.after is None:
        return f"before number {behind}"
    return f"between {gap.first - 1} ({_moment(report.local(gap.after))}) and {behind}"


def _perhaps(question: Question) -> str:
    return f"; {question.erased} may have been erased here" if question.erased else ""


def csv_rows(report: TabletsReport) -> Iterator[str]:
    """Yield the lines of the CSV, with their line feeds; several days have a column each."""
    days = report.days if len(report.days) > 1 else ()
    yield csv_line((*_COLUMNS, *(day.isoformat() for day in days)))
    for tablet in report.tablets:
        for form in tablet.forms or (_NOBODY,):
            by_day = map(str, form.by_day or [0] * len(days)) if days else ()
            yield csv_line((*_cells(report, tablet, form), *by_day))


def _cells(report: TabletsReport, tablet: TabletReport, form: TabletForm) -> tuple[str, ...]:
    gaps = [each.gap for each in tablet.numbers.questions if each.form_id == form.form_id]
    restarts = [each.restart for each in tablet.numbers.restarts if each.form_id == form.form_id]
    return (
        tablet.name, tablet.node, form.form_id, report.days[0].isoformat(), report.days[-1].isoformat(),
        *map(str, (form.received, form.edits, form.total, form.waiting, form.missing, form.sealed)),
        _iso(tablet.last_seen_at), "" if tablet.days_silent is None else str(tablet.days_silent),
        str(report.is_silent(tablet)).lower(), str(sum(gap.count for gap in gaps)),
        " ".join(f"{gap.first}-{gap.last}" if gap.count > 1 else str(gap.first) for gap in gaps),
        " ".join(_iso(report.local(restart.since)) for restart in restarts),
        "" if tablet.not_at_centre is None else str(tablet.not_at_centre), tablet.code,
    )  # fmt: skip


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M %z}" if moment else "never"


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
