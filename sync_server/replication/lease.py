"""One process at a time synchronises with a peer: who holds the lease, renews it, and gives it back.

A process that was killed gives nothing back. Its lease is taken over when it runs out, or at once by a process on the
same machine that sees that it is gone.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from sync_server.node import Node
from sync_server.peer_errors import RoundUnderWay
from sync_server.store import peer_rounds
from sync_server.store.peers import get_peer

log = logging.getLogger(__name__)

RENEW_SECONDS = 30.0  # a quarter of the lease: three may fail on a busy disk
_PROCESS = uuid4().hex[:8]  # in a container every process has the same number, also after a restart


@contextmanager
def hold(node: Node, peer_id: str, clock: Callable[[], datetime]) -> Iterator[str]:
    """Hold the lease for a block, and give its word; raise RoundUnderWay when another process has it."""
    token = f"{socket.gethostname()}:{os.getpid()}:{_PROCESS}:{uuid4().hex[:8]}"
    if not _claim(node, peer_id, token, clock):
        with node.database.read() as session:
            raise RoundUnderWay(name=get_peer(session, peer_id).name)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(node, peer_id, token, clock, over), name="lease", daemon=True)
    renewing.start()
    try:
        yield token
    finally:
        over.set()
        renewing.join()
        node.write(lambda session: peer_rounds.release(session, peer_id, token))


def _claim(node: Node, peer_id: str, token: str, clock: Callable[[], datetime]) -> bool:
    with node.database.read() as session:
        held = peer_rounds.get_round(session, peer_id).busy_token
    dead = held if held is not None and is_gone(held) else None
    return node.write(lambda session: peer_rounds.claim(session, peer_id, token, now=clock(), dead_token=dead))


def _renew(node: Node, peer_id: str, token: str, clock: Callable[[], datetime], over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        try:
            is_ours = node.write(lambda session: peer_rounds.renew(session, peer_id, token, now=clock()))
        except Exception:  # a full disk, a database that is away: it passes, and the lease outlasts it
            log.warning("lease not renewed node=%s peer=%s", node.id, peer_id, exc_info=True)
            continue
        if not is_ours:  # harmless, since everything may come twice; but somebody should know
            log.warning("another process synchronises as well node=%s peer=%s", node.id, peer_id)
            return


def is_orphaned(node: Node, peer_id: str) -> bool:
    """Tell whether whoever holds the lease is known to have ended: it can be had at once."""
    with node.database.read() as session:
        held = peer_rounds.get_round(session, peer_id).busy_token
    return held is not None and is_gone(held)


def is_gone(token: str) -> bool:
    """Tell whether the process that took a lease under this word is known to have ended."""
    host, pid, process = [*token.split(":"), "", ""][:3]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return process != _PROCESS
    return os.name == "posix" and not _is_alive(int(pid))  # elsewhere, looking at a process by a signal ends it


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
