"""What is logged is one line for each event, and nothing stops the log but the end of the process."""

import io
import logging
from collections.abc import Iterator

import pytest

from sync_server.logs import BackgroundHandler, OneLine


class FullOnce(io.StringIO):
    """A file on a disk that is full at the first write."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            self.is_full = False
            raise OSError(28, "No space left on device")
        return super().write(text)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        handler.close()


def written(log: logging.Logger, stream: io.StringIO) -> str:
    for handler in log.handlers:
        handler.close()
    return stream.getvalue()


def handler(stream: io.StringIO) -> BackgroundHandler:
    made = BackgroundHandler(stream)
    made.setFormatter(OneLine("level=%(levelname)s %(message)s"))
    return made


def test_an_instance_id_cannot_pass_for_a_line_of_ours(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler(stream))
    log.info("received instance=%s", "uuid:1\nlevel=ERROR all is lost\u2028again")
    assert written(log, stream) == "level=INFO received instance=uuid:1\\nlevel=ERROR all is lost\\nagain\n"


def test_a_stack_trace_keeps_its_lines(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler(stream))
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("failed")
    assert written(log, stream).startswith("level=ERROR failed\nTraceback")


def test_a_call_with_wrong_arguments_does_not_end_the_log(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler(stream))
    log.info("size=%d", "large")
    log.info("after it")
    assert written(log, stream).endswith("level=INFO after it\n")


def test_a_full_disk_does_not_end_the_log() -> None:
    stream = FullOnce()
    made = handler(stream)
    made.emit(logging.makeLogRecord({"msg": "lost"}))
    while stream.is_full:
        pass
    made.emit(logging.makeLogRecord({"msg": "told", "levelname": "INFO"}))
    made.close()
    assert stream.getvalue() == "level=INFO told\n"
