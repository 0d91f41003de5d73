"""Remember in memory what was erased, so that receiving need not ask the database.

Blocks are only ever added, and numbered under the feed's lock: whoever knows them up to a number knows all below it.
`add_versions` compares the number inside its transaction; an upload judged by fewer blocks than there are is judged
again.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_server.store.tables import erased_instances

WHOLE, PERSON = "whole", "person"
NO_PROJECT = 0  # of an upload that could not be read: its bytes alone are its identity


class BlocksOutdated(Exception):
    """Something was erased since the upload was judged."""


@dataclass(frozen=True, slots=True)
class Block:
    """That a decision forbids an instance, or what of it is about one person."""

    decision_id: str
    scope: str


class Blocks:
    """The blocks up to number `newest`. Safe between threads: each step is one dict operation."""

    def __init__(self) -> None:
        self.newest = 0
        self._known: dict[tuple[int, str, str], tuple[Block, ...]] = {}

    def find(self, project_id: int, form_id: str, *instance_ids: str | None) -> tuple[Block, ...]:
        """Return the blocks of any of these instances; nothing, at once, where nothing was ever erased."""
        if not self._known:
            return ()
        found = (block for name in instance_ids if name for block in self._known.get((project_id, form_id, name), ()))
        return tuple(dict.fromkeys(found))

    def refresh(self, session: Session) -> None:
        """Read the blocks that are new."""
        t = erased_instances.c
        columns = (t.id, t.project_id, t.form_id, t.instance_id, t.decision_id, t.scope)
        for id, project_id, form_id, instance_id, decision_id, scope in session.execute(
            select(*columns).where(t.id > self.newest).order_by(t.id)
        ):
            key, block = (project_id, form_id, instance_id), Block(decision_id, scope)
            self._known[key] = tuple(dict.fromkeys((*self._known.get(key, ()), block)))
            self.newest = id


_NEWEST = select(func.max(erased_instances.c.id))


def newest_block(session: Session) -> int:
    return session.scalar(_NEWEST) or 0
