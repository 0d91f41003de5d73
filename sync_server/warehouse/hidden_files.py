"""Which files of a cluster's submissions a reader may not see: a file is as sensitive as the question that names it.

One that several questions name is as sensitive as the most sensitive of them; one that none names, as the form's most
sensitive question: it may be a log of the filling, or what an edit left behind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.core.sensitivity import Level
from sync_server.core.table_layout import Column
from sync_server.store.segments import Segment
from sync_server.warehouse.csv_veil import Veil


@dataclass(slots=True)
class HiddenFiles:
    """What was learnt of one cluster: the level of each named file, and up to which level each submission is shown."""

    veil: Veil
    _named: dict[tuple[str, str], Level] = field(default_factory=dict)
    _shown: dict[str, Level] = field(default_factory=dict)

    def learn(self, segment: Segment, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        """Take in the rows of a table: KEY, number of the submission, and what each of these columns holds."""
        levels = [self.veil.sight.level_of(column.path) for column in columns]
        gone = frozenset(segment.deleted)
        for key, number, *names in rows:
            if number in gone:
                continue
            self._shown[key] = self.veil.level_at(segment, number) or Level.LOW
            for name, level in zip(names, levels, strict=True):
                if name:
                    self._named[key, name] = max(level, self._named.get((key, name), Level.LOW))

    def hides(self, key: str, name: str) -> bool:
        level = self._named.get((key, name), self.veil.sight.others)
        return level > self._shown.get(key, self.veil.sight.lowest)
