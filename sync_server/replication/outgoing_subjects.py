"""What of touched submissions goes to a hub: the new of those it has, all of those it gets, orders for the others."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.replication.outgoing_plan import ENTITY, LIST, Plan, Reader, Told, is_had, name_item
from sync_server.services.peer_scope import Inside, is_inside, is_own
from sync_server.store import families, peer_subjects
from sync_server.store.families import FamilyNames
from sync_server.store.peer_subjects import Entered, Root


def plan_subjects(
    session: Session, reader: Reader, plan: Plan, found: Iterable[FamilyNames], inside: Inside,
    told: Sequence[Told], touched: dict[str, int], had: dict[Root, Entered],
) -> None:  # fmt: skip
    """Add to the plan what these families mean for a hub.

    `touched` says by instance at which change the slice first speaks of it; `had` which submissions the hub has had.
    """
    by_name: dict[tuple[int, str, str], list[Told]] = {}
    for one in told:
        if one.kind not in (ENTITY, LIST):
            by_name.setdefault((one.named.project_id, one.named.form_id, one.named.instance_id), []).append(one)
    shared = [family for family in found if family.project_id in reader.projects]
    new = [f for f in shared if is_inside(f, inside) and not _is_had_whole(reader, plan, f, had)]
    withdrawn = peer_subjects.find_withdrawn(session, reader.peer.id, _names(shared))
    hanging = _load_hanging(session, new, withdrawn)
    for family in shared:
        if not is_inside(family, inside):
            is_ordered = any(root in withdrawn for root in roots_of(family))
            is_restored = is_ordered and _first(family, touched) <= reader.peer.echo_floor  # it may have it again
            if any(root in had for root in roots_of(family)) or is_restored or _lost_form(reader, family):
                plan.withdrawn.update(dict.fromkeys(roots_of(family)))
        elif _is_had_whole(reader, plan, family, had):
            _plan_news(plan, family, by_name)
        else:
            _plan_whole(reader, plan, family, _first(family, touched), hanging)


@dataclass(frozen=True, slots=True)
class _Hanging:
    """What hangs on families that go whole, loaded for all at once: after a push each of thousands is looked at.

    `files` are (sha256, name) by version; `decided` (id, node) by project, form and name. `withdrawn`: what the hub was
    ever told to remove. Then what it received or decided itself went as well, and is no echo.
    """

    files: Mapping[int, Sequence[tuple[str, str]]]
    decided: Mapping[tuple[int, str, str], Sequence[tuple[str, str]]]
    withdrawn: Container[Root]

    def decisions_of(self, family: FamilyNames) -> list[tuple[str, str]]:
        places = ((family.project_id, family.form_id, name) for name in family.names)
        return sorted(decision for place in places for decision in self.decided.get(place, ()))

    def was_withdrawn(self, family: FamilyNames) -> bool:
        return any(name in self.withdrawn for name in _names([family]))


def _plan_news(plan: Plan, family: FamilyNames, by_name: Mapping[tuple[int, str, str], Sequence[Told]]) -> None:
    for name in sorted(family.names):
        told = by_name.get((family.project_id, family.form_id, name), ())
        plan.add(*(one.name for one in told if not one.is_echo))


def _plan_whole(reader: Reader, plan: Plan, family: FamilyNames, seq: int, hanging: _Hanging) -> None:
    is_echo = seq > reader.peer.echo_floor and not hanging.was_withdrawn(family)
    plan.add(*_name_all(reader, family, hanging, is_echo=is_echo))
    since = seq if reader.carried is None else reader.carried.head
    plan.entered.update({root: Entered(since, reader.scope_hash) for root in roots_of(family)})


def _load_hanging(session: Session, new: Sequence[FamilyNames], withdrawn: Container[Root]) -> _Hanging:
    members = [member for family in new for member in family.members]
    return _Hanging(families.find_files(session, members), families.find_decided(session, new), withdrawn)


def _names(found: Iterable[FamilyNames]) -> list[Root]:
    return [(family.project_id, family.form_id, name) for family in found for name in family.names]


def _is_had_whole(reader: Reader, plan: Plan, family: FamilyNames, had: dict[Root, Entered]) -> bool:
    return all(is_had(reader, plan, had.get(root), root) for root in roots_of(family))


def roots_of(family: FamilyNames) -> list[Root]:
    """The submissions of a family; before it was worked in, its first name stands for it."""
    names = family.roots or (min(family.names),)
    return [(family.project_id, family.form_id, name) for name in names]


def _first(family: FamilyNames, touched: dict[str, int]) -> int:
    return min((touched[name] for name in family.names if name in touched), default=0)


def _lost_form(reader: Reader, family: FamilyNames) -> bool:
    """Tell whether the hub received it itself, of a form that is no longer in its scope."""
    return not reader.scope.knows(family.project_id, family.form_id) and is_own(reader.peer, family)


def _name_all(reader: Reader, family: FamilyNames, hanging: _Hanging, *, is_echo: bool) -> list[str]:
    """Name everything of a family; with `is_echo` without what the hub itself received or decided."""
    own = reader.peer.ids if is_echo else frozenset()
    project = reader.projects[family.project_id]
    names: list[str] = []
    for member in sorted(family.members, key=lambda m: m.row_id):
        if not member.nodes & own:
            names.append(name_item("submission_version", project, (member.sha256,)))
        if not member.nodes <= own:  # an upload elsewhere may have brought files that the hub's own did not
            files = hanging.files.get(member.row_id, ())
            names += [name_item("attachment", project, (member.sha256, *file)) for file in files]
        names += [name_item("receipt", project, (id,)) for id, node in member.receipts if node not in own]
    decided = hanging.decisions_of(family)
    return names + [name_item("decision", project, (id,)) for id, node in decided if node not in own]
