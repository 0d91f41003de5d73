"""Write log lines from a thread of their own, many at a time.

A line for each submission, written under the handler's lock by sixty threads, cost more than storing the submission
did (300 to 600 µs): every blocking call hands the interpreter to another thread.
"""

import logging
import threading
from contextlib import suppress
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
            lines.append(self._line(self._records.get()))
        if lines:
            # On a full disk there is nowhere to say it; this thread must go on, or what waits would fill the memory.
            with suppress(OSError):
                self._stream.write("".join(lines))
                self._stream.flush()

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record) + "\n"
        except Exception as error:  # noqa: BLE001 a call of log with wrong arguments must not end all logging
            return f"level=ERROR logger={record.name} cannot be written: {record.msg!r} ({error})\n"


class OneLine(logging.Formatter):
    """Keeps a message on its line: an instanceID is whatever somebody sent, and must not pass for a line of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return "\\n".join(super().formatMessage(record).splitlines())


def configure(level: str, stream: TextIO) -> None:
    """Log this program's events of `level` and above to the stream, and everybody else's warnings."""
    handler = BackgroundHandler(stream)
    handler.setFormatter(OneLine(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sync_server").setLevel(level)
