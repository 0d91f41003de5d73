"""Which entities of a list are somebody's: what a role that is narrowed to rows means for a list.

Rows are written by HXL tag (`#adm2+code eq 'IQG15Q01'`) and hold for a list that has a property so tagged. Of a list
without one, and of an entity that says nothing in it, we cannot tell whose it is: then it is nobody's with such a role,
unless the list is shared with all that get it, or the rows themselves ask for those (`or #adm2+code eq null`).
"""

import logging

from sync_server.core.entity_event import LABEL
from sync_server.core.list_access import is_shared
from sync_server.core.list_condition import EVERYTHING, NOTHING, Condition
from sync_server.core.list_filter import read_list_filter
from sync_server.core.row_scope import name_questions
from sync_server.errors import Problem
from sync_server.store.entities import EntityList

log = logging.getLogger(__name__)


def rows_in_scope(of_list: EntityList, rows: str | None) -> Condition:
    """Say which entities of a list the rows of a grant let through; None is all.

    Ask the answer of one entity with `core.list_condition.holds(condition, entity.data, entity.creator_id)`, and of the
    database with `store.list_conditions.rows_where(condition)`.
    """
    if rows is None or is_shared(of_list.settings.access):
        return EVERYTHING
    named = name_questions(rows, of_list.tags)
    if named is None:
        return NOTHING
    try:
        return read_list_filter(named, {LABEL, *of_list.properties}, is_empty_unknown=True)
    except Problem as problem:
        log.warning("row scope shows nothing list=%s: %s", of_list.name, type(problem).__name__)
        return NOTHING
