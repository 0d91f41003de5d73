"""Part versions into those that hang together by instanceID or deprecatedID: the families of submissions."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    @property
    def instance_id(self) -> str: ...
    @property
    def deprecated_id(self) -> str | None: ...


V = TypeVar("V", bound=Named)


def part_connected(versions: Iterable[V]) -> list[list[V]]:
    """Return the sets of versions joined by their names (union-find over the ids)."""
    all_of_them = list(versions)
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for version in all_of_them:
        leader[find(version.instance_id)] = find(version.deprecated_id or version.instance_id)
    groups: dict[str, list[V]] = {}
    for version in all_of_them:
        groups.setdefault(find(version.instance_id), []).append(version)
    return list(groups.values())
