"""Read the acknowledgements that came back on a stick, before the next bundle is made for who left them."""

import logging
from pathlib import Path

from sync_server.core.replication_pieces import AwaitedFile
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.replication.bundle_reading import open_bundle
from sync_server.replication.bundle_take import ACKNOWLEDGED, take_bundle

log = logging.getLogger(__name__)


def read_acknowledgements(node: Node, peer_id: str, folder: Path) -> tuple[AwaitedFile, ...]:
    """Note what a peer acknowledged in this folder; return the files it said to lack.

    What is for others, or cannot be read, is passed over: without it the bundle is larger, and right all the same.
    """
    lacking: dict[AwaitedFile, None] = {}
    for path in sorted(folder.glob(f"*{ACKNOWLEDGED}")):
        try:
            opened = open_bundle(node, path)
            if opened.peer.id == peer_id and opened.is_acknowledgement:
                lacking.update(dict.fromkeys(take_bundle(node, path).lacking))
        except Problem as problem:
            log.info("acknowledgement passed over error=%s node=%s", problem.code, node.id)
    return tuple(lacking)
