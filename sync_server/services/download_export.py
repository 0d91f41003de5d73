"""Give a client an export to download: made now, or kept from before when it is the same."""

from collections.abc import Callable
from dataclasses import dataclass

from sync_server.node import Node
from sync_server.services import kept_exports
from sync_server.services.export_data import as_seen, catch_up, is_outdated, note_export, space_told, write_export
from sync_server.services.export_source import ExportSource, Wanted, open_source
from sync_server.services.kept_exports import KeptExport
from sync_server.store.accounts import Actor


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The client has these bytes already."""

    tag: str


def download_export(
    node: Node, actor: Actor, wanted: Wanted, *, is_known: Callable[[str], bool], patience: float
) -> KeptExport | Unchanged:
    """Give the export as it stands now; `is_known` tells whether the client has the bytes of a tag.

    Raises as export_csv_zip does. What the client knows is not made again.
    """
    seen = as_seen(node, actor, wanted)
    catch_up(node, patience)
    source = open_source(node, seen)
    if is_known(source.tag):
        return Unchanged(source.tag)
    kept = kept_exports.find_kept(node, source.tag)
    if kept is None:
        kept_exports.sweep(node)
        kept = _make(node, source)
    note_export(node, actor, wanted, tag=kept.tag)
    return kept


def _make(node: Node, source: ExportSource) -> KeptExport:
    """Make it and keep it; once more when something was erased between its end and its place among those kept."""
    with space_told(), kept_exports.new_export(node) as target:
        made = write_export(node, source, target=target)
        kept = kept_exports.keep(node, target, tag=made.tag, sha256=made.sha256, left_out=made.left_out)
    if not is_outdated(node, made.erased):
        return kept
    kept_exports.forget(kept)
    return _make(node, open_source(node, source.wanted))


def find_download(node: Node, actor: Actor, wanted: Wanted, tag: str) -> KeptExport | None:
    """Find the export a client began to download, if it was this one, shown just so, and is still kept."""
    seen = as_seen(node, actor, wanted)
    kept = kept_exports.find_kept(node, tag) if tag.startswith(f"{seen.fingerprint}-") else None
    if kept is not None:
        note_export(node, actor, wanted, tag=tag)
    return kept
