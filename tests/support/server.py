"""A live server: the real command in a process of its own, on a free port, that can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import requests

START_SECONDS = 150  # an office laptop takes four; a machine that runs other tests beside takes longer


SHIPPED_FORMS = {"SYNC_FORMS": ""}
"""For LiveServer's `environ`: publish the forms that come along, whose conversion takes a third of the first start."""


class LiveServer:
    """`sync-server serve` with its own data folder. A context manager; `kill` is kill -9 of all its processes.

    It publishes no forms by itself, unless told by SHIPPED_FORMS.
    """

    def __init__(
        self, data: Path, *, environ: Mapping[str, str] | None = None, wrapper: Sequence[str] = (), port: int = 0
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._wrapper = list(wrapper)
        self._no_forms = data.with_name(f"{data.name}.no-forms")
        self._environ = {
            **os.environ,
            "SYNC_DATA": str(data),
            "SYNC_PORT": str(self.port),
            "SYNC_ADMIN_EMAIL": "alice@example.org",
            "SYNC_ADMIN_PASSWORD": ALICE_PASSWORD,
            "SYNC_MIN_FREE_BYTES": "0",
            "SYNC_FORMS": str(self._no_forms),
            **(environ or {}),
        }
        self._log = data.with_name(f"{data.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start and wait until it answers."""
        self._no_forms.mkdir(parents=True, exist_ok=True)
        command = [*self._wrapper, sys.executable, "-m", "sync_server", "serve"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"The server did not start:\n{self.log()}")

    def stop(self) -> None:
        """Ask it to stop, as a service manager does, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9, every process of it at once."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-8000:]

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/", timeout=5).status_code < 500
        except requests.RequestException:
            return False

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


ALICE_PASSWORD = "a long password of alice"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
