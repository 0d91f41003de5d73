"""An office's network for a test: a hub and a tablet with a cable between them, each in a network namespace of its own.

Needs Linux and root. Nothing of it touches the network of the machine.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_SECONDS = 150
NET = "10.71.0"


class OfficeNetwork:
    """The hub's addresses are given and taken away, as a router does; there is no way out of the network."""

    def __init__(self) -> None:
        mark = uuid.uuid4().hex[:6]
        self._hub, self._tablet = f"hub-{mark}", f"tablet-{mark}"
        self._cable = (f"h{mark}", f"t{mark}")

    def __enter__(self) -> "OfficeNetwork":
        assert os.geteuid() == 0, "this test makes networks: run it as root on Linux"
        for name in (self._hub, self._tablet):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        here, there = self._cable
        _ip("link", "add", here, "netns", self._hub, "type", "veth", "peer", "name", there, "netns", self._tablet)
        for name, end in ((self._hub, here), (self._tablet, there)):
            _ip("-n", name, "link", "set", end, "up")
        _ip("-n", self._tablet, "addr", "add", f"{NET}.7/24", "dev", there)
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self._hub, self._tablet):
            _ip("netns", "del", name)

    def give(self, number: int) -> str:
        """Give the hub another address in place of the one it has; return it."""
        _ip("-n", self._hub, "addr", "flush", "dev", self._cable[0])
        _ip("-n", self._hub, "addr", "add", f"{NET}.{number}/24", "brd", "+", "dev", self._cable[0])
        return f"{NET}.{number}"

    def at_hub(self, *command: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command of ours on the hub."""
        return _run(self._hub, [sys.executable, "-m", "sync_server", *command], environ)

    def doctor(self, environ: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """Run doctor on the hub; return what it found, by topic."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in json.loads(self.at_hub("doctor", "--json", environ=environ).stdout)["findings"]:
            found.setdefault(each["topic"], []).append(each)
        return found

    @contextmanager
    def serving(self, environ: Mapping[str, str], log: Path) -> Iterator[None]:
        command = ["ip", "netns", "exec", self._hub, sys.executable, "-m", "sync_server", "serve"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    def fetch(self, url: str) -> int:
        """Fetch an address from the tablet until somebody answers; return the status."""
        script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).status)"
        return int(self._until(script, url))

    def ask(self, name: str, expected: str) -> None:
        """Ask from the tablet for a name until it leads to this address."""
        script = (
            "import sys; from tests.support.local_names import ask_as_android as ask; "
            f"told = ask(sys.argv[1], at='{NET}.7', seconds=1); print(*told); sys.exit(told != [sys.argv[2]])"
        )
        self._until(script, name, expected)

    def _until(self, script: str, *arguments: str) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            done = _run(self._tablet, [sys.executable, "-c", script, *arguments], {})
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < deadline, f"{arguments}: {done.stdout} {done.stderr}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _run(where: str, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    whole = ["ip", "netns", "exec", where, *command]
    return subprocess.run(whole, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
