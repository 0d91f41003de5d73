"""Propose when submissions were finished, where a tablet's clock was wrong (core/clock_repair.py).

Nothing is stored or changed: a proposal is made whenever somebody asks, from what is here then. A tablet's clock shows
in all that it sent, so all forms are looked at of which the actor may see every row and both times; what is listed can
be narrowed. One tablet is in memory at a time.
"""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.orm import Session

from sync_server.core.clock_answers import TimePaths, find_time_paths, read_times
from sync_server.core.clock_reading import Reading
from sync_server.core.clock_repair import repair
from sync_server.core.scope import OPERATOR, READ, Scope
from sync_server.core.tablet_clock import SubmissionTime, TabletClock
from sync_server.node import Node
from sync_server.services.access import require_somewhere
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_sight import sight_of
from sync_server.store import clock_readings, forms
from sync_server.store.accounts import Actor
from sync_server.store.clock_readings import AT_A_TIME, FirstReceipt
from sync_server.store.forms import FormVersion
from sync_server.store.peers import iter_peers

# A server's own clock is no better than that, unless its peer says that it is worse.
DOUBT_SECONDS = 60.0
SETTLE = "quarantine.read"
SNAPSHOT_SECONDS = 5.0
# A form may be kept back for so long (core/clock_syncs.py): what came within it bears on what is listed.
EVIDENCE = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; None means all. `since` narrows it to what was received from then on."""

    project_id: int | None = None
    form_id: str | None = None
    device: str | None = None
    since: datetime | None = None

    def has(self, each: SubmissionTime) -> bool:
        is_of_form = self.project_id in (None, each.project_id) and self.form_id in (None, each.form_id)
        return is_of_form and (self.since is None or each.proposal.received_at >= self.since)

    @property
    def evidence_since(self) -> datetime | None:
        return self.since - EVIDENCE if self.since else None


def repair_clocks(node: Node, actor: Actor | None, wanted: Wanted = Wanted()) -> Iterator[TabletClock]:
    """Stream the tablets by name of the device, each with its submissions, those received first first.

    Raises InsufficientRights at once, before anything is asked of the stream.
    """
    return _stream(node, require_somewhere(node, actor, READ, project_id=wanted.project_id), wanted)


def _stream(node: Node, scope: Scope, wanted: Wanted) -> Iterator[TabletClock]:
    """Read on in a new snapshot now and then: a client on a slow line must not hold one for long."""
    last: str | None = None
    while True:
        until = time.monotonic() + SNAPSHOT_SECONDS
        with node.database.read() as session, closing(_read_on(session, scope, wanted, after=last)) as clocks:
            for clock in clocks:
                yield clock
                last = clock.device
                if time.monotonic() > until:
                    break
            else:
                return


def _read_on(session: Session, scope: Scope, wanted: Wanted, *, after: str | None) -> Generator[TabletClock]:
    gathering = _Gathering(session, scope, _doubts(session))
    first = clock_readings.iter_first_receipts(session, tablet=wanted.device, after=after, since=wanted.evidence_since)
    with closing(first) as receipts:
        for tablet, theirs in groupby(receipts, key=lambda receipt: receipt.tablet):
            clock = _of_tablet(gathering, tablet, theirs)
            listed = tuple(each for each in clock.submissions if wanted.has(each))
            if listed:
                yield TabletClock(clock.device, clock.name, listed)


def _of_tablet(gathering: "_Gathering", tablet: str, receipts: Iterable[FirstReceipt]) -> TabletClock:
    kept: dict[str, FirstReceipt] = {}
    for receipt in receipts:  # other content under one instanceID came later: the first says when it was finished
        if gathering.may_see(receipt):
            kept.setdefault(_key(receipt), receipt)
    proposals = repair(gathering.read(kept))
    names = sorted({receipt.name for receipt in kept.values() if receipt.name})
    shown = ((kept[each.key], each) for each in proposals)
    times = (
        SubmissionTime(of.project_id, of.form_id, of.instance_id, each)
        for of, each in shown
        if of.is_admitted or gathering.may_settle(of)
    )
    return TabletClock(tablet, ", ".join(names), tuple(times))


def _key(receipt: FirstReceipt) -> str:
    return f"{receipt.project_id}/{receipt.form_id}/{receipt.instance_id}"


def _doubts(session: Session) -> dict[str, float]:
    """Tell by how many seconds the clocks of peers may be off, as far as they were heard."""
    heard = [(peer.ids, abs(peer.clock_offset_seconds or 0.0)) for peer in iter_peers(session)]
    return {node: max(DOUBT_SECONDS, offset) for ids, offset in heard for node in ids}


@dataclass(slots=True)
class _Gathering:
    """Reads submissions of many forms; what a form says is looked up once."""

    session: Session
    scope: Scope
    doubts: dict[str, float]
    _seen: dict[tuple[int, str], bool] = field(default_factory=dict)
    _versions: dict[tuple[int, str, str], tuple[FormVersion | None, TimePaths]] = field(default_factory=dict)

    def may_see(self, receipt: FirstReceipt) -> bool:
        key = receipt.project_id, receipt.form_id
        if key not in self._seen:
            self._seen[key] = self._may_see(*key)
        return self._seen[key]

    def may_settle(self, receipt: FirstReceipt) -> bool:
        """Tell whether the actor is shown what waits for a person, too: it bears on the others for everybody."""
        return self.scope.sees_whole(receipt.project_id, receipt.form_id, SETTLE)

    def read(self, kept: dict[str, FirstReceipt]) -> Iterator[Reading]:
        ordered = list(kept.items())
        for begin in range(0, len(ordered), AT_A_TIME):
            part = ordered[begin : begin + AT_A_TIME]
            xml = clock_readings.find_xml(self.session, [receipt.version_row for _key, receipt in part])
            for key, receipt in part:
                yield self._reading(key, receipt, xml.get(receipt.version_row, b""))

    def _reading(self, key: str, receipt: FirstReceipt, xml: bytes) -> Reading:
        version, paths = self._version(receipt)
        start, end = read_times(xml, paths)
        # What came before the form was published here was filled with a form from elsewhere.
        is_bound = version is not None and version.published_at <= receipt.received_at
        return Reading(
            key=key,
            start=start,
            end=end,
            received_at=receipt.received_at,
            clock_offset=receipt.clock_offset_seconds,
            not_before=version.published_at if version and is_bound else None,
            doubt=self.doubts.get(receipt.node or "", DOUBT_SECONDS),
        )

    def _version(self, receipt: FirstReceipt) -> tuple[FormVersion | None, TimePaths]:
        key = receipt.project_id, receipt.form_id, receipt.form_version
        if key not in self._versions:
            found = forms.find_version(self.session, *key)
            self._versions[key] = found, find_time_paths(get_definition(self.session, found)) if found else TimePaths()
        return self._versions[key]

    def _may_see(self, project_id: int, form_id: str) -> bool:
        view = self.scope.view(project_id, form_id)
        if view is None or view.rows is not None:
            return False
        if self.scope.kind == OPERATOR:
            return True
        sight = sight_of(self.session, view, project_id, form_id)
        paths = [self._paths(version) for version in forms.iter_versions(self.session, project_id, form_id)]
        return not any(sight.veils(path) for each in paths or [TimePaths()] for path in (each.start, each.end))

    def _paths(self, version: FormVersion) -> TimePaths:
        return find_time_paths(get_definition(self.session, version))
