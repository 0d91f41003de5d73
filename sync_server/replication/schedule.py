"""Which centre is due, and its round: looked at every second by every serving process.

The lease makes several processes safe. Each centre has a thread of its own while its round goes, so that one that is
far away does not hold up another.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from sync_server.core.sync_schedule import SyncMoment, SyncRule, is_due, make_rule
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import RoundUnderWay
from sync_server.replication.dialling import Dialling
from sync_server.replication.round import synchronise
from sync_server.store import changes, peer_rounds
from sync_server.store.peer_rounds import PeerRound
from sync_server.store.peers import PeerNode, iter_peers

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RECOVERY_SECONDS = 5.0
LONGEST_END_SECONDS = 10.0  # a request that hangs is left behind: it may come twice
SENT = (
    "submission_version",
    "receipt",
    "attachment",
    "decision",
    "entity",
)  # what a hub has to send, and is not asked for

Go = Callable[[Node, PeerNode, threading.Event], None]


class Schedule:
    """Looks which centre is due and starts its round. `stop` ends rounds between two batches."""

    def __init__(self, node: Node, stop: threading.Event, *, go: "Go | None" = None) -> None:
        self._node, self._stop = node, stop
        self._go = go or go_round
        self._rule = rule_of(node)
        self._zone = ZoneInfo(node.settings.timezone)
        self._rounds: dict[str, threading.Thread] = {}
        self._newest = _Newest()

    def run(self) -> None:
        """Look again and again until told to stop; then wait a little for the rounds under way."""
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look(datetime.now(UTC))
            except Exception:  # a database that is away: it passes, and this thread must outlive it
                log.exception("schedule interrupted node=%s", self._node.id)
                self._stop.wait(RECOVERY_SECONDS)
        for thread in self._rounds.values():
            thread.join(LONGEST_END_SECONDS)

    def look(self, now: datetime) -> list[str]:
        """Start a round with each centre that is due; return whose."""
        self._rounds = {id: thread for id, thread in self._rounds.items() if thread.is_alive()}
        due = [peer for peer, moment in self._moments(now) if is_due(now.astimezone(self._zone), self._rule, moment)]
        for peer in due:
            thread = threading.Thread(target=self._run, args=(peer,), name=f"round {peer.id[:8]}", daemon=True)
            self._rounds[peer.id] = thread
            thread.start()
        return [peer.id for peer in due]

    def _moments(self, now: datetime) -> list[tuple[PeerNode, SyncMoment]]:
        """Say of each centre that is not being synchronised with how it stands."""
        with self._node.database.read() as session:
            centres = [p for p in iter_peers(session) if p.is_dialled and p.id not in self._rounds]
            if not centres:
                return []
            rounds = {each.peer_id: each for each in peer_rounds.iter_rounds(session)}
            epoch = changes.epoch(session)
            found = []
            for peer in centres:
                gone = rounds[peer.id]
                after = gone.told_seq if gone.told_epoch == epoch else 0
                newest = changes.newest_since(session, after, kinds=SENT, not_from=peer.ids)
                if not gone.is_busy(now):
                    found.append((peer, _moment(gone, self._newest.since(peer.id, newest, now))))
        return found

    def _run(self, peer: PeerNode) -> None:
        try:
            self._go(self._node, peer, self._stop)
        except RoundUnderWay:
            pass  # another process was faster
        except Problem as problem:
            log.warning("no round node=%s peer=%s error=%s", self._node.id, peer.id, problem.text)
        except Exception:  # kept with the round; the next look must come
            log.exception("round interrupted node=%s peer=%s", self._node.id, peer.id)


class _Newest:
    """When the newest thing that waits was first seen: the feed has no times."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, datetime]] = {}

    def since(self, peer_id: str, newest: int | None, now: datetime) -> datetime | None:
        if newest is None:
            self._seen.pop(peer_id, None)
            return None
        if self._seen.get(peer_id, (0, now))[0] != newest:
            self._seen[peer_id] = (newest, now)
        return self._seen[peer_id][1]


def rule_of(node: Node) -> SyncRule:
    """Read the rule that the operator set."""
    said = node.settings
    return make_rule(
        minutes=said.sync_minutes, quiet_seconds=said.sync_quiet_seconds, quiet_hours=said.sync_quiet_hours
    )


def go_round(node: Node, peer: PeerNode, stop: threading.Event) -> None:
    """Go one round over the network."""
    with Dialling(node, peer) as remote:
        synchronise(node, peer.id, remote=remote, stop=stop.is_set, wait=stop.wait)


def _moment(gone: PeerRound, newest_at: datetime | None) -> SyncMoment:
    return SyncMoment(
        is_wanted=gone.wanted_at is not None,
        tried_at=gone.tried_at,
        failed_at=gone.failed_at,
        failures=gone.failures,
        newest_at=newest_at,
        chance=_chance(f"{gone.peer_id} {gone.tried_at}"),
    )


def _chance(word: str) -> float:
    """Make a number from 0 to 1 that is the same at every look of one wait, and another on every node."""
    return int.from_bytes(sha256(word.encode()).digest()[:4], "big") / 2**32
