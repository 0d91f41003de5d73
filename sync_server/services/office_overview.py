"""What the office sees on the first page: this node, its forms, what has arrived, what waits for a person."""

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.store import checkpoints, forms, nodes, office, unreadable_uploads
from sync_server.store.accounts import Actor
from sync_server.store.forms import OPEN, Form
from sync_server.store.office import FormArrivals, ListedSubmission
from sync_server.store.unreadable_uploads import UnreadableUpload

DAYS = 7
LATEST = 10
LISTED = 20  # as many as a person works through at a sitting; the command line lists them all
COUNTED = 1000  # how many waiting submissions are looked at to count the reasons


@dataclass(frozen=True, slots=True)
class NodeCard:
    name: str
    id: str
    version: str
    database: str
    now: datetime
    behind: int
    parked: int


@dataclass(frozen=True, slots=True)
class FormCard:
    """A form and what came for it. `version` is empty and `state` unknown for one that was never published here."""

    project_id: int
    form_id: str
    title: str
    version: str
    state: str
    submissions: int
    last_received_at: datetime | None
    by_day: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One reason why a person should look, and the oldest submissions it concerns."""

    reason: str
    count: int
    examples: tuple[ListedSubmission, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    node: NodeCard
    days: tuple[date, ...]
    forms: tuple[FormCard, ...]
    titles: Mapping[str, str]
    latest: Sequence[ListedSubmission]
    incomplete: Sequence[ListedSubmission]
    incomplete_count: int
    waiting: tuple[Waiting, ...]
    waiting_count: int
    unreadable: Sequence[UnreadableUpload]
    unreadable_count: int

    @property
    def is_counted_in_part(self) -> bool:
        """Tell whether more waits than was looked at to count the reasons."""
        return self.waiting_count - self.unreadable_count > COUNTED

    @property
    def submissions(self) -> int:
        return sum(form.submissions for form in self.forms)


def name_node(node: Node) -> str:
    """What people call this node."""
    return node.settings.node_name or platform.node() or node.id[:8]


def list_form_titles(node: Node) -> list[str]:
    """Titles of the open forms: all that a stranger may know of them."""
    with node.database.read() as session:
        return [form.current.title for form in _published(session) if form.state == OPEN]


def see_overview(node: Node, actor: Actor | None, *, now: datetime) -> Overview:
    """Gather the first page on one snapshot; waits a moment for the consumers, so that it is as fresh as can be."""
    require(node, actor, "quarantine.read")
    consumers.resolve_received(node, seconds=1.0)
    bounds = _midnights(now, ZoneInfo(node.settings.timezone))
    with node.database.read() as session:
        published = _published(session)
        arrivals = office.count_arrivals(session, bounds)
        waiting_count = sum(a.waiting for a in arrivals)
        incomplete_count = sum(a.incomplete for a in arrivals)
        # Nothing of a kind: then no second look through everything for it.
        waiting = office.iter_waiting(session, limit=COUNTED) if waiting_count else []
        unreadable = unreadable_uploads.iter_unreadable(session)
        return Overview(
            node=_node_card(node, now, parked=len(checkpoints.iter_parked(session))),
            days=tuple(bound.date() for bound in bounds[:-1]),
            forms=tuple(_form_cards(published, arrivals)),
            titles={form.form_id: form.current.title for form in published},
            latest=office.iter_latest(session, limit=LATEST),
            incomplete=office.iter_incomplete(session, limit=LISTED) if incomplete_count else [],
            incomplete_count=incomplete_count,
            waiting=_by_reason(waiting),
            waiting_count=waiting_count + len(unreadable),
            unreadable=unreadable[:LISTED],
            unreadable_count=len(unreadable),
        )


def _published(session: Session) -> list[Form]:
    projects = nodes.iter_projects(session)
    return [form for project_id, _name in projects for form in forms.iter_forms(session, project_id)]


def _node_card(node: Node, now: datetime, *, parked: int) -> NodeCard:
    return NodeCard(
        name=name_node(node),
        id=node.id,
        version=_version(),
        database="SQLite" if node.database.is_sqlite else "PostgreSQL",
        now=now,
        behind=consumers.count_unresolved(node),
        parked=parked,
    )


def _version() -> str:
    try:
        return version("sync-server")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "?"


def _midnights(now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Bounds of the last days in local time, today the last; in UTC they need not be 24 hours apart."""
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=DAYS - 1 - n) for n in range(DAYS + 1))
    return tuple(datetime.combine(day, time(), zone) for day in days)


def _form_cards(published: Sequence[Form], arrivals: Sequence[FormArrivals]) -> list[FormCard]:
    """Published forms first; then those for which submissions came although nobody published them."""
    came = {(a.project_id, a.form_id): a for a in arrivals}
    cards = [_card(form, came.pop((form.project_id, form.form_id), None)) for form in published]
    strangers = (
        FormCard(a.project_id, a.form_id, a.form_id or "?", "", "unknown", a.submissions, a.last_received_at, a.by_span)
        for a in came.values()
    )
    return [*cards, *strangers]


def _card(form: Form, came: FormArrivals | None) -> FormCard:
    return FormCard(
        project_id=form.project_id,
        form_id=form.form_id,
        title=form.current.title,
        version=form.current.version,
        state=form.state,
        submissions=came.submissions if came else 0,
        last_received_at=came.last_received_at if came else None,
        by_day=came.by_span if came else (0,) * DAYS,
    )


def _by_reason(waiting: Sequence[ListedSubmission]) -> tuple[Waiting, ...]:
    """Group by reason, the most frequent first."""
    concerned: dict[str, list[ListedSubmission]] = {}
    for submission in waiting:
        for reason in sorted({str(flag["reason"]) for flag in submission.flags}):
            concerned.setdefault(reason, []).append(submission)
    counts = Counter({reason: len(found) for reason, found in concerned.items()})
    return tuple(Waiting(reason, n, tuple(concerned[reason][:LISTED])) for reason, n in counts.most_common())
