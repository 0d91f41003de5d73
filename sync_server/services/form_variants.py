"""Forms of which two nodes had another one under the same id and version: see what there is, and settle it.

The home's is in force on every node. What a tablet filled in by the other stays as it was received; settling says that
somebody who may publish has looked whether its answers are still understood.
"""

import logging
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.access import require, require_somewhere
from sync_server.services.audit import make_act, write_act
from sync_server.store import form_variants
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.form_variants import FormVariant

log = logging.getLogger(__name__)

_UPDATE = "form.update"


def list_variants(node: Node, actor: Actor | None, project_id: int | None = None) -> list[FormVariant]:
    """List the variants that wait for somebody, as far as the actor may settle them."""
    scope = require_somewhere(node, actor, _UPDATE, project_id=project_id)
    with node.database.read() as session:
        found = form_variants.iter_variants(session, project_id)
    return [variant for variant in found if scope.may(_UPDATE, variant.project_id, variant.form_id)]


def settle_variant(
    node: Node, actor: Actor | None, form_id: str, version: str, sha256: str, *, project_id: int = 1
) -> FormVariant:
    """Note that the actor has looked at a variant; the beginning of its sha256 is enough to name it.

    Settling again changes nothing. Raise NotFound for what no variant is called, or more than one.
    """
    require(node, actor, _UPDATE, project_id=project_id, form_id=form_id)
    variant = _get(node, project_id, form_id, version, sha256)
    by, now = actor.id if actor else None, datetime.now(UTC)
    act = make_act(actor, _UPDATE, actee_of(project_id, form_id), version=version, settled=variant.sha256)

    def settle(session: Session) -> None:
        if form_variants.settle_variant(session, variant.id, by=by, now=now):
            write_act(session, act)

    node.write(settle)
    log.info("form variant settled form_id=%s version=%s sha256=%s node=%s", form_id, version, variant.sha256, node.id)
    return variant


def _get(node: Node, project_id: int, form_id: str, version: str, sha256: str) -> FormVariant:
    with node.database.read() as session:
        found = form_variants.find_variants(session, project_id, form_id, version)
    named = [variant for variant in found if sha256 and variant.sha256.startswith(sha256)]
    if len(named) != 1:
        raise NotFound
    return named[0]
