"""Plant the trees that edits form: each instance below the one its deprecatedID names.

An instance has at most one parent, so this is a forest but for rings (an edit of itself is the smallest), which only a
forger can make: an instanceID is drawn after the one it replaces. A ring is cut above its smallest instanceID, which
becomes the root.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sync_server.core.ids import InstanceId


@dataclass(frozen=True, slots=True)
class Fork:
    """Where edits part: two or more sides (each a leaf or the next fork) from one base, None when it is missing."""

    base: InstanceId | None
    sides: tuple[InstanceId, ...]


@dataclass(frozen=True, slots=True)
class EditTree:
    """One original and its edits; `order` holds those that arrived, by generation and then id."""

    root_id: InstanceId
    is_root_missing: bool
    order: tuple[InstanceId, ...]
    children: Mapping[InstanceId, tuple[InstanceId, ...]]
    generation: Mapping[InstanceId, int]

    def leaves(self) -> list[InstanceId]:
        """Return the instances that nobody edited."""
        return [id for id in self.order if id not in self.children]

    def forks(self) -> list[Fork]:
        """Return the forks, those furthest from the root first."""
        found: list[Fork] = []
        next_below: dict[InstanceId, InstanceId] = {}
        for id in (*reversed(self.order), *((self.root_id,) if self.is_root_missing else ())):
            sides = tuple(next_below[child] for child in self.children.get(id, ()))
            next_below[id] = sides[0] if len(sides) == 1 else id
            if len(sides) > 1:
                found.append(Fork(None if self.is_root_missing and id == self.root_id else id, sides))
        return found


def plant_trees(deprecated: Mapping[InstanceId, InstanceId | None]) -> list[EditTree]:
    """Plant the trees, by root, from the deprecatedID of every instance that arrived."""
    parent_of = {id: parent for id, parent in sorted(deprecated.items()) if parent is not None}
    for root in list(_ring_roots(parent_of)):
        del parent_of[root]
    children: dict[InstanceId, list[InstanceId]] = {}
    for id, parent in parent_of.items():
        children.setdefault(parent, []).append(id)
    roots = (set(deprecated) | set(children)) - set(parent_of)
    frozen = {id: tuple(below) for id, below in children.items()}
    return [_tree(root, root not in deprecated, frozen) for root in sorted(roots)]


def _tree(root: InstanceId, is_missing: bool, children: Mapping[InstanceId, tuple[InstanceId, ...]]) -> EditTree:
    generation = {root: 0}
    order = [root]
    for id in order:  # Grows as it goes: a chain of edits may be longer than the stack is deep.
        for child in children.get(id, ()):
            generation[child] = generation[id] + 1
            order.append(child)
    arrived = sorted(order[1:] if is_missing else order, key=lambda id: (generation[id], id))
    below = {id: children[id] for id in order if id in children}
    return EditTree(root, is_missing, tuple(arrived), below, generation)


def _ring_roots(parent_of: Mapping[InstanceId, InstanceId]) -> Iterator[InstanceId]:
    """Yield the smallest instanceID of every ring."""
    walked: set[InstanceId] = set()
    for start in list(parent_of):
        path: dict[InstanceId, None] = {}
        id: InstanceId | None = start
        while id is not None and id not in walked and id not in path:
            path[id] = None
            id = parent_of.get(id)
        if id is not None and id in path:
            ring = list(path)
            yield min(ring[ring.index(id) :])
        walked.update(path)
