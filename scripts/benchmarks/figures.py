"""Figures: one JSON line each, beside the bar it had to reach."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured; `load` is the machine's, and tells whether to believe it.

    `bars` are upper limits by the name of a value; missing one does not stop the run.
    """

    name: str
    rows: int
    values: dict[str, Any]
    bars: dict[str, float] = field(default_factory=dict)

    def as_line(self) -> str:
        bars = {
            name: {"bar": bar, "reached": self.values[name] <= bar}
            for name, bar in self.bars.items()
            if self.values.get(name) is not None
        }
        shown = {"figure": self.name, "rows": self.rows, **self.values, "load": round(os.getloadavg()[0], 1)}
        return json.dumps({**shown, **({"bars": bars} if bars else {})})

    def show(self) -> None:
        print(self.as_line(), flush=True)


def export_bars(submissions: int) -> dict[str, float]:
    """The bars of an export: set for Central's 9,709 submissions and for ten times as many; more need only finish."""
    packed = {"deflated_share": 0.45}
    if submissions <= 10_000:
        return {"seconds": 1.5, "seconds_after_100_new": 0.5, "peak_mb": 300, **packed}
    if submissions <= 100_000:
        return {"seconds": 20.0, "seconds_after_100_new": 3.0, "peak_mb": 400, **packed}
    return packed


def peak_mb(pid: int | str = "self") -> float:
    """The most memory a process has had in use (RSS) since `forget_peak`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024, 1)


def forget_peak(pid: int | str = "self") -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
