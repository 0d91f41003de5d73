"""Take a CSV of entities into a list, all or nothing; or say beforehand what it would do.

The file is read twice, and never held: once to check all of it and count, once to write. Everything is one transaction.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from sqlalchemy.orm import Session

from sync_server.core.entity_csv import RowFault
from sync_server.core.entity_event import CREATE, UPDATE
from sync_server.entity_errors import UploadNotFit
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.edit_entities import ListPlace, get_list, new_decision, require_new
from sync_server.services.entity_view import find_entity_view, require_whole
from sync_server.services.plan_upload import PART, PlannedRow, plan_rows
from sync_server.store.decisions import add_decisions

log = logging.getLogger(__name__)

MOST_FAULTS = 20  # who mends these has seen what is wrong with the rest
MOST_CHANGES = 50


@dataclass(slots=True)
class UploadPlan:
    """What a file does to a list. `changes` are the first of those that change something."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    changes: list[PlannedRow] = field(default_factory=list)

    def add(self, row: PlannedRow) -> None:
        self.created += row.act == CREATE
        self.changed += row.act == UPDATE
        self.unchanged += row.act is None
        if row.act == UPDATE and len(self.changes) < MOST_CHANGES:
            self.changes.append(row)


def preview_upload(node: Node, place: ListPlace, file: IO[bytes]) -> UploadPlan:
    """Say what uploading a file would do, and change nothing. Raises UploadNotFit, NotFound for no such list,
    InsufficientRights for who sees only a part of it.
    """
    require(node, place.actor, "entity.create", project_id=place.project_id)
    consumers.fold_received(node)
    plan, faults = UploadPlan(), _Faults()
    with node.database.read() as session:
        view = find_entity_view(node, session, place.actor, place.project_id, place.name)
        require_whole(view)
        for each in plan_rows(session, view.list, file):
            if isinstance(each, RowFault):
                faults.add(each)
            else:
                plan.add(each)
    faults.refuse()
    return plan


def upload_entities(node: Node, place: ListPlace, file: IO[bytes], *, may_change: bool = False) -> UploadPlan:
    """Create what is new in a file and, with `may_change`, change what is there. Return what was done.

    Raises UploadNotFit, also when the file would change something and may not; EntityExists when somebody created one
    of its entities at the same moment.
    """
    if may_change:
        require(node, place.actor, "entity.update", project_id=place.project_id)
    plan = preview_upload(node, place, file)
    if plan.changed and not may_change:
        _refuse_changes(plan)
    if plan.created or plan.changed:
        plan = node.write(noted(lambda session: _write(session, place, file)))
        log.info("uploaded list=%s created=%d changed=%d node=%s", place.name, plan.created, plan.changed, node.id)
    return plan


@dataclass(slots=True)
class _Faults:
    first: list[RowFault] = field(default_factory=list)
    count: int = 0

    def add(self, fault: RowFault) -> None:
        self.count += 1
        if len(self.first) < MOST_FAULTS:
            self.first.append(fault)

    def refuse(self) -> None:
        """Raise UploadNotFit if there are any, each on a line of its own."""
        if self.count:
            more = self.count - len(self.first)
            told = "".join(f"\n  {fault}" for fault in self.first)
            raise UploadNotFit(faults=told, more=f"\n  … {more} more" if more else "", count=self.count)


def _refuse_changes(plan: UploadPlan) -> None:
    faults = _Faults()
    for row in plan.changes:
        said = ", ".join(f"{name} from '{before}' to '{after}'" for name, (before, after) in row.differences.items())
        faults.add(RowFault(row.row, "", f"it would change {said}. Say that changes are wanted, or take the row out."))
    faults.count = plan.changed
    faults.refuse()


def _write(session: Session, place: ListPlace, file: IO[bytes]) -> UploadPlan:
    """Write what the file says of the list as it is now, which may be a moment later than it was checked."""
    plan = UploadPlan()
    for part in _parts(plan_rows(session, get_list(session, place), file)):
        made = [row for row in part if row.act is not None]
        require_new(session, place, [row.entity_id for row in made if row.act == CREATE and not row.is_awaited])
        add_decisions(
            session, [new_decision(place, row.entity_id, str(row.act), row.said, sees=row.sees) for row in made]
        )
        for row in part:
            plan.add(row)
    details = {"list": place.name, "created": plan.created, "changed": plan.changed, "source": place.source}
    write_act(
        session, make_act(place.actor, "entity.bulk.create", f"dataset:{place.project_id}/{place.name}", **details)
    )
    return plan


def _parts(planned: Iterator[PlannedRow | RowFault]) -> Iterator[Sequence[PlannedRow]]:
    good = _good(planned)
    while part := list(islice(good, PART)):
        yield part


def _good(planned: Iterable[PlannedRow | RowFault]) -> Iterator[PlannedRow]:
    for each in planned:
        if isinstance(each, RowFault):
            faults = _Faults()
            faults.add(each)
            faults.refuse()
        else:
            yield each
