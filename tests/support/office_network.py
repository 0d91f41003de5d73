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
NET, BEYOND = "10.71.0", "10.72.0"


class OfficeNetwork:
    """The hub's addresses are given and taken away, as a router does; there is no way out of the network.

    A stranger is on another network of the hub's, where it is 10.72.0.20.
    """

    def __init__(self) -> None:
        mark = uuid.uuid4().hex[:6]
        self._hub, self._tablet, self._stranger = (f"{who}-{mark}" for who in ("hub", "tablet", "stranger"))
        self._cable, self._other_cable = (f"h{mark}", f"t{mark}"), (f"o{mark}", f"s{mark}")

    def __enter__(self) -> "OfficeNetwork":
        assert os.geteuid() == 0, "this test makes networks: run it as root on Linux"
        for name in (self._hub, self._tablet, self._stranger):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        self._connect(self._tablet, self._cable, f"{NET}.7/24")
        self._connect(self._stranger, self._other_cable, f"{BEYOND}.7/24")
        _ip("-n", self._hub, "addr", "add", f"{BEYOND}.20/24", "dev", self._other_cable[0])
        return self

    def _connect(self, whom: str, cable: tuple[str, str], address: str) -> None:
        here, there = cable
        _ip("link", "add", here, "netns", self._hub, "type", "veth", "peer", "name", there, "netns", whom)
        _ip("-n", self._hub, "link", "set", here, "up")
        _ip("-n", whom, "link", "set", there, "up")
        _ip("-n", whom, "addr", "add", address, "dev", there)

    def __exit__(self, *_: object) -> None:
        for name in (self._hub, self._tablet, self._stranger):
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

    def ask(self, name: str, expected: str, *, gone: str = "") -> None:
        """Ask from the tablet for a name until it leads to this address, and to one that is gone no more."""
        script = (
            "import sys; from tests.support.local_names import ask_as_android as ask; "
            f"told = ask(sys.argv[1], at='{NET}.7', seconds=1); print(*told); "
            "sys.exit(sys.argv[2] not in told or sys.argv[3] in told)"
        )
        self._until(script, name, expected, gone)

    def ask_from_beyond(self, name: str) -> list[str]:
        """Ask for a name from the other network: everybody there, then the hub alone; return what is told."""
        script = (
            "import sys; from tests.support.local_names import ask_as_android as ask; "
            f"print(*[each for whom in ('224.0.0.251', '{BEYOND}.20') "
            f"for each in ask(sys.argv[1], at='{BEYOND}.7', seconds=1, whom=whom)])"
        )
        done = _run(self._stranger, [sys.executable, "-c", script, name], {})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

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
