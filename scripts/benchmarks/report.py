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
    """One round of each floor and, right after them, one of the node."""

    floors: dict[str, Result]
    node: Result
    node_cpu_seconds: float

    def results(self) -> dict[str, Result]:
        return {"node": self.node, **self.floors}

    def as_line(self) -> str:
        rates = ", ".join(f"{name} {result.rate:.0f}/s" for name, result in self.results().items())
        return f"{self.node.connections:3d} connections: {rates}"


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
    warm_up: list[Result] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    backlog: Backlog | None = None
    memory: list[Memory] = field(default_factory=list)
    receipts: int = 0
    flagged: int = 0
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_node(self) -> list[Result]:
        """Every result of the node, warm-up included."""
        bursts = [self.backlog.burst] if self.backlog else []
        bursts += [step.burst for step in self.memory if step.burst]
        return [*self.warm_up, *(r.node for r in self.rounds), *bursts]

    def errors(self) -> int:
        floors = [result for r in self.rounds for result in r.floors.values()]
        return sum(result.errors for result in [*self.to_node(), *floors])

    def answered(self) -> int:
        return sum(result.answered for result in self.to_node())

    def is_sound(self) -> bool:
        """Every answer was 201 or 202, each has its receipt, and the node found nothing wrong with what was sent."""
        return self.errors() == 0 and self.receipts == self.answered() and self.flagged == 0

    def as_text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        yield f"Node on {self.database}, {self.processes} process(es), {self.made_at}; medians of the rounds"
        yield "connections  server          a second   p50 ms   p90 ms   p99 ms   node: rate         p99  CPU ms each"
        for connections in dict.fromkeys(r.node.connections for r in self.rounds):
            yield from _rows(connections, [r for r in self.rounds if r.node.connections == connections])
        if self.backlog:
            b = self.backlog
            sent = f"{b.burst.answered} submissions at {b.burst.rate:.0f} a second (p99 {b.burst.p99:.0f} ms)"
            yield f"Backlog: after {sent} {b.behind} changes waited; none {b.seconds:.1f} s later"
        if self.memory:
            yield "Memory: " + ", ".join(f"{m.submissions}: {m.megabytes:.0f} MB" for m in self.memory)
        counts = f"receipts stored: {self.receipts}, errors: {self.errors()}, flagged: {self.flagged}"
        yield f"Answered by the node: {self.answered()}, {counts}"


def _rows(connections: int, rounds: list[Round]) -> Iterable[str]:
    for name in rounds[0].results():
        results = [r.results()[name] for r in rounds]
        figures = "".join(f"{median(getattr(r, figure) for r in results):9.1f}" for figure in ("p50", "p90", "p99"))
        yield f"{connections:11d}  {name:14} {median(r.rate for r in results):10.1f}{figures}   {_beside(name, rounds)}"


def _beside(name: str, rounds: list[Round]) -> str:
    """The node beside one floor, as the median of the pairs; for the node itself what it costs."""
    if name == "node":
        cost = median(1000 * r.node_cpu_seconds / r.node.answered for r in rounds)
        return f"{'':>11}  {'':>10}  {cost:11.2f}"
    rate = median(r.node.rate / r.floors[name].rate for r in rounds)
    return f"{rate:11.0%}  {median(r.node.p99 / r.floors[name].p99 for r in rounds):10.2f}"


def write_report(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"ingest-{report.database}-{report.processes}-{report.made_at.replace(':', '')}"
    (folder / f"{name}.json").write_text(json.dumps(asdict(report), indent=1))
    (folder / f"{name}.txt").write_text(report.as_text() + "\n")
