"""Find out, with another node, what each holds that the other lacks: version by version, file by file.

First the ranges (core/range_digest.py). What only one end named is then asked for by name, whatever the period: a
submission that counts to another day there, because a receipt is on its way, is not missing. Nothing is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sync_server.core.held_version import ALWAYS, HeldCount, HeldFile, HeldVersion, Period, nothing_of
from sync_server.core.node_comparison import ERASED, WITHDRAWN, RangesAsked, VersionFound, VersionsAsked
from sync_server.core.range_digest import Answer, Difference, EndlessRanges, Question, find_differences
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Peer
from sync_server.services.held_ranges import HeldHere
from sync_server.services.incoming_parts import present_bytes
from sync_server.services.missing_files import iter_missing_files
from sync_server.services.shared_versions import find_part

AT_ONCE = 500  # versions asked for by name in one question

MISSING_HERE, MISSING_THERE = "missing here", "missing there"
FILE_HERE, FILE_THERE, FILE_NOWHERE = "file missing here", "file missing there", "file at neither"
ERASED_HERE, ERASED_THERE, WITHDRAWN_THERE = "erased here", "erased there", "to be removed here"
IS_MISSING = frozenset((MISSING_HERE, MISSING_THERE, FILE_HERE, FILE_THERE, FILE_NOWHERE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that only one end holds; `held` as that end tells it. `size` is unknown of a file at neither end.

    `present`: bytes that are here already, of a file that is missing here.
    """

    what: str
    held: HeldVersion
    file: str | None = None
    size: int | None = None
    present: int | None = None

    @property
    def is_missing(self) -> bool:
        """Whether it has still to arrive somewhere; else it has still to go."""
        return self.what in IS_MISSING


@dataclass(slots=True)
class Comparison:
    """How much each end holds; and, to be read once, what differs, while it is found.

    `missing` counts, of what was read, all that has still to arrive somewhere.
    """

    here: Sequence[HeldCount]
    there: Sequence[HeldCount]
    findings: Iterator[Finding]
    there_name: str = ""
    missing: int = field(default=0, init=False)

    def read(self) -> Iterator[Finding]:
        for finding in self.findings:
            self.missing += finding.is_missing
            yield finding

    @property
    def pairs(self) -> list[tuple[HeldCount, HeldCount]]:
        """How much is held here and there of each form from each device, in the order of their names."""
        here, there = ({(c.form_id, c.device_id): c for c in counts} for counts in (self.here, self.there))
        keys = sorted(here.keys() | there.keys(), key=lambda key: (key[0], key[1] or ""))
        return [(here.get(key, nothing_of(*key)), there.get(key, nothing_of(*key))) for key in keys]


def compare_nodes(node: Node, peer_id: str, remote: Peer, project_uid: str, period: Period = ALWAYS) -> Comparison:
    """Compare a project with a peer that was greeted; raise NotFound, StillMarking, PeerTooOld, or what a call may."""
    local = LocalPeer(node, peer_id)
    asked = RangesAsked(project=project_uid, period=period, counts=True)
    here = local.compare_ranges(asked).counts
    there = remote.compare_ranges(asked).counts
    part = find_part(node, local.peer, project_uid, period)
    return Comparison(here, there, _Journey(local, remote, project_uid, HeldHere(node, part)).go())


@dataclass
class _Journey:
    local: LocalPeer
    remote: Peer
    project: str
    held: HeldHere
    coming: set[tuple[str, str]] = field(default_factory=set)  # (version, file) that only the other end has

    def go(self) -> Iterator[Finding]:
        try:
            for found in _join(find_differences(self.held, self._ask)):
                yield from self._name(found)
        except EndlessRanges as error:
            raise BatchUnreadable(reason="its ranges have no end") from error
        for missing in iter_missing_files(self.held.node, self.held.part):
            if not any((version, missing.name) in self.coming for version in missing.versions):
                yield Finding(what=FILE_NOWHERE, held=missing.held, file=missing.name)

    def _ask(self, questions: Sequence[Question]) -> Sequence[Answer[HeldVersion]]:
        asked = RangesAsked(project=self.project, period=self.held.part.period, questions=tuple(questions))
        return self.remote.compare_ranges(asked).answers

    def _name(self, found: Difference[int, HeldVersion]) -> Iterator[Finding]:
        """Say what differs of some versions of which the ends hold something else."""
        mine = {held.version: held for held in self.held.describe(found.mine).values()}
        theirs = {held.version: held for held in found.theirs}
        mine_gone = self._complete(self.local, mine, [version for version in theirs if version not in mine])
        theirs_gone = self._complete(self.remote, theirs, [version for version in mine if version not in theirs])
        for version in sorted(mine.keys() | theirs.keys()):
            if version not in mine:
                erased = mine_gone.get(version) == ERASED
                yield Finding(what=ERASED_HERE if erased else MISSING_HERE, held=theirs[version])
            elif version not in theirs:
                gone = {ERASED: ERASED_THERE, WITHDRAWN: WITHDRAWN_THERE}
                yield Finding(what=gone.get(theirs_gone.get(version, ""), MISSING_THERE), held=mine[version])
            else:
                yield from self._name_files(mine[version], theirs[version])

    def _complete(self, end: Peer, known: dict[str, HeldVersion], versions: Sequence[str]) -> dict[str, str]:
        """Ask an end for these versions by name: those it has come to `known`; return what became of the others."""
        gone: dict[str, str] = {}
        for start in range(0, len(versions), AT_ONCE):
            asked = VersionsAsked(project=self.project, versions=tuple(versions[start : start + AT_ONCE]))
            for found in end.find_versions(asked):
                _note(found, asked, known, gone)
        return gone

    def _name_files(self, mine: HeldVersion, theirs: HeldVersion) -> Iterator[Finding]:
        for file in sorted(_keys(theirs.files).keys() - _keys(mine.files).keys()):
            size = _keys(theirs.files)[file]
            self.coming.add((mine.version, file[0]))
            present = min(present_bytes(self.held.node, self.local.for_peer, file[1]), size)
            yield Finding(what=FILE_HERE, held=theirs, file=file[0], size=size, present=present)
        for file in sorted(_keys(mine.files).keys() - _keys(theirs.files).keys()):
            yield Finding(what=FILE_THERE, held=mine, file=file[0], size=_keys(mine.files)[file])


def _note(found: VersionFound, asked: VersionsAsked, known: dict[str, HeldVersion], gone: dict[str, str]) -> None:
    if found.version not in asked.versions or (found.held and found.held.version != found.version):
        raise BatchUnreadable(reason="it tells of what was not asked")
    if found.held:
        known[found.version] = found.held
    else:
        gone[found.version] = found.state


def _keys(files: Sequence[HeldFile]) -> dict[tuple[str, str], int]:
    return {(file.name, file.sha256): file.size for file in files}


def _join(differences: Iterator[Difference[int, HeldVersion]]) -> Iterator[Difference[int, HeldVersion]]:
    """Put those of many ranges together, so that they are asked for at once. A version's place is in one range."""
    mine: tuple[int, ...] = ()
    theirs: tuple[HeldVersion, ...] = ()
    for each in differences:
        mine, theirs = mine + each.mine, theirs + each.theirs
        if len(mine) + len(theirs) >= AT_ONCE:
            yield Difference(mine, theirs)
            mine, theirs = (), ()
    yield Difference(mine, theirs)
