"""An early answer goes out once, whichever thread flushes: the one that gives it, or the one that reads them all."""

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_server.core.early_answers import Answer, Asked
from sync_server.server import HttpServer, listen

PAGE = b"GET /page HTTP/1.1\r\nHost: hub\r\n\r\n"
HOPELESS = b"GET /hopeless HTTP/1.1\r\nHost: hub\r\n\r\n"


def page(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200 OK", [("Content-Length", "4")])
    return [b"page"]


def refuse(asked: Asked) -> Answer | None:
    return Answer("429 TOO MANY REQUESTS", (), b"later") if asked.path == "/hopeless" else None


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Waitress with one thread; its loop does not run, the test does what it does."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    with listen("127.0.0.1", 0) as listener:
        inner = HttpServer(page, listener, threads=1, scratch=tmp_path, answer_early=refuse)._server
        yield inner
        inner.task_dispatcher.shutdown()
        inner.close()


def test_the_loop_that_looks_in_while_a_thread_answers_early_sends_nothing_twice(server: Any) -> None:
    class Watched(server.channel_class):  # type: ignore[misc, name-defined]
        """While a thread sends, the loop finds the connection writable."""

        def send(self, data: bytes, do_close: bool = True) -> int:
            if threading.current_thread().name.startswith("waitress"):
                loop = threading.Thread(target=self.handle_write)
                loop.start()
                loop.join()
            return int(super().send(data, do_close=do_close))

    ours, theirs = socket.socketpair()
    theirs.settimeout(30)
    with theirs:
        channel = Watched(server, ours, ("127.0.0.1", 1), server.adj, map={})
        channel.received(PAGE + HOPELESS)  # at once: the second waits for the thread that answers the first
        answers = b""
        while b"later" not in answers:
            answers += theirs.recv(65_536)
        server.task_dispatcher.shutdown()  # waits until the thread has nothing more to say
        channel.handle_close()
        answers += b"".join(iter(lambda: theirs.recv(65_536), b""))
    assert (answers.count(b" 200 OK"), answers.count(b" 429 "), answers.count(b"later")) == (1, 1, 1)
