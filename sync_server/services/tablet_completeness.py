"""Ask of every tablet of a project: is everything here? What came on which day, what is silent, missing, in question.

Somebody sees the counts of the forms of which they may look after every row, and the tablets' names with them; a tablet
that sent nothing is shown to who may list tablets. Days are those of the node's time zone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from sync_server.core.received_code import ReceivedCode
from sync_server.core.scope import Scope
from sync_server.core.tablet_completeness import SILENT_DAYS, Numbers, TabletForm, TabletReport, TabletsReport
from sync_server.errors import PeriodNotPossible
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require_project, require_somewhere
from sync_server.services.device_summary import find_centre
from sync_server.services.form_numbers import ask_numbers
from sync_server.services.tablet_whereabouts import Whereabouts, find_whereabouts
from sync_server.store import accounts, forms, known_nodes, projects, tablet_days
from sync_server.store.accounts import Actor
from sync_server.store.peers import PeerNode, iter_peers
from sync_server.store.tablet_days import FormDays

VERB = "quarantine.read"
MOST_DAYS = 92  # a quarter; each day is a column
PATIENCE_SECONDS = 5.0  # of a person before a page


def see_tablets(
    node: Node, actor: Actor | None, *, project_id: int, now: datetime, first: date | None = None,
    last: date | None = None, silent_days: int = SILENT_DAYS, patience: float | None = PATIENCE_SECONDS,
) -> TabletsReport:  # fmt: skip
    """Report on every tablet, for the days from `first` to `last` (both within; by default today).

    Waits for the consumers for `patience` seconds (None: to the end); while they are behind, nothing is asked about
    numbers: some of those that seem to be missing would be on their way to the tables.
    Raises NotFound, InsufficientRights, PeriodNotPossible.
    """
    zone = ZoneInfo(node.settings.timezone)
    days = list_days(first, last, today=now.astimezone(zone).date())
    require_project(node, project_id)
    scope = require_somewhere(node, actor, VERB, project_id=project_id)
    is_worked_through = consumers.catch_up(node, seconds=patience)
    with node.database.read() as session:
        gathering = _Gathering(session, scope, project_id, days, zone)
        gathering.read()
    asked = ask_numbers(node, scope, project_id, gathering.titles, now=now) if is_worked_through else {}
    with node.database.read() as session:
        project, centre = projects.get_project(session, project_id), find_centre(session, project_id)
        names = dict(_iter_node_names(session))
        tablets = [gathering.report(session, key, asked, centre, now=now, names=names) for key in gathering.tablets()]
    return TabletsReport(
        project_id=project_id,
        project=project.name,
        days=days,
        made_at=now.astimezone(zone),
        silent_days=silent_days,
        is_worked_through=is_worked_through,
        centre=centre.name if centre else "",
        tablets=tuple(sorted(tablets, key=lambda tablet: (tablet.node, _as_counted(tablet.name), tablet.key))),
    )


def list_projects(node: Node, actor: Actor | None) -> dict[int, str]:
    """Name the projects of which the actor may ask this."""
    scope = require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        found = projects.iter_projects(session)
    return {project.id: project.name for project in found if scope.may_somewhere(VERB, project.id)}


def list_days(first: date | None, last: date | None, *, today: date) -> list[date]:
    """List the days asked for; raise PeriodNotPossible. One day alone is a period of that day."""
    first, last = first or last or today, last or first or today
    count = (last - first).days + 1
    if not 1 <= count <= MOST_DAYS:
        raise PeriodNotPossible(first=first.isoformat(), last=last.isoformat(), most=MOST_DAYS)
    return [first + timedelta(days=n) for n in range(count)]


@dataclass
class _Gathering:
    """What one snapshot says of the tablets: as many rows as there are tablets and forms."""

    session: Session
    scope: Scope
    project_id: int
    days: list[date]
    zone: ZoneInfo
    titles: dict[str, str] = field(default_factory=dict)
    sent: dict[str, list[FormDays]] = field(default_factory=dict)
    edits: dict[tuple[str, str], int] = field(default_factory=dict)
    codes: dict[str, ReceivedCode] = field(default_factory=dict)
    devices: dict[str, Actor] = field(default_factory=dict)

    def read(self) -> None:
        bounds = [datetime.combine(day, time(), self.zone) for day in (*self.days, self.days[-1] + timedelta(days=1))]
        span = {"since": bounds[0], "until": bounds[-1]}
        published = {form.form_id: form.current.title for form in forms.iter_forms(self.session, self.project_id)}
        for row in tablet_days.count_days(self.session, self.project_id, bounds):
            if self.scope.sees_whole(self.project_id, row.form_id, VERB):
                self.titles.setdefault(row.form_id, published.get(row.form_id, row.form_id or "?"))
                self.sent.setdefault(row.tablet, []).append(row)
        for tablet, form_id, count in tablet_days.count_edits(self.session, self.project_id, **span):
            self.edits[tablet, form_id] = count
        for tablet, form_id, instance_id in tablet_days.iter_received(self.session, self.project_id, **span):
            if form_id in self.titles:
                self.codes.setdefault(tablet, ReceivedCode()).add(form_id, instance_id)
        if self.scope.may("field_key.list", self.project_id):
            found = accounts.iter_app_users(self.session, self.project_id)
            self.devices = {str(device.id): device for device in found}

    def tablets(self) -> list[str]:
        """Every tablet that sent something, or may."""
        let_in = (key for key, device in self.devices.items() if not device.is_revoked)
        return list(dict.fromkeys([*self.sent, *let_in]))

    def report(
        self, session: Session, key: str, asked: Mapping[str, Numbers], centre: PeerNode | None, *,
        now: datetime, names: Mapping[str, str],
    ) -> TabletReport:  # fmt: skip
        rows, device = self.sent.get(key, []), self.devices.get(key)
        is_here = not rows or any(row.node is None for row in rows)
        last_seen = max(_moments(rows, device), default=None)
        actor_id = next((row.actor_id for row in rows if row.actor_id is not None), None)
        where = Whereabouts()
        may_be_between = centre is not None or any(row.missing for row in rows)
        if actor_id is not None and is_here and may_be_between:
            where = find_whereabouts(session, self.project_id, actor_id, self.titles, centre=centre)
        return TabletReport(
            key=key,
            name=device.display_name if device else rows[0].name,
            node="" if is_here else _name(rows[0].node or "", names),
            is_ended=device is not None and device.is_revoked,
            last_seen_at=last_seen.astimezone(self.zone) if last_seen else None,
            days_silent=_days_between(last_seen, now, self.zone) if last_seen else None,
            forms=tuple(self._forms(key, rows)),
            numbers=asked.get(key, Numbers()),
            code=self.codes[key].text if key in self.codes else "",
            on_the_way=where.on_the_way,
            not_at_centre=where.not_at_centre,
        )

    def _forms(self, key: str, rows: Iterable[FormDays]) -> Iterator[TabletForm]:
        by_form: dict[str, list[FormDays]] = {}
        for row in rows:
            by_form.setdefault(row.form_id, []).append(row)
        for form_id, parts in by_form.items():
            yield TabletForm(
                form_id=form_id,
                title=self.titles[form_id],
                by_day=tuple(map(sum, zip(*(part.by_day for part in parts), strict=True))),
                total=sum(part.submissions for part in parts),
                edits=self.edits.get((key, form_id), 0),
                waiting=sum(part.waiting for part in parts),
                missing=sum(part.missing for part in parts),
                sealed=sum(part.sealed for part in parts),
            )


def _moments(rows: Iterable[FormDays], device: Actor | None) -> Iterator[datetime]:
    yield from (row.last_received_at for row in rows)
    if device is not None and device.last_used_at is not None:
        yield device.last_used_at


def _days_between(then: datetime, now: datetime, zone: ZoneInfo) -> int:
    return max(0, (now.astimezone(zone).date() - then.astimezone(zone).date()).days)


def _as_counted(name: str) -> list[tuple[int, str]]:
    """Sort names as people count: Tablet 2 before Tablet 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _iter_node_names(session: Session) -> Iterator[tuple[str, str]]:
    for id, name, _key in known_nodes.iter_nodes(session):
        yield id, name
    for peer in iter_peers(session):
        yield from ((id, peer.name) for id in peer.ids)


def _name(node: str, names: Mapping[str, str]) -> str:
    return names.get(node) or node[:8]
