"""Several serving processes on one listening socket, for a centre on PostgreSQL.

The parent only watches: a process that dies is started again, and processes whose parent died stop by themselves.
"""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

from sync_server.settings import Settings

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0  # a process that cannot start (its database is away) must not be started in a tight loop

Serve = Callable[[Settings, socket.socket], None]


def run_processes(serve: Serve, settings: Settings, listener: socket.socket) -> None:
    """Keep `settings.processes` processes serving until this one is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    children = [_start(serve, settings, listener) for _ in range(settings.processes)]
    try:
        while True:
            ended = wait([child.sentinel for child in children])
            time.sleep(RESTART_SECONDS)
            for number, child in enumerate(children):
                if child.sentinel in ended:
                    log.error("serving process ended pid=%s exit=%s; starting another", child.pid, child.exitcode)
                    children[number] = _start(serve, settings, listener)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join()


def _start(serve: Serve, settings: Settings, listener: socket.socket) -> SpawnProcess:
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(serve, settings, listener))
    child.start()
    return child


def _serve(serve: Serve, settings: Settings, listener: socket.socket) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    serve(settings, listener)


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # the next start must find the port and the database free
