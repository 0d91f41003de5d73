"""What a run of the ingest benchmark found: as a table for people, as JSON for comparing runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.load import Result


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the floor and, right after it, one of the node."""

    floor: Result
    node: Result
    node_cpu_seconds: float

    @property
    def rate_ratio(self) -> float:
        return self.node.rate / self.floor.rate

    @property
    def p99_ratio(self) -> float:
        return self.node.p99 / self.floor.p99

    def as_line(self) -> str:
        share = f"{self.rate_ratio:.0%} of its rate, {self.p99_ratio:.2f} times its p99"
        return f"{self.node.connections:3d}: node {self.node.rate:7.1f}/s, floor {self.floor.rate:7.1f}/s: {share}"


@dataclass(frozen=True, slots=True)
class Backlog:
    """A burst, and how long the consumers took to catch up after its last answer."""

    burst: Result
    behind: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Memory:
    submissions: int
    megabytes: float
    burst: Result | None


@dataclass(slots=True)
class Report:
    database: str
    processes: int
    floor: str
    warm_up: list[Result] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    backlog: Backlog | None = None
    memory: list[Memory] = field(default_factory=list)
    receipts: int = 0
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_node(self) -> list[Result]:
        """Every result of the node, warm-up included."""
        bursts = [self.backlog.burst] if self.backlog else []
        bursts += [step.burst for step in self.memory if step.burst]
        return [*self.warm_up[1:], *(r.node for r in self.rounds), *bursts]

    def errors(self) -> int:
        return sum(result.errors for result in [*self.to_node(), *(r.floor for r in self.rounds)])

    def answered(self) -> int:
        return sum(result.answered for result in self.to_node())

    def is_sound(self) -> bool:
        """Every answer was 201 or 202, and each has its receipt."""
        return self.errors() == 0 and self.receipts == self.answered()

    def as_text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        yield f"Node on {self.database}, {self.processes} process(es), beside {self.floor}; {self.made_at}"
        yield f"{'':>11} {'submissions/s':>21} {'p50 ms':>15} {'p90 ms':>15} {'p99 ms':>15}   ratio (median of pairs)"
        names = "node   floor"
        yield f"connections {names:>21} {names:>15} {names:>15} {names:>15}   rate   p99   CPU ms/submission"
        for connections in dict.fromkeys(r.node.connections for r in self.rounds):
            yield _row(connections, [r for r in self.rounds if r.node.connections == connections])
        if self.backlog:
            b = self.backlog
            sent = f"{b.burst.answered} submissions at {b.burst.rate:.0f}/s (p99 {b.burst.p99:.0f} ms)"
            yield f"Backlog: after {sent} {b.behind} changes waited; none {b.seconds:.1f} s later"
        if self.memory:
            yield "Memory: " + ", ".join(f"{m.submissions}: {m.megabytes:.0f} MB" for m in self.memory)
        yield f"Answered by the node: {self.answered()}, receipts stored: {self.receipts}, errors: {self.errors()}"


def _row(connections: int, rounds: list[Round]) -> str:
    def pair(name: str) -> str:
        node = median(getattr(r.node, name) for r in rounds)
        floor = median(getattr(r.floor, name) for r in rounds)
        return f"{node:7.1f} {floor:7.1f}"

    rate = median(r.rate_ratio for r in rounds)
    p99 = median(r.p99_ratio for r in rounds)
    cpu = median(1000 * r.node_cpu_seconds / r.node.answered for r in rounds)
    columns = f"{pair('rate'):>21} {pair('p50'):>15} {pair('p90'):>15} {pair('p99'):>15}"
    return f"{connections:11d} {columns}   {rate:4.0%}  {p99:4.2f}   {cpu:.2f}"


def write_report(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"ingest-{report.database}-{report.processes}-{report.made_at.replace(':', '')}"
    (folder / f"{name}.json").write_text(json.dumps(asdict(report), indent=1))
    (folder / f"{name}.txt").write_text(report.as_text() + "\n")
