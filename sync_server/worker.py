"""Which job runs when: the consumers of the feed, and housekeeping.

The consumers follow the feed in a thread of their own. While uploads arrive they leave most of the processor to
them, so that a tablet waits for its answer and not for our bookkeeping; when it is quiet they run to the head.
APScheduler only triggers what has a time of day or an interval; several processes may all trigger, because every
job is safe to run twice.
"""

import logging
import threading
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from sync_server.node import Node
from sync_server.services import backup, consumers, sign_in

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.25  # how soon a change is noticed when nothing was going on
RECOVERY_SECONDS = 2.0
BACKUP_LOOK_MINUTES = 15
BACKUP_START_SECONDS = 30  # after the start, when the tablets that waited have sent
POLITENESS = 3.0  # pause after a slice, as a multiple of it, while uploads arrive


class Worker:
    """The background work of one serving process."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="consumers", daemon=True)
        self._scheduler = BackgroundScheduler(timezone=node.settings.timezone)
        self._scheduler.add_job(sign_in.forget_old_sessions, "interval", args=[node], hours=1, id="sessions")
        if node.settings.backup_folder is not None:
            self._schedule_backup(node)

    def _schedule_backup(self, node: Node) -> None:
        """Look again and again whether one is due: a disk may be plugged in for an hour only."""
        self._scheduler.add_job(
            backup.back_up_when_due,
            "interval",
            args=[node, self._stop.is_set],
            minutes=BACKUP_LOOK_MINUTES,
            next_run_time=datetime.now(UTC) + timedelta(seconds=BACKUP_START_SECONDS),
            misfire_grace_time=None,
            id="backup",
        )

    def start(self) -> None:
        self._thread.start()
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the slice in hand, then stop."""
        self._stop.set()
        if self._scheduler.running:
            self._scheduler.shutdown()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        runners = consumers.make_runners(self._node)
        while not self._stop.is_set():
            try:
                pause = self._pause([runner.run_slice() for runner in runners])
            except Exception:  # a full disk, a database that is away: it passes, and this thread must outlive it
                log.exception("consumers interrupted node=%s", self._node.id)
                pause = RECOVERY_SECONDS
            self._stop.wait(pause)

    def _pause(self, took: list[float | None]) -> float:
        if all(seconds is None for seconds in took):
            return IDLE_SECONDS
        busy = sum(seconds or 0.0 for seconds in took)
        return busy * POLITENESS if self._node.writer.is_busy() else 0.0
