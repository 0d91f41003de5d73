"""Find the files that submissions here name and that are not here: on the tablet still, or on their way from a node."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.held_version import HeldVersion
from sync_server.node import Node
from sync_server.services.resolve_submissions import Family, load_families
from sync_server.store.incomplete_submissions import iter_incomplete
from sync_server.store.version_marks import MarksPart, describe_versions


@dataclass(frozen=True, slots=True)
class MissingFile:
    """`held` is the version that stands for the submission; any of `versions` may bring the file."""

    held: HeldVersion
    versions: tuple[str, ...]
    name: str


def iter_missing_files(node: Node, part: MarksPart) -> Iterator[MissingFile]:
    """List them, submission by submission, of the whole forms of a part."""
    with node.database.read() as session:
        for roots in iter_incomplete(session, part):
            for family in load_families(session, roots):
                if family.project_id == part.project_id:
                    yield from _missing(session, family, frozenset(roots))


def _missing(session: Session, family: Family, roots: frozenset[str]) -> Iterator[MissingFile]:
    for state in family.states:
        current = family.by_id[state.current].row_id
        held = describe_versions(session, [current]).get(current)
        if held is None or state.root_id not in roots:
            continue
        for name in family.files_of(session, state):
            if name not in state.attachments:
                yield MissingFile(held, state.versions, name)
