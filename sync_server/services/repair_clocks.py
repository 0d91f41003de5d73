"""Propose when submissions were finished, where a tablet's clock was wrong (core/clock_repair.py).

Nothing is stored or changed: a proposal is made whenever somebody asks, from what is here then. A tablet's clock shows
in all that it sent, so all forms are looked at of which the actor may see every row and both times; what is listed can
be narrowed. One tablet is in memory at a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy.orm import Session

from sync_server.core.clock_answers import TimePaths, find_time_paths, read_times
from sync_server.core.clock_reading import Proposal, Reading
from sync_server.core.clock_repair import repair
from sync_server.core.clock_summary import WrongFor, sum_up
from sync_server.core.scope import OPERATOR, Scope
from sync_server.node import Node
from sync_server.services.access import require_somewhere
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_sight import sight_of
from sync_server.store import clock_readings, forms
from sync_server.store.accounts import Actor
from sync_server.store.clock_readings import AT_A_TIME, FirstReceipt
from sync_server.store.forms import FormVersion
from sync_server.store.peers import iter_peers

VERB = "quarantine.read"
# A server's own clock is no better than that, unless its peer says that it is worse.
DOUBT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SubmissionTime:
    project_id: int
    form_id: str
    instance_id: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class TabletClock:
    """What is proposed for one tablet: `device` as it calls itself, `name` as the office does."""

    device: str
    name: str
    submissions: tuple[SubmissionTime, ...]

    @property
    def wrong(self) -> list[WrongFor]:
        return sum_up(each.proposal for each in self.submissions)


def repair_clocks(
    node: Node, actor: Actor | None, *, project_id: int | None = None, form_id: str | None = None,
    device: str | None = None,
) -> Iterator[TabletClock]:  # fmt: skip
    """Stream the tablets by name of the device, each with its submissions, those received first first."""
    scope = require_somewhere(node, actor, VERB, project_id=project_id)
    with node.database.read() as session:
        gathering = _Gathering(session, scope, _doubts(session))
        receipts = clock_readings.iter_first_receipts(session, tablet=device)
        for tablet, theirs in groupby(receipts, key=lambda receipt: receipt.tablet):
            clock = _of_tablet(gathering, tablet, theirs)
            wanted = tuple(each for each in clock.submissions if _is_wanted(each, project_id, form_id))
            if wanted:
                yield TabletClock(clock.device, clock.name, wanted)


def _is_wanted(each: SubmissionTime, project_id: int | None, form_id: str | None) -> bool:
    return project_id in (None, each.project_id) and form_id in (None, each.form_id)


def _of_tablet(gathering: "_Gathering", tablet: str, receipts: Iterable[FirstReceipt]) -> TabletClock:
    kept: dict[str, FirstReceipt] = {}
    for receipt in receipts:  # other content under one instanceID came later: the first says when it was finished
        if gathering.may_see(receipt):
            kept.setdefault(_key(receipt), receipt)
    proposals = repair(gathering.read(kept))
    names = sorted({receipt.name for receipt in kept.values() if receipt.name})
    times = (
        SubmissionTime(of.project_id, of.form_id, of.instance_id, each) for each in proposals for of in [kept[each.key]]
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
        if view is None or view.rows is not None or not self.scope.sees_whole(project_id, form_id, VERB):
            return False
        if self.scope.kind == OPERATOR:
            return True
        sight = sight_of(self.session, view, project_id, form_id)
        paths = [self._paths(version) for version in forms.iter_versions(self.session, project_id, form_id)]
        return not any(sight.veils(path) for each in paths or [TimePaths()] for path in (each.start, each.end))

    def _paths(self, version: FormVersion) -> TimePaths:
        return find_time_paths(get_definition(self.session, version))
