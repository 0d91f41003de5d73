"""Take bundles and acknowledgements as a page was given them: several files at once, under whatever names they have.

Browsers and people rename files, so a volume is known by its own trailer: of which bundle it is, and which of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync_server.core.bundle_format import ACKNOWLEDGEMENT, Trailer, read_tail
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import BundleEndMissing, BundleMissing
from sync_server.replication.bundle_desk import BUNDLE, keep_acknowledgement, keep_answer
from sync_server.replication.bundle_reading import open_bundle, reading
from sync_server.replication.bundle_take import ACKNOWLEDGED, TakenBundle, take_bundle
from sync_server.replication.bundle_volumes import volume_path
from sync_server.services.see_peers import require_whole_peer
from sync_server.store.accounts import Actor


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came: where it lies, and how it is called where it came from."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a bundle. `answer`: the name of its acknowledgement, at the peer's desk."""

    name: str
    taken: TakenBundle | None = None
    problem: Problem | None = None
    peer_id: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Bundle:
    arrived: Arrived
    trailer: Trailer
    path: Path


def take_arrived(node: Node, actor: Actor | None, files: Sequence[Arrived], folder: Path) -> list[Outcome]:
    """Take all that can be taken; say of each what became of it. `folder` is theirs alone, on one disk with them.

    Acknowledgements go first. What has to come after another is tried again when that one was taken.
    """
    outcomes, bundles = _arrange(files, folder)
    waiting = sorted(bundles, key=lambda each: each.trailer.kind != ACKNOWLEDGEMENT)
    while waiting:
        tried = [(bundle, _take(node, actor, bundle)) for bundle in waiting]
        again = [bundle for bundle, outcome in tried if isinstance(outcome.problem, BundleMissing)]
        is_stuck = len(again) == len(waiting)
        outcomes += [outcome for bundle, outcome in tried if is_stuck or bundle not in again]
        waiting = [] if is_stuck else again
    return outcomes


def _arrange(files: Sequence[Arrived], folder: Path) -> tuple[list[Outcome], list[_Bundle]]:
    """Put each volume where its bundle looks for it; what is none, or has no last one, is an outcome already."""
    outcomes: list[Outcome] = []
    whole: dict[str, _Bundle] = {}
    others: dict[str, Arrived] = {}
    for file in files:
        try:
            trailer = _read_trailer(file)
        except Problem as problem:
            outcomes.append(Outcome(file.name, problem=_renamed(problem, file.path.name, file.name)))
            continue
        last = folder / (trailer.bundle + BUNDLE)
        target = last if trailer.is_last else volume_path(last, trailer.number)
        file.path.replace(target)
        if trailer.is_last:
            whole[trailer.bundle] = _Bundle(file, trailer, target)
        else:
            others.setdefault(trailer.bundle, file)
    lone = [file for bundle, file in others.items() if bundle not in whole]
    outcomes += [Outcome(file.name, problem=BundleEndMissing(file=file.name)) for file in lone]
    return outcomes, list(whole.values())


def _read_trailer(file: Arrived) -> Trailer:
    with reading(file.path), file.path.open("rb") as stream:
        trailer = read_tail(stream).trailer
        trailer.require_name()
    return trailer


def _take(node: Node, actor: Actor | None, bundle: _Bundle) -> Outcome:
    name, path = bundle.arrived.name, bundle.path
    try:
        peer_id = require_whole_peer(node, actor, open_bundle(node, path).peer.id).id
        taken = take_bundle(node, path)
    except Problem as problem:
        answer, peer_id = _keep_answer_to_refusal(node, path, bundle.trailer.sender)
        return Outcome(name, problem=_renamed(problem, path.name, name), peer_id=peer_id, answer=answer)
    if taken.is_acknowledgement and not taken.is_late:
        keep_acknowledgement(node, peer_id, path)
    answer = keep_answer(node, peer_id, taken.acknowledgement) if taken.acknowledgement else ""
    return Outcome(name, taken=taken, peer_id=peer_id, answer=answer)


def _keep_answer_to_refusal(node: Node, path: Path, sender: str) -> tuple[str, str]:
    """Keep the acknowledgement that some refusals leave: it says what the next bundle has to begin with."""
    left = path.with_name(path.name + ACKNOWLEDGED)
    return (keep_answer(node, sender, left), sender) if left.exists() else ("", "")


def _renamed(problem: Problem, own: str, name: str) -> Problem:
    """Say a Problem of a file by the name that the person knows."""
    details = {key: name if value == own else value for key, value in problem.details.items()}
    return type(problem)(**details)
