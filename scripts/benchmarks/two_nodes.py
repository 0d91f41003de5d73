"""A hub and a centre as operators run them: served, paired by the commands, and synchronised by the command.

Neither synchronises by itself: when it is measured, nothing else is under way.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import forget_peak, peak_mb
from benchmarks.filled import wait_for_consumers
from benchmarks.servers import NodeServer, inherit, running_node
from tests.support.watched_line import WatchedLine

HUB, CENTRE = "hub", "centre"
LOOK_SECONDS = 0.05  # how often a command's memory is looked at


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: with which code, what it said, how long it took, and the most memory it had."""

    code: int
    output: str
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class TwoNodes:
    """Both are running, and paired; the hub reaches the centre by the line only."""

    hub: NodeServer
    centre: NodeServer
    line: WatchedLine
    settings: dict[str, dict[str, str]]

    def run(self, where: str, *arguments: str) -> Ran:
        """Run sync-server with these arguments at one of them."""
        return run_command(self.settings[where], *arguments)

    def synchronise(self) -> Ran:
        """Go one round; raise RuntimeError unless all is quiet at its end."""
        return require(self.run(HUB, "sync"))

    def settle(self) -> None:
        """Wait until neither has anything left to do."""
        for server in (self.hub, self.centre):
            wait_for_consumers(server)

    def are_equal(self) -> bool:
        """Compare both by their digests, as an operator does."""
        return self.run(HUB, "digest", "--project", "1", "--peer", CENTRE).code == 0

    def forget_peaks(self) -> None:
        for server in (self.hub, self.centre):
            forget_peak(server.process.pid)


@contextmanager
def running_pair(folder: Path, *, centre_database: str, is_new: bool = True) -> Iterator[TwoNodes]:
    """Serve both from `folder`, and pair them if they are new."""
    off = {"SYNC_SYNC_MINUTES": "0"}
    own = {HUB: {**off}, CENTRE: {**off, "SYNC_DATABASE_URL": centre_database, "SYNC_NODE_NAME": CENTRE}}
    with ExitStack() as stack:
        servers = {}
        for name, settings in own.items():
            (folder / name).mkdir(exist_ok=True)
            servers[name] = stack.enter_context(running_node(folder / name, settings=settings))
            settings["SYNC_DATA"] = str(folder / name / "data")
        port = int(servers[CENTRE].url.rpartition(":")[2])
        line = stack.enter_context(WatchedLine(target=("127.0.0.1", port)))
        nodes = TwoNodes(servers[HUB], servers[CENTRE], line, own)
        if is_new:
            _pair(nodes)
        yield nodes


def _pair(nodes: TwoNodes) -> None:
    offered = require(nodes.run(CENTRE, "pair", "offer", HUB, "--project", "1"))
    code = offered.output.split()[-1]
    require(nodes.run(HUB, "pair", "accept", nodes.line.url, code))


def run_command(settings: dict[str, str], *arguments: str) -> Ran:
    command = [str(Path(sys.executable).with_name("sync-server")), *arguments]
    began, most = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command, env=inherit(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while process.poll() is None:
        most = max(most, _peak_of(process.pid))
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - began
    assert process.stdout is not None
    return Ran(process.returncode, process.stdout.read(), round(seconds, 2), most)


def require(ran: Ran) -> Ran:
    if ran.code:
        raise RuntimeError(ran.output[-4000:])
    return ran


def _peak_of(pid: int) -> float:
    try:
        return peak_mb(pid)
    except (OSError, StopIteration):
        return 0.0  # it ended in between
