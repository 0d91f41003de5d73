"""What a tablet's owner asks at the end of a day: is everything that I sent here?

Told to whoever holds the tablet's token, revoked or not: how much of which form, and what is missing; no answer, and
nothing of others. A public link's token is many people's, and is told nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.account_errors import AuthenticationFailed, UnknownToken
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.devices import identify_device
from sync_server.services.peer_scope import scope_of_peer, shared_projects
from sync_server.store import changes, device_summary, forms, peer_rounds
from sync_server.store.accounts import APP_USER, Actor
from sync_server.store.device_summary import OfForm
from sync_server.store.peers import PeerNode, iter_peers


@dataclass(frozen=True, slots=True)
class FormSummary:
    title: str
    submissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSummary:
    """`missing` files are with the tablet still, `on_the_way` ones at another node; `centre` is empty without one."""

    name: str
    is_revoked: bool
    forms: tuple[FormSummary, ...]
    last_received_at: datetime | None
    waiting: int
    missing: int
    on_the_way: int
    is_worked_through: bool
    centre: str
    gone_on: int

    @property
    def submissions(self) -> int:
        return sum(form.submissions for form in self.forms)

    @property
    def is_all_here(self) -> bool:
        return self.is_worked_through and self.submissions > 0 and self.missing == 0


def summarise(node: Node, token: str) -> DeviceSummary:
    """Sum up what a tablet sent; waits a moment for the consumers. Raises UnknownToken."""
    device = _identify(node, token)
    consumers.resolve_received(node, seconds=1.0)
    is_worked_through = consumers.count_unresolved(node) == 0
    with node.database.read() as session:
        return _sum_up(session, device, is_worked_through=is_worked_through)


def _identify(node: Node, token: str) -> Actor:
    try:
        device = identify_device(node, token)
    except AuthenticationFailed as error:  # a mistyped address; whoever holds a tablet has no password to try
        raise UnknownToken from error
    if device.type != APP_USER:
        raise UnknownToken
    return device


def _sum_up(session: Session, device: Actor, *, is_worked_through: bool) -> DeviceSummary:
    counted = device_summary.count_by_form(session, device.id)
    lacking = sum(form.missing for form in counted)
    on_the_way = min(lacking, device_summary.count_on_the_way(session, device.id)) if lacking else 0
    centre = find_centre(session, device.project_id or 0)
    return DeviceSummary(
        name=device.display_name,
        is_revoked=device.is_revoked,
        forms=tuple(FormSummary(_title(session, form), form.submissions) for form in counted),
        last_received_at=device_summary.find_last_received(session, device.id),
        waiting=sum(form.waiting for form in counted),
        missing=lacking - on_the_way,
        on_the_way=on_the_way,
        is_worked_through=is_worked_through,
        centre=centre.name if centre else "",
        gone_on=_count_gone_on(session, device, counted, centre) if centre else 0,
    )


def find_centre(session: Session, project_id: int) -> PeerNode | None:
    """Find the centre to which what comes for a project goes on; None when it stays here."""
    centres = (peer for peer in iter_peers(session) if peer.is_centre and peer.is_active)
    shared = ((peer, shared_projects(session, peer, scope_of_peer(session, peer))) for peer in centres)
    return next((peer for peer, projects in shared if project_id in projects), None)


def _count_gone_on(session: Session, device: Actor, counted: Sequence[OfForm], centre: PeerNode) -> int:
    """Count the submissions of which the centre said that it has everything but files."""
    scope = scope_of_peer(session, centre)
    shared = sum(form.submissions for form in counted if scope.knows(form.project_id, form.form_id))
    return shared - count_kept_back(session, device.id, counted, centre)


def count_kept_back(session: Session, device_id: int, counted: Sequence[OfForm], centre: PeerNode) -> int:
    """Count those of a device's submissions that go on to the centre and that it has not said it has."""
    scope = scope_of_peer(session, centre)
    shared = [form for form in counted if scope.knows(form.project_id, form.form_id)]
    told = peer_rounds.get_round(session, centre.id)
    # What was said of a feed before a restore says nothing of this one.
    after = told.told_seq if told.told_epoch == changes.epoch(session) else 0
    forms_shared = [form.form_id for form in shared]
    kept_back = device_summary.count_kept_back(session, device_id, forms=forms_shared, after=after, not_from=centre.ids)
    return min(kept_back, sum(form.submissions for form in shared))


def _title(session: Session, form: OfForm) -> str:
    found = forms.find_form(session, form.project_id, form.form_id)
    return found.current.title if found else form.form_id or "?"
