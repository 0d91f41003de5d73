"""Nodes that may be backed up, and what comes out of their back-ups."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sync_server.node import Node
from sync_server.services.backup_keys import Secret
from sync_server.services.restore import restore
from sync_server.settings import Settings

PASSPHRASE = "barley and pomegranates"
SECRET = Secret(PASSPHRASE)


def with_settings(node: Node, **changes: object) -> Node:
    """The same node, told otherwise about back-ups."""
    return replace(node, settings=replace(node.settings, **changes))  # type: ignore[arg-type]


@contextmanager
def restored(backup: Path, data: Path, database_url: str = "", secret: Secret = SECRET) -> Iterator[Node]:
    """The node that a back-up becomes elsewhere."""
    settings = Settings(data=data, database_url=database_url, min_free_bytes=0)
    restore(backup, settings, secret)
    with Node.open(settings) as node:
        yield node


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
