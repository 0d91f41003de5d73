"""Write log lines from a thread of their own, many at a time.

A line for each submission, written under the handler's lock by sixty threads, cost more than storing the submission
did (300 to 600 µs): every blocking call hands the interpreter to another thread.
"""

import logging
import threading
from queue import SimpleQueue
from typing import TextIO

FORMAT = "%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
GATHER_SECONDS = 0.05


class BackgroundHandler(logging.Handler):
    """Hands records to one writing thread; `close`, which the interpreter calls at its end, writes what waits."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._records: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def createLock(self) -> None:
        self.lock = None  # putting into the queue needs none

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put(record)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        super().close()

    def _run(self) -> None:
        while not self._stop.wait(GATHER_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = []
        while not self._records.empty():
            lines.append(self.format(self._records.get()) + "\n")
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()


def configure(level: str, stream: TextIO) -> None:
    """Log this program's events of `level` and above to the stream, and everybody else's warnings."""
    handler = BackgroundHandler(stream)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sync_server").setLevel(level)
