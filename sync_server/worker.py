"""Which job runs when: the consumers of the feed, rounds with other nodes, and housekeeping.

The consumers follow the feed in a thread of their own. While uploads arrive they leave most of the processor to
them, so that a tablet waits for its answer and not for our bookkeeping; when it is quiet they run to the head. The
warehouse is then built once in a while rather than after every slice, because a small segment costs as much as a large.
Rounds have a thread too, because somebody may ask for one at any second (`replication/schedule.py`).
APScheduler only triggers what has a time of day or an interval; several processes may all trigger, because every
job is safe to run twice.
"""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from sync_server.node import Node
from sync_server.replication.schedule import Schedule
from sync_server.services import (
    backup,
    consumers,
    kept_exports,
    maintain_warehouse,
    retention,
    scratch_folder,
    sign_in,
)
from sync_server.services.announce_name import Announcer
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.incoming_files import sweep_incoming

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.25  # how soon a change is noticed when nothing was going on
RECOVERY_SECONDS = 2.0
BACKUP_LOOK_MINUTES = 15
BACKUP_START_SECONDS = 30  # after the start, when the tablets that waited have sent
RETENTION_START_SECONDS = 1
WAREHOUSE_SECONDS = 0.7  # from one segment to the next while uploads arrive: a reader is less than two behind
MAINTENANCE_SECONDS = 5
SWEEP_MINUTES = 15
NAME_SECONDS = 20  # how long after an address changed the name leads to the new one
REST_SECONDS = 0.1
POLITENESS = 3.0  # pause after a slice, as a multiple of it, while uploads arrive


class Stopped(Exception):
    """Work was broken off because the process ends."""


class Worker:
    """The background work of one serving process."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, name="consumers", daemon=True),
            threading.Thread(target=self._maintain, name="warehouse", daemon=True),
            threading.Thread(target=Schedule(node, self._stop).run, name="synchronising", daemon=True),
        ]
        self._scheduler = BackgroundScheduler(timezone=node.settings.timezone)
        self._scheduler.add_job(sign_in.forget_old_sessions, "interval", args=[node], hours=1, id="sessions")
        self._scheduler.add_job(kept_exports.sweep, "interval", args=[node], hours=1, id="exports")
        self._scheduler.add_job(
            scratch_folder.sweep, "interval", args=[node], hours=1, next_run_time=datetime.now(UTC), id="scratch"
        )
        self._scheduler.add_job(
            sweep_incoming, "interval", args=[node], hours=1, next_run_time=datetime.now(UTC), id="incoming"
        )
        self._scheduler.add_job(self._sweep, "interval", minutes=SWEEP_MINUTES, id="warehouse")
        self._schedule_retention(node)
        if node.settings.backup_folder is not None:
            self._schedule_backup(node)
        self._announcer = Announcer(node.settings) if node.settings.mdns_name else None
        if self._announcer:
            self._scheduler.add_job(
                self._announcer.look, "interval", seconds=NAME_SECONDS, next_run_time=datetime.now(UTC), id="name"
            )

    def _schedule_retention(self, node: Node) -> None:
        """Apply the rules at the start and every day; finish what is left of erasures every hour."""
        start = datetime.now(UTC) + timedelta(seconds=RETENTION_START_SECONDS)
        self._scheduler.add_job(
            retention.apply_rules,
            "interval",
            args=[node, self._stop.is_set],
            days=1,
            next_run_time=start,
            misfire_grace_time=None,
            id="retention",
        )
        self._scheduler.add_job(finish_erasures, "interval", args=[node], hours=1, id="erasures")

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
        for thread in self._threads:
            thread.start()
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the slice in hand, then stop."""
        self._stop.set()
        if self._scheduler.running:
            self._scheduler.shutdown()
        if self._announcer:
            self._announcer.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _follow(self) -> None:
        resolve, *others = consumers.make_runners(self._node)
        built_at = 0.0
        while not self._stop.is_set():
            try:
                took = resolve.run_slice()
                is_busy = self._node.writer.is_busy()
                built: list[float | None] = []
                if time.monotonic() > built_at + WAREHOUSE_SECONDS or (took is None and not is_busy):
                    built = [runner.run_slice() for runner in others]
                    built_at = time.monotonic()
                pause = self._pause([took, *built], took, is_busy=is_busy)
            except Exception:  # a full disk, a database that is away: it passes, and this thread must outlive it
                log.exception("consumers interrupted node=%s", self._node.id)
                pause = RECOVERY_SECONDS
            self._stop.wait(pause)

    def _pause(self, slices: list[float | None], resolving: float | None, *, is_busy: bool) -> float:
        """Only what holds the interpreter is paid for with a pause: a segment is mostly written outside of it.

        With its time counted too, a page was seven seconds behind a hundred submissions a second.
        """
        if all(seconds is None for seconds in slices):
            return IDLE_SECONDS
        return (resolving or 0.0) * POLITENESS if is_busy else 0.0

    def _maintain(self) -> None:
        """Keep the warehouse in order; a step that is broken off is done again."""
        while not self._stop.wait(MAINTENANCE_SECONDS):
            try:
                maintain_warehouse.renew_stale(self._node, rest=self._rest)
                maintain_warehouse.compact(self._node, rest=self._rest)
            except Stopped:
                return
            except Exception:  # what stops the consumers for a while stops this too, and passes likewise
                log.exception("maintenance interrupted node=%s", self._node.id)

    def _sweep(self) -> None:
        maintain_warehouse.sweep(self._node, now=datetime.now(UTC))

    def _rest(self) -> None:
        """Leave the processor to the uploads, if there are any; give up at once when the process ends."""
        if self._node.writer.is_busy():
            self._stop.wait(REST_SECONDS)
        if self._stop.is_set():
            raise Stopped
