"""Prove a back-up: restore it into a scratch folder, verify every byte, compare digests with those of its moment."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from sync_server.blobs.opening import open_blobs
from sync_server.core.backup_manifest import Header
from sync_server.node import Node
from sync_server.services import erasure_journal
from sync_server.services.backup import working_folder
from sync_server.services.backup_keys import header_of, own_key
from sync_server.services.digest_node import digest_node
from sync_server.services.replay_erasures import replay_erasures
from sync_server.services.restore import load_database
from sync_server.services.unpack_backup import Progress, unpack
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store.snapshot import scratch_database


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out of the back-up, and what is wrong with it: nothing, if it is good."""

    header: Header
    digests: dict[str, str]
    faults: tuple[str, ...]


def prove_backup(node: Node, backup: Path, *, progress: Progress = lambda done: None) -> Proof:
    """Restore `backup` beside the node and look; raise BackupDamaged when it cannot even be unpacked."""
    header = header_of(backup)
    with working_folder(node) as folder, _scratch_settings(node.settings, folder / "node") as settings:
        settings.data.mkdir()
        unpacked = unpack(backup, header, own_key(node, header), settings.data, open_blobs(settings), progress=progress)
        load_database(header, settings, unpacked.database)
        with Node.open(settings) as restored:
            digests = digest_node(restored)
            faults = tuple(verify_node(restored, progress=progress))
            if replay_erasures(restored, erasure_journal.find_decisions(backup)):
                faults += tuple(verify_node(restored))
    return Proof(header, digests, (*faults, *_differences(header.digests, digests)))


def _differences(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield f"The {name} are not those of the moment of the back-up."


@contextmanager
def _scratch_settings(settings: Settings, folder: Path) -> Iterator[Settings]:
    beside = nullcontext("") if settings.is_sqlite else scratch_database(settings.database_url)
    with beside as url:
        # A folder even where the node has S3: what is proved must come out of the back-up alone.
        yield replace(settings, data=folder, database_url=url, backup_folder=None, blob_url="", node_key="")
