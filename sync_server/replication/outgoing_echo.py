"""Pass over what a hub has just sent and alone received: nothing of it goes back.

Where that is all there is, nothing need be worked in first. After a push of thousands of submissions the hub asks what
is new; until the centre has worked them all in, minutes may go by, and the hub would think the line dead.
"""

from collections.abc import Callable, Iterable, Sequence

from sync_server.node import Node
from sync_server.replication.outgoing_plan import ABOUT_SUBMISSIONS, Plan, Reader, first_touched, without_last
from sync_server.replication.outgoing_subjects import roots_of
from sync_server.store import changes, families
from sync_server.store.changes import Change
from sync_server.store.families import FamilyNames
from sync_server.store.peer_subjects import Entered, Root


def skip(node: Node, reader: Reader, size: int, *, note: Callable[[Node, Reader, Plan], None]) -> int:
    """Return up to which change there is nothing for a hub but its own; `note` that it has that."""
    until = reader.since
    if reader.peer.is_centre or until == 0:  # with the first changes of all go projects and forms
        return until
    while True:
        with node.database.read() as session:
            happened = without_last(changes.iter_since(session, until, limit=size), size)
            if not happened or not _are_echoes(reader, happened):
                return until
            touched = first_touched(happened)
            found = families.find_families(session, touched)
            decided = families.find_decided(session, found)
        if not all(_is_own(reader, family) for family in found) or not _are_own(reader, decided.values()):
            return until
        note(node, reader, Plan(entered=_entered(reader, found, touched)))
        until = happened[-1].seq


def _are_echoes(reader: Reader, happened: Iterable[Change]) -> bool:
    return all(change.kind in ABOUT_SUBMISSIONS and reader.is_echo(change) for change in happened)


def _is_own(reader: Reader, family: FamilyNames) -> bool:
    """An edit of what another node received brings that to the hub: such a family is looked at in full."""
    return (
        family.project_id in reader.projects
        and reader.scope.knows(family.project_id, family.form_id)
        and all(member.nodes <= {reader.peer.id} for member in family.members)
    )


def _are_own(reader: Reader, decided: Iterable[Sequence[tuple[str, str]]]) -> bool:
    return all(made_at == reader.peer.id for of_name in decided for _, made_at in of_name)


def _entered(reader: Reader, found: Iterable[FamilyNames], touched: dict[str, int]) -> dict[Root, Entered]:
    return {
        root: Entered(min(touched[name] for name in family.names if name in touched), reader.scope_hash)
        for family in found
        for root in roots_of(family)
    }
