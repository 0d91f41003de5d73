"""A stick between two nodes: bundles made on it, carried and taken; and what must not change when one is refused."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.replication.bundle_acks import read_acknowledgements
from sync_server.replication.bundle_make import MadeBundle, make_bundle
from sync_server.replication.bundle_take import TakenBundle, take_bundle
from sync_server.services import consumers


@dataclass
class Stick:
    """A folder where bundles lie."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def make(self, maker: Node, taker_id: str, name: str = "", **options: object) -> MadeBundle:
        """Make a bundle as the command does: after what came back on the stick."""
        lacking = read_acknowledgements(maker, taker_id, self.folder)
        path = self.folder / (name or f"from-{maker.id[:6]}.bundle")
        return make_bundle(maker, taker_id, path, lacking=lacking, **options)  # type: ignore[arg-type]

    def carry(self, maker: Node, taker: Node, **options: object) -> TakenBundle:
        """Make a bundle and take it, and work in what came."""
        made = self.make(maker, taker.id, **options)  # type: ignore[arg-type]
        taken = take_bundle(taker, made.path)
        for node in (maker, taker):
            consumers.resolve_received(node)
        return taken

    def exchange(self, hub: Node, centre: Node) -> None:
        """Go to the centre and back, as a driver does: what the hub has, then what the centre has for it."""
        with suppress(Problem):
            self.carry(centre, hub)
        self.carry(hub, centre)
        self.carry(centre, hub)
        read_acknowledgements(centre, hub.id, self.folder)
        read_acknowledgements(hub, centre.id, self.folder)


def digest_folder(node: Node) -> str:
    """Hash all of a node's data folder, names and contents, but SQLite's index of its log: reading moves that."""
    found = hashlib.sha256()
    for path in sorted(node.settings.data.rglob("*")):
        if path.is_file() and not path.name.endswith("-shm"):
            found.update(path.relative_to(node.settings.data).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
