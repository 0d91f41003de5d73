"""Pass over what a hub has just sent and alone received: nothing of it goes back.

Where that is all there is, nothing need be worked in first. After a push of thousands of submissions the hub asks what
is new; until the centre has worked them all in, minutes may go by, and the hub would think the line dead.
"""

from collections.abc import Callable, Iterable, Sequence

from sync_server.node import Node
from sync_server.replication.outgoing_entities import may_bring_entities
from sync_server.replication.outgoing_plan import ABOUT_SUBMISSIONS, Plan, Reader, first_touched, without_last
from sync_server.replication.outgoing_subjects import roots_of
from sync_server.store import changes, families, peer_subjects
from sync_server.store.changes import Change
from sync_server.store.families import FamilyNames
from sync_server.store.peer_subjects import Entered, Root

Note = Callable[[Node, Reader, Plan], None]


def skip(node: Node, reader: Reader, size: int, *, note: Note) -> int:
    """Return up to which change there is nothing for a hub but its own; `note` that it has that."""
    until = _remembered(node, reader)
    while not reader.peer.is_centre and until > 0:  # with the first changes of all go projects and forms
        reached = _pass_over(node, reader, until, size, note)
        if reached is None:
            break
        until = reached
    if until > reader.since:
        node.echoes[reader.peer.id] = _under(reader), reader.since, until
    return until


def _remembered(node: Node, reader: Reader) -> int:
    under, since, until = node.echoes.get(reader.peer.id, ((), 0, 0))
    return until if under == _under(reader) and since <= reader.since < until else reader.since


def _under(reader: Reader) -> tuple[str, ...]:
    """What it holds under: of a hub that was restored, what it sent before is no echo, for it may have lost it."""
    return reader.scope_hash, reader.peer.epoch or ""


def _pass_over(node: Node, reader: Reader, until: int, size: int, note: Note) -> int | None:
    """Pass over a slice of the feed; None when there is something in it for the hub, or nothing at all."""
    with node.database.read() as session:
        happened = without_last(changes.iter_since(session, until, limit=size), size)
        if not happened or not _are_echoes(reader, happened):
            return None
        touched = first_touched(happened)
        found = families.find_families(session, touched)
        decided = families.find_decided(session, found)
        names = {(family.project_id, family.form_id, name) for family in found for name in family.names}
        if peer_subjects.find_withdrawn(session, reader.peer.id, names):  # what it removed it may lack, its own as well
            return None
        if may_bring_entities(session, reader, found):
            return None
    if not all(_is_own(reader, family) for family in found) or not _are_own(reader, decided.values()):
        return None
    note(node, reader, Plan(entered=_entered(reader, found, touched)))
    return happened[-1].seq


def _are_echoes(reader: Reader, happened: Iterable[Change]) -> bool:
    """What a hub says to have removed is no echo: it may have to be sent again."""
    passed = frozenset(ABOUT_SUBMISSIONS) - {"withdrawal"}
    return all(change.kind in passed and reader.is_echo(change) for change in happened)


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
