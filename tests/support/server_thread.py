"""An application served over a real socket by a thread of the test's own process."""

import threading
from types import TracebackType
from typing import Any, Self

from flask import Flask
from waitress.server import create_server


class ServerThread:
    """A context manager; `port` is free, `url` leads there."""

    def __init__(self, app: Flask) -> None:
        self._server: Any = create_server(app, listen="127.0.0.1:0", threads=4)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.port = int(self._server.effective_port)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.task_dispatcher.shutdown()  # first: threads that still answer wake the loop when they are done
        self._server.trigger.pull_trigger(self._close)
        self._thread.join(10)

    def _close(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()
