"""Serve a WSGI application over HTTP in this process: waitress, with the answers tablets need when the disk is full.

Waitress reads a whole request before a thread takes it up, so forty tablets on a bad link hold no thread; large bodies
wait in temporary files of the data folder. Why waitress: docs/decisions/0001-http-server.md.
"""

import ctypes
import gc
import logging
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.utilities import Error, build_http_date

from sync_server.core.early_answers import Answer, Asked, EarlyAnswer
from sync_server.errors import DiskFull

log = logging.getLogger(__name__)

# The integrity request of a tablet names every entity it made offline: 39 bytes each, 10,000 of them.
LONGEST_REQUEST_HEAD = 1 << 20
# A request makes hundreds of objects and no cycles: looking for some at every 700 took a fifth of the processor.
GARBAGE_THRESHOLDS = (20_000, 20, 50)
M_ARENA_MAX = -8  # glibc's malloc.h
BODY_IN_MEMORY = 1 << 19
BACKLOG = 1024
IDENT = "sync-server"
CONNECTIONS = 500  # idle keep-alive ones included; more wait in the backlog
SILENCE_SECONDS = 120  # a connection that says nothing for so long is closed: twice Collect's own patience

WriteFull = Callable[[str], tuple[str, bytes]]
"""Give for an address the content type and body of the answer that the disk is full."""


class HttpServer:
    """One listening socket and a pool of threads."""

    def __init__(
        self,
        app: Callable[..., Any],
        listener: socket.socket,
        *,
        threads: int,
        scratch: Path,
        has_room: Callable[[int], bool] = lambda size: True,
        write_full: WriteFull = lambda path: ("text/plain; charset=utf-8", DiskFull.message.encode()),
        answer_early: EarlyAnswer = lambda asked: None,
    ) -> None:
        """Listen.

        `has_room` says, before a body of so many bytes is set down, whether the disk can take it, and `write_full`
        what the sender is told if not; `answer_early` answers what need not take up a thread.
        """
        tempfile.tempdir = str(scratch)  # bodies on their way in: on the disk whose space we watch
        self._server: Any = create_server(
            app,
            sockets=[listener],
            threads=threads,
            max_request_header_size=LONGEST_REQUEST_HEAD,
            max_request_body_size=sys.maxsize,
            inbuf_overflow=BODY_IN_MEMORY,
            connection_limit=CONNECTIONS,
            channel_timeout=SILENCE_SECONDS,
            clear_untrusted_proxy_headers=False,  # the application decides whom it trusts (trusted_proxies)
            ident=IDENT,
            asyncore_use_poll=hasattr(select, "poll"),  # select() ends at 1,024 sockets
        )
        parser = partial(_Parser, has_room=has_room, write_full=write_full)
        self._server.channel_class = type("Channel", (_Channel,), {"parser_class": parser})
        self._server.add_task = partial(_take_up, self._server.add_task, answer_early)

    def run(self) -> None:
        """Serve until SystemExit or KeyboardInterrupt reaches this thread; answer what is under way, then return."""
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        self._server.run()


def share_arenas() -> None:
    """Keep the memory of sixty threads in two arenas. Call it before the threads begin.

    glibc gives each thread an arena of its own, and each keeps what its largest request once needed: 28 to 52 MB more
    after 12,000 submissions.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has none, nor the trouble
        mallopt(M_ARENA_MAX, 2)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises OSError when the address is taken: two nodes must never serve one data folder by accident.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection, which can be answered by the thread that reads them all."""

    def answer_first(self, answer_early: EarlyAnswer) -> bool:
        """Answer its first request early if it can be; return False when a thread must take it up.

        The request is done with last: the loop takes a connection without one for nobody's, and flushes it without
        waiting for its turn. Where a thread was still sending, the same bytes went out twice.
        """
        request = self.requests[0]
        answer = None if request.error else _try(answer_early, _ask(request, self.addr[0]))
        if answer is None:
            return False
        head = _write_head(answer, is_last=request.connection_close)
        self._send(head if request.command.upper() == "HEAD" else head + answer.body)
        self.close_when_flushed = request.connection_close
        self.requests.pop(0)
        request.close()
        return True

    def _send(self, data: bytes) -> None:
        """As `send_continue` does: without waiting, whatever the client takes."""
        with self.outbuf_lock:
            self.outbufs[-1].append(data)
            self.current_outbuf_count += len(data)
            self.total_outbufs_len += len(data)
            self._flush_exception(self._flush_some, do_close=False)


def _take_up(add_task: Callable[[_Channel], None], answer_early: EarlyAnswer, channel: _Channel) -> None:
    """Give a connection with a whole request to a thread. Where several requests wait, their order is the threads'."""
    if len(channel.requests) > 1 or not channel.answer_first(answer_early):
        add_task(channel)


def _try(answer_early: EarlyAnswer, asked: Asked) -> Answer | None:
    """Answer early; after any accident the application answers, and the thread that reads all connections lives on."""
    try:
        return answer_early(asked)
    except Exception:  # whatever it is, it must not end the one thread that reads all connections
        log.exception("early answer failed method=%s", asked.method)
        return None


def _ask(request: Any, address: str) -> Asked:
    body = request.body_rcv
    length, read = (len(body), body.getbuf().get) if body is not None else (0, bytes)
    return Asked(request.command.upper(), request.path, request.query, request.headers, address, length, read)


def _write_head(answer: Answer, *, is_last: bool) -> bytes:
    headers = [
        *answer.headers,
        ("Content-Length", str(len(answer.body))),
        ("Connection", "close" if is_last else "keep-alive"),
        ("Date", build_http_date(time.time())),
        ("Server", IDENT),
    ]
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Answers 507 when a body cannot be set down, where waitress would just hang up.

    The rest of the body is read and forgotten first: a client that is still sending does not read the answer.
    """

    def __init__(self, adj: object, *, has_room: Callable[[int], bool], write_full: WriteFull) -> None:
        super().__init__(adj)
        self._has_room, self._write_full = has_room, write_full
        self._left_to_forget: int | None = None

    def received(self, data: bytes) -> int:
        if self._left_to_forget is None and self._is_too_large():
            self._refuse(self.content_length)
        if self._left_to_forget is not None:
            return self._forget(data)
        try:
            return super().received(data)  # type: ignore[no-any-return]
        except OSError:
            self._refuse(getattr(self.body_rcv, "remain", len(data)))  # a chunked body does not say
            return self._forget(data)

    def _is_too_large(self) -> bool:
        is_beginning = self.headers_finished and not self.body_bytes_received
        return is_beginning and self.content_length > BODY_IN_MEMORY and not self._has_room(self.content_length)

    def _refuse(self, left: int) -> None:
        self.error = _NoSpace(*self._write_full(self.path))
        self._left_to_forget = left

    def _forget(self, data: bytes) -> int:
        assert self._left_to_forget is not None
        taken = min(len(data), self._left_to_forget)
        self._left_to_forget -= taken
        self.completed = self._left_to_forget == 0
        return taken or len(data)


class _NoSpace(Error):  # type: ignore[misc]
    """507, with the content type and body that the address calls for."""

    code, reason = DiskFull().status, "Insufficient Storage"

    def __init__(self, content_type: str, body: bytes) -> None:
        super().__init__(body)
        self._content_type = content_type

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        headers = [("Content-Type", self._content_type), ("X-OpenRosa-Version", "1.0"), ("Connection", "close")]
        return f"{self.code} {self.reason}", headers, self.body
