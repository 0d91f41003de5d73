"""What an office asks at the end of a day: which tablets were seen today, what each sent, what came for each form.

Today is the day in the node's time zone. Somebody sees the tablets of the projects, and counts of the forms, that they
may look after: of a form of which they see some rows only, a count would tell of the others, and is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.services.access import require_somewhere
from sync_server.store import accounts, forms, nodes, tablets_today
from sync_server.store.accounts import Actor
from sync_server.store.tablets_today import Sent

VERB = "quarantine.read"


@dataclass(frozen=True, slots=True)
class TabletToday:
    """Who was seen today. `name` is empty for a tablet that says nothing of itself."""

    name: str
    submissions: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class FormToday:
    """What came for a form today: from tablets here, and from those at other nodes."""

    form_id: str
    title: str
    here: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Today:
    day: date
    tablets: tuple[TabletToday, ...]
    forms: tuple[FormToday, ...]

    @property
    def submissions(self) -> int:
        return sum(form.here + form.elsewhere for form in self.forms)


def see_today(node: Node, actor: Actor | None, *, now: datetime) -> Today:
    """Gather today's tablets, the one seen last first, and today's forms."""
    scope = require_somewhere(node, actor, VERB)
    zone = ZoneInfo(node.settings.timezone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    with node.database.read() as session:
        came = tablets_today.iter_sent(session, since=midnight)
        devices = accounts.iter_app_users(session)
        titles = _titles(session)
    sent = [each for each in came if scope.sees_whole(each.project_id, each.form_id, VERB)]
    seen = [device for device in devices if _was_seen(device, midnight, scope)]
    return Today(midnight.date(), _tablets(sent, seen), _forms(sent, titles))


def _was_seen(device: Actor, midnight: datetime, scope: Scope) -> bool:
    is_of_today = device.last_used_at is not None and device.last_used_at >= midnight
    return is_of_today and scope.may("field_key.list", device.project_id)


def _titles(session: Session) -> dict[tuple[int, str], str]:
    projects = [project_id for project_id, _name in nodes.iter_projects(session)]
    found = (form for project_id in projects for form in forms.iter_forms(session, project_id))
    return {(form.project_id, form.form_id): form.current.title for form in found}


def _tablets(sent: Iterable[Sent], seen: Iterable[Actor]) -> tuple[TabletToday, ...]:
    """Put together what each sent here and when each last asked for forms."""
    found: dict[int | str, TabletToday] = {
        device.id: TabletToday(device.display_name, 0, device.last_used_at) for device in seen if device.last_used_at
    }
    for each in sent:
        if each.node is None:
            name = each.name or ""
            key = name if each.actor_id is None else each.actor_id
            before = found.get(key, TabletToday(name, 0, each.last_received_at))
            last = max(before.last_seen_at, each.last_received_at)
            found[key] = TabletToday(before.name, before.submissions + each.submissions, last)
    return tuple(sorted(found.values(), key=lambda tablet: (-tablet.last_seen_at.timestamp(), tablet.name)))


def _forms(sent: Sequence[Sent], titles: dict[tuple[int, str], str]) -> tuple[FormToday, ...]:
    here: dict[tuple[int, str], int] = {}
    elsewhere: dict[tuple[int, str], int] = {}
    for each in sent:
        counts = here if each.node is None else elsewhere
        key = each.project_id, each.form_id
        counts[key] = counts.get(key, 0) + each.submissions
    return tuple(
        FormToday(key[1], titles.get(key, key[1] or "?"), here.get(key, 0), elsewhere.get(key, 0))
        for key in sorted(here.keys() | elsewhere.keys())
    )
