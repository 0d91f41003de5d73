"""Ask which numbers of forms never came, for each tablet and form (core/form_numbers.py).

From the warehouse, with what waits to be admitted beside it: that has come too. Sealed submissions are not opened, and
erased ones left no number behind; how many there are is told beside the gaps that they may explain.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge

from sqlalchemy.orm import Session

from sync_server.core.form_numbers import (
    HIGHEST,
    NUMBER,
    SERIES,
    Numbered,
    Series,
    count_series,
    find_restarts,
    read_number,
)
from sync_server.core.scope import OPERATOR, Scope
from sync_server.core.tablet_completeness import CountedAnew, Numbers, Question
from sync_server.node import Node
from sync_server.services.form_definitions import find_layout
from sync_server.services.form_sight import sight_of
from sync_server.store import form_numbers
from sync_server.warehouse.form_numbers import has_numbers, iter_numbers
from sync_server.warehouse.form_tables import FormTables, open_tables, read_tables


def ask_numbers(
    node: Node, scope: Scope, project_id: int, form_ids: Iterable[str], *, now: datetime
) -> dict[str, Numbers]:
    """Return by tablet (the sender's number as text, else the device's name) what its numbers ask.

    In memory are the series, of which a tablet has one for each form and reinstallation, and never the submissions.
    """
    asked: dict[str, Numbers] = {}
    for form_id in form_ids:
        if _may_see(node, scope, project_id, form_id):
            for tablet, found in _of_form(node, project_id, form_id, now):
                asked[tablet] = asked.get(tablet, Numbers()) + found
    return asked


def _of_form(node: Node, project_id: int, form_id: str, now: datetime) -> Iterator[tuple[str, Numbers]]:
    with node.database.read() as session:
        held = sorted(_held(session, project_id, form_id), key=_order)
    by_tablet: dict[str, list[Series]] = {}
    for series in read_tables(lambda: _open(node, project_id, form_id), lambda tables: _count(tables, held, now)):
        by_tablet.setdefault(series.tablet, []).append(series)
    with node.database.read() as session:
        for tablet, counted in by_tablet.items():
            questions = [each for series in counted for each in _ask(session, project_id, form_id, series)]
            restarts = (CountedAnew(form_id, restart) for restart in find_restarts(counted))
            yield tablet, Numbers(tuple(questions), tuple(restarts), sum(series.missing for series in counted))


def _count(tables: FormTables, held: list[Numbered], now: datetime) -> list[Series]:
    shown = iter_numbers(tables, now=now) if has_numbers(tables) else iter(())
    return list(count_series(merge(shown, held, key=_order)))


def _ask(session: Session, project_id: int, form_id: str, series: Series) -> list[Question]:
    if not series.gaps:
        return []
    erased = form_numbers.count_erased(session, project_id, form_id, since=series.first_at, until=series.last_at)
    return [Question(form_id, gap, min(erased, gap.count)) for gap in series.gaps]


def _held(session: Session, project_id: int, form_id: str) -> Iterator[Numbered]:
    for each in form_numbers.iter_held(session, project_id, form_id):
        if found := read_number(each.xml):
            yield Numbered(*found, each.received_at, each.tablet)


def _order(each: Numbered) -> tuple[str, int, datetime]:
    return each.series, each.number, each.received_at


def _open(node: Node, project_id: int, form_id: str) -> FormTables:
    with node.database.read() as session:
        layout = find_layout(session, project_id, form_id)
        return open_tables(session, node.warehouse, layout, project_id=project_id, form_id=form_id)


def _may_see(node: Node, scope: Scope, project_id: int, form_id: str) -> bool:
    """Tell whether the numbers of a form are for somebody: answers like others, of every row."""
    if scope.kind == OPERATOR:
        return True
    view = scope.view(project_id, form_id)
    if view is None or view.rows is not None:
        return False
    with node.database.read() as session:
        sight = sight_of(session, view, project_id, form_id)
    return not any(sight.veils(path) for path in (SERIES, NUMBER, HIGHEST))
