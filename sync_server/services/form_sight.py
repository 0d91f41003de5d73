"""What an actor sees of a form, and up to which level of one of its submissions.

Row scopes are asked of the warehouse, where every answer has its column: so they mean for a single submission exactly
what they mean in an export. What is not there (held, or not worked in yet) is out of sight for who sees rows only.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.scope import READ, View
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight, see
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import get_view
from sync_server.services.form_definitions import find_layout
from sync_server.services.form_rules import find_rules
from sync_server.store.accounts import Actor
from sync_server.warehouse.form_tables import FormTables, open_tables, read_tables
from sync_server.warehouse.row_scope import find_roots

PATIENCE_SECONDS = 20.0


def get_sight(node: Node, actor: Actor | None, project_id: int, form_id: str, verb: str = READ) -> Sight:
    """Return what the actor sees of a form; raise as access.require does when that is nothing."""
    view = get_view(node, actor, project_id, form_id, verb)
    with node.database.read() as session:
        return sight_of(session, view, project_id, form_id)


def sight_of(session: Session, view: View, project_id: int, form_id: str) -> Sight:
    """Put a view together with what the versions of the form say of its questions."""
    rules = find_rules(session, project_id, form_id)
    return see(view, rules.sensitivities, rules.tagged)


def get_level(node: Node, sight: Sight, project_id: int, form_id: str, root_id: str) -> Level:
    """Return up to which level a submission is shown; raise NotFound when it is out of sight."""
    if sight.has_every_row and sight.lowest == sight.level:
        return sight.level
    found = find_levels(node, sight, project_id, form_id).get(root_id)
    if found is None and sight.has_every_row:
        return sight.lowest  # held, so no filter can be asked
    if found is None:
        raise NotFound
    return found


def find_levels(node: Node, sight: Sight, project_id: int, form_id: str) -> Mapping[str, Level]:
    """Return up to which level each submission is shown, of those that some filter lets through."""
    consumers.catch_up(node, seconds=PATIENCE_SECONDS)
    return read_tables(lambda: _open(node, project_id, form_id), lambda tables: _levels(tables, sight))


def _levels(tables: FormTables, sight: Sight) -> dict[str, Level]:
    levels: dict[str, Level] = {}
    now = datetime.now(UTC)
    for part in sorted(sight.parts, key=lambda part: part.level):  # the most that any part shows comes last
        levels.update(dict.fromkeys(find_roots(tables, part.rows, now=now), part.level))
    return levels


def _open(node: Node, project_id: int, form_id: str) -> FormTables:
    with node.database.read() as session:
        layout = find_layout(session, project_id, form_id)
        return open_tables(session, node.warehouse, layout, project_id=project_id, form_id=form_id)
