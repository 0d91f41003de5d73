"""Remove what left this node's scope, by order of the project's home; and, at the home, note that it was done."""

from sync_server.core.entity_root import EntityKey, entity_of
from sync_server.core.replication_items import WithdrawalItem, WithdrawnItem
from sync_server.replication.taking import BEYOND_SCOPE, HOLDS_MORE, NOT_FROM_A_HUB, NotTaken, Taking
from sync_server.services.apply_erasure import BLOB, DATABASE, FORM, SCRATCH
from sync_server.store import decided_entities, erasures, families, peer_subjects
from sync_server.store.erasures import Task
from sync_server.store.families import FamilyNames, Member
from sync_server.store.peer_subjects import IN, OUT, Withdrawal


def take_withdrawal(taking: Taking, item: WithdrawalItem) -> None:
    """Remove a submission with its files and decisions, or what was decided about an entity.

    Nothing is removed while something of it is here that the home does not have.
    """
    if not taking.is_led_by_sender(item.project):
        raise NotTaken(NOT_FROM_A_HUB)
    if peer_subjects.find_withdrawal(taking.session, item.id) is not None:
        return
    project_id = taking.project(item.project)
    if (key := entity_of((project_id, item.form_id, item.root_id))) is not None:
        _note_done(taking, item, _remove_entity(taking, item, key))
        return
    found = families.find_families(taking.session, [item.root_id])
    mine = [f for f in found if (f.project_id, f.form_id) == (project_id, item.form_id)]
    members = [member for family in mine for member in family.members]
    if not _is_listed(item, members):
        raise NotTaken(HOLDS_MORE)
    _note_done(taking, item, _remove(taking, item, mine, members))


def _note_done(taking: Taking, item: WithdrawalItem, removed: dict[str, int]) -> None:
    done = Withdrawal(
        id=item.id,
        peer_id=taking.peer.id,
        project_id=taking.project(item.project),
        form_id=item.form_id,
        root_id=item.root_id,
        direction=IN,
        ordered_at=taking.now,
        done_at=taking.now,
        receipt=removed,
    )
    peer_subjects.add_withdrawal(taking.session, done)
    taking.tell("withdrawal", item.root_id, item.id)


def take_withdrawn(taking: Taking, item: WithdrawnItem) -> None:
    """Note a peer's receipt for what it removed; from then on the submission would be sent to it again."""
    order = peer_subjects.find_withdrawal(taking.session, item.id)
    if order is None or (order.peer_id, order.direction) != (taking.peer.id, OUT):
        raise NotTaken(BEYOND_SCOPE)
    if order.done_at is None or order.receipt == peer_subjects.KEPT:
        peer_subjects.end_withdrawal(taking.session, item.id, done_at=item.done_at, receipt=item.removed)
        root = (order.project_id, order.form_id, order.root_id)
        peer_subjects.delete_entered(taking.session, taking.peer.id, root)
        taking.tell("withdrawal", order.root_id, order.id)


def _is_listed(item: WithdrawalItem, members: list[Member]) -> bool:
    versions, receipts = set(item.versions), set(item.receipts)
    return all(m.sha256 in versions and all(id in receipts for id, _ in m.receipts) for m in members)


def _remove_entity(taking: Taking, item: WithdrawalItem, key: EntityKey) -> dict[str, int]:
    """Remove what was decided about an entity, unless something of it is here that the home does not have."""
    held = {id for id, _ in decided_entities.find_decided(taking.session, [key]).get(key, ())}
    if not held <= set(item.receipts):
        raise NotTaken(HOLDS_MORE)
    decided_entities.delete_decided(taking.session, key)
    if held:
        taking.has_erased = True
        steps = (SCRATCH, DATABASE)
        erasures.add_tasks(taking.session, [Task(item.id, step, "", key[0]) for step in steps])
    return {"decisions": len(held)}


def _remove(taking: Taking, item: WithdrawalItem, found: list[FamilyNames], members: list[Member]) -> dict[str, int]:
    session, row_ids = taking.session, [member.row_id for member in members]
    files = {sha256 for of_row in families.find_files(session, members).values() for sha256, _ in of_row}
    receipts = erasures.delete_versions(session, row_ids)
    project_id = taking.project(item.project)
    names = {item.root_id, *(name for family in found for name in family.names)}
    erasures.delete_state(session, project_id, item.form_id, names)
    erasures.delete_decisions(session, project_id, item.form_id, names)
    steps = [(BLOB, sha256) for sha256 in sorted(files)] + [(FORM, item.form_id), (SCRATCH, ""), (DATABASE, "")]
    if members:
        taking.has_erased = True
        erasures.add_tasks(session, [Task(item.id, step, key, project_id) for step, key in steps])
    return {"versions": len(members), "receipts": receipts, "files": len(files)}
