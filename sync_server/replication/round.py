"""A round with a centre: greet, pull records, push records, and files both ways beside it, until all is quiet.

What became of it is kept (`store/peer_rounds.py`): for the page, for `status`, and for the schedule. Nothing that
breaks a round off loses anything: the next one begins where the cursors and the awaited files are.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import FilesMissing, PeerStopped
from sync_server.replication import greeting
from sync_server.replication.files_lane import FilesLane
from sync_server.replication.lease import hold
from sync_server.replication.local import LocalPeer
from sync_server.replication.patience import Patience
from sync_server.replication.peer import Greeting, Peer
from sync_server.replication.progress import Progress
from sync_server.replication.records_lane import IN, OUT, Counts, RecordsLane
from sync_server.services.peer_status import Movement, Said
from sync_server.services.peer_tickets import note_stopped
from sync_server.store import peer_rounds
from sync_server.store.peers import PeerNode, get_peer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundReport:
    """What a round did. Quiet: neither end has anything for the other; else `reason` says why not.

    Without a reason, somebody stopped it.
    """

    is_quiet: bool
    reason: Said | None
    records_in: Counts
    records_out: Counts
    files_in: int
    files_out: int
    greetings: int
    breaks: int
    movement: Movement


def synchronise(
    node: Node,
    peer_id: str,
    *,
    remote: Callable[[], Peer],
    progress: Callable[[Movement], None] = lambda _movement: None,
    stop: Callable[[], bool] = lambda: False,
    wait: Callable[[float], object] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RoundReport:
    """Go one round with a peer; `remote` opens a lane to it, whenever one is needed.

    Returns when all is quiet, when `stop()` says so, or with the reason why it ended before; raises RoundUnderWay when
    another process is at it, PairingEnded or PeerStopped when nothing may go. `wait(seconds)` waits after a break and
    should end early when the round is to stop.
    """
    peer = greeting.require_active(node, peer_id)
    with hold(node, peer_id, clock) as token:
        node.write(lambda session: peer_rounds.note_tried(session, peer_id, now=clock()))
        going = _Round(node, peer, remote, _teller(node, peer_id, token, progress), stop, wait, clock)
        try:
            report = going.run()
        except Exception:  # an accident of ours: it goes on up, and pages and schedule know that the round failed
            _keep_failure(node, peer, Problem(), clock())
            raise
        _keep(node, peer, report, going.problem, clock())
    return report


class _Round:
    def __init__(
        self, node: Node, peer: PeerNode, remote: Callable[[], Peer], tell: Callable[[Movement], None],
        stop: Callable[[], bool], wait: Callable[[float], object] | None, clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._node, self._peer, self._stop = node, peer, stop
        self.problem: Problem | None = None
        self._progress = Progress(tell)
        local: Peer = LocalPeer(node, peer.id)
        self._ended = threading.Event()
        waiting = wait or self._ended.wait
        self._files = FilesLane(
            node=node, peer_id=peer.id, local=local, open_remote=remote, patience=Patience(waiting),
            progress=self._progress, stop=stop,
        )  # fmt: skip
        self._local = local
        self._records = RecordsLane(
            node=node, peer_id=peer.id, local=local, open_remote=remote, introduce=self._introduce,
            patience=Patience(waiting), progress=self._progress, stop=stop, clock=clock, announce=self._announce,
            news=self._files.look,
        )  # fmt: skip

    def run(self) -> RoundReport:
        is_quiet = False
        try:
            is_quiet = self._go()
        except Problem as problem:
            self.problem = problem
        finally:
            self._ended.set()
            self._files.close()
        self._progress.tell(at_once=True)
        return self._report(is_quiet)

    def _go(self) -> bool:
        """Records, then the files they brought, then records again: a file that came makes a row of the feed."""
        moved, before = self._step(), 0
        while moved != before and not self._stop():
            moved, before = self._step(), moved
        self._files.require_all()
        return not self._stop()

    def _step(self) -> int:
        self._records.run(self._met)
        moved = self._files.drain()
        if not self._stop():
            self._files.note_left()
        return moved

    def _met(self, is_new_epoch: bool) -> None:
        """Look for files where a greeting says that there may be some."""
        # Not at the first greeting alone: a batch whose answer was lost has brought files, and nobody was told.
        if self._files_there() or is_new_epoch:
            self._files.look(OUT)
        if self._local.list_awaited(1):
            self._files.look(IN)

    def _announce(self) -> None:
        """Note that files will be awaited, before it is so: a crash in between must not forget to ask."""
        if self._files_there() >= 0:
            self._node.write(lambda session: peer_rounds.note_files_there(session, self._peer.id, -1))

    def _files_there(self) -> int:
        with self._node.database.read() as session:
            return peer_rounds.get_round(session, self._peer.id).files_there

    def _introduce(self) -> Greeting:
        with self._node.database.read() as session:
            return greeting.introduce(self._node, get_peer(session, self._peer.id))

    def _report(self, is_quiet: bool) -> RoundReport:
        return RoundReport(
            is_quiet=is_quiet and self.problem is None,
            reason=Said(self.problem.message, self.problem.details) if self.problem else None,
            records_in=self._records.counts[IN],
            records_out=self._records.counts[OUT],
            files_in=self._progress.files_done(IN),
            files_out=self._progress.files_done(OUT),
            greetings=self._records.greetings,
            breaks=self._records.patience.breaks + self._files.patience.breaks,
            movement=self._progress.movement(),
        )


def _teller(
    node: Node, peer_id: str, token: str, progress: Callable[[Movement], None]
) -> Callable[[Movement], None]:  # fmt: skip
    def tell(movement: Movement) -> None:
        shown = asdict(movement)
        node.write(lambda session: peer_rounds.put_progress(session, peer_id, token, shown))
        progress(movement)

    return tell


def _keep(node: Node, peer: PeerNode, report: RoundReport, problem: Problem | None, now: datetime) -> None:
    """Keep how a round ended; one that was stopped leaves what was said before."""
    if problem is not None:
        _keep_failure(node, peer, problem, now)
    elif report.is_quiet:
        node.write(lambda session: peer_rounds.note_succeeded(session, peer.id, now=now))
    log.info(
        "round ended node=%s peer=%s quiet=%s in=%d out=%d files_in=%d files_out=%d breaks=%d error=%s",
        node.id, peer.id, report.is_quiet, report.records_in.stored, report.records_out.stored, report.files_in,
        report.files_out, report.breaks, problem.code if problem else "",
    )  # fmt: skip


def _keep_failure(node: Node, peer: PeerNode, problem: Problem, now: datetime) -> None:
    details = {name: value if isinstance(value, int | float) else str(value) for name, value in problem.details.items()}
    # A file that is missing there must not slow down the records: it is no failure to back off from.
    is_line = not isinstance(problem, FilesMissing)
    if isinstance(problem, PeerStopped):  # said and signed by the centre: this machine is a copy, or was copied
        note_stopped(node, peer.id)
    node.write(
        lambda session: peer_rounds.note_failed(
            session, peer.id, error=type(problem).__name__, details=details, now=now, counts=is_line
        )
    )
