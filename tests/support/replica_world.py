"""Two hubs and a centre to which anything may happen, and what must hold once all is quiet.

Every operation is something a person, a tablet, a line or a machine does. The world remembers what was acknowledged,
and takes off only what was erased, or what a disk took along that nobody else had yet.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sync_server.app import create_app
from sync_server.core.ids import sha256_hex
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import PeerAway
from sync_server.replication.bundle_take import take_bundle
from sync_server.replication.dialling import Dialling
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Peer
from sync_server.services import consumers
from sync_server.services.devices import add_device, revoke_device
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.form_state import set_form_state
from sync_server.services.review_submission import choose_version, comment_submission, review_submission
from sync_server.services.verify_node import verify_node
from sync_server.store import holdings, nodes, peers, projects
from tests.support import entity_life
from tests.support.paired_nodes import open_node, pair, set_scope, sync
from tests.support.samples import publish, send, submission
from tests.support.server_thread import ServerThread
from tests.support.stick import Stick

DISTRICTS = ("NORTH", "SOUTH")
QUESTIONS = {"/adm2": "string", "/place": "string", "/photo": "binary", "/note": "string"}
CENTRE, HUB_A, HUB_B = "centre", "hub_a", "hub_b"
SCOPES: dict[str, tuple[Grant, ...]] = {
    "own": (Grant(PEER_UP, 1),),
    "north": (Grant(PEER, 1, rows="adm2 eq 'NORTH'"),),
    "south": (Grant(PEER, 1, rows="adm2 eq 'SOUTH'"),),
    "all": (Grant(PEER, 1),),
}


class Crash(Exception):
    """The process is gone, between two steps."""


@dataclass
class Breaking:
    """An end whose line breaks, loses answers, repeats requests, or behind which a machine dies."""

    end: Peer
    chance: random.Random
    is_calm: bool = False

    def __getattr__(self, name: str) -> Callable[..., object]:
        call = getattr(self.end, name)
        if not callable(call):
            return call  # type: ignore[no-any-return]

        def happen(*args: object, **kwargs: object) -> object:
            fate = 1.0 if self.is_calm else self.chance.random()
            if fate < 0.05:
                raise PeerAway(reason="the line broke")
            if fate < 0.08:
                raise Crash
            result = call(*args, **kwargs)
            if fate < 0.13:
                raise PeerAway(reason="the answer was lost")
            if fate < 0.16:
                raise Crash
            return call(*args, **kwargs) if fate < 0.21 and name != "meet" else result

        return happen


@dataclass
class World:
    """Three nodes in folders of their own; the centre's database where `centre_url` says.

    `is_remote`: hubs reach the centre over a live socket, else in this process. `by_stick`: by bundles alone.
    """

    folder: Path
    centre_url: str = ""
    is_remote: bool = False
    by_stick: bool = False
    server: ServerThread | None = None
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    nodes: dict[str, Node] = field(default_factory=dict)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)  # version → instance
    erased: set[str] = field(default_factory=set)  # instances
    saved: dict[str, tuple[Path, set[str]]] = field(default_factory=dict)
    device: int = 0
    made: int = 0
    bundles: int = 0
    version: int = 1
    scopes: dict[str, str] = field(default_factory=lambda: {HUB_A: "own", HUB_B: "own"})

    def start(self) -> None:
        for name in (CENTRE, HUB_A, HUB_B):
            self.nodes[name] = open_node(self.folder / name, self.centre_url if name == CENTRE else "")
            self.acknowledged[name] = set()
        publish(self.nodes[CENTRE], "1", QUESTIONS)
        entity_life.publish_forums(self.nodes[CENTRE])
        self.device = add_device(self.nodes[CENTRE], None, "Tablet 1", 1)[0].id
        for hub in (HUB_A, HUB_B):
            pair(self.nodes[hub], self.nodes[CENTRE], name=hub)
        self._serve()

    def stop(self) -> None:
        self._stop_serving()
        for node in self.nodes.values():
            node.close()

    def _serve(self) -> None:
        if self.is_remote:
            self.server = ServerThread(create_app(self.nodes[CENTRE])).__enter__()

    def _stop_serving(self) -> None:
        if self.server is not None:
            self.server.__exit__(None, None, None)
            self.server = None

    # -- what tablets do

    def submit(self, where: str, number: int, content: int, *, photo: int | None = None) -> None:
        """Send one of a few submissions: other content under the same instanceID is a variant, a repeat a resend."""
        instance = f"uuid:{number}"
        files = {} if photo is None else {f"{photo}.jpg": bytes([photo]) * 3000}
        self._send(where, instance, content, files=files)

    def edit(self, where: str, number: int, content: int) -> None:
        """Send an edit of a submission, whether its original is here or not."""
        self.made += 1
        self._send(where, f"uuid:edit-{self.made}", content, edits=f"uuid:{number}")

    def _send(
        self, where: str, instance: str, content: int, *, edits: str = "", files: dict[str, bytes] | None = None
    ) -> None:
        answers = (
            f"<adm2>{DISTRICTS[content % 2]}</adm2><place>{content}</place><photo>{content % 3}.jpg</photo><note/>"
        )
        xml = submission(instance, answers, edits=edits, version=str(1 + content % 2))
        receipt = send(self.nodes[where], xml, files or {}, minutes=self.chance.random() * 1000)
        if not receipt.is_erased:
            self._note(where, instance, xml)

    def _note(self, where: str, instance: str, xml: bytes) -> None:
        self.acknowledged[where].add(sha256_hex(xml))
        self.instances[sha256_hex(xml)] = instance

    def register(self, where: str, number: int) -> None:
        """Register an entity, or the same again."""
        instance, district = f"uuid:forum-{self._count()}", self.chance.choice(DISTRICTS)
        minutes = self.chance.random() * 1000
        self._note(where, instance, entity_life.register(self.nodes[where], instance, number, district, minutes))

    def update(self, where: str, number: int) -> None:
        """Update an entity on a tablet that had its list from here or from elsewhere."""
        instance, served_by = f"uuid:forum-{self._count()}", self.nodes[self.chance.choice(sorted(self.nodes))]
        told = entity_life.random_said(self.chance, DISTRICTS)
        said = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
        minutes = self.chance.random() * 1000
        xml = entity_life.update_by_tablet(self.nodes[where], served_by, instance, number, said, minutes)
        self._note(where, instance, xml)

    def _count(self) -> int:
        self.made += 1
        return self.made

    # -- what people do

    def review(self, where: str, number: int, state: str) -> None:
        self._try(lambda: review_submission(self.nodes[where], None, f"uuid:{number}", state, reason="seen"))

    def comment(self, where: str, number: int, text: str) -> None:
        self._try(lambda: comment_submission(self.nodes[where], None, f"uuid:{number}", text))

    def settle(self, where: str, number: int) -> None:
        """Choose between contents that disagree, at random."""
        beginning = self.chance.choice("0123456789abcdef")
        self._try(lambda: choose_version(self.nodes[where], None, f"uuid:{number}", beginning, reason="chosen"))

    def erase(self, where: str, number: int) -> None:
        """Erase a submission; a hub brings what it has to the centre first, else nobody could know it as the hub's."""
        self._erase(where, f"uuid:{number}")

    def _erase(self, where: str, instance: str) -> None:
        node = self.nodes[where]
        if where != CENTRE and not self.sync(where, is_calm=True):
            return
        if self._try(lambda: erase_submission(node, None, instance, reason="consent withdrawn")):
            self.erased.add(instance)

    def decide(self, where: str, what: str, number: int) -> None:
        """Make, change, settle, delete or restore an entity."""
        said = entity_life.random_said(self.chance, DISTRICTS)
        self._try(lambda: entity_life.act(self.nodes[where], what, number, said))

    def erase_registration(self, where: str) -> None:
        """Erase a submission that did something to an entity."""
        known = sorted(name for name in self.instances.values() if name.startswith("uuid:forum-"))
        if known:
            self._erase(where, self.chance.choice(known))

    def share(self, is_shared: bool) -> None:
        self._try(lambda: entity_life.share(self.nodes[CENTRE], is_shared=is_shared))

    def publish(self) -> None:
        self.version += 1
        publish(self.nodes[CENTRE], str(self.version), {**QUESTIONS, f"/q{self.version}": "string"})

    def set_state(self, state: str) -> None:
        self._try(lambda: set_form_state(self.nodes[CENTRE], None, "visit", state))

    def revoke(self) -> None:
        self._try(lambda: revoke_device(self.nodes[CENTRE], None, self.device))

    def scope(self, hub: str, name: str) -> None:
        set_scope(self.nodes[CENTRE], self.nodes[hub].id, *SCOPES[name])
        self.scopes[hub] = name

    def _try(self, act: Callable[[], object]) -> bool:
        """What is not there cannot be reviewed or erased: that is no fault."""
        try:
            act()
        except Problem:
            return False
        return True

    # -- what machines and lines do

    def sync(self, hub: str, *, is_calm: bool = False, seed: int = 0) -> bool:
        """Go a round; on a bad line it may end anywhere. True when both ends are quiet."""
        if self.by_stick:
            return self._exchange(hub)
        chance = random.Random(seed)
        try:
            with self._lanes(hub) as open_lane:
                report = sync(
                    self.nodes[hub],
                    self.nodes[CENTRE],
                    open_remote=lambda: Breaking(open_lane(), chance, is_calm),  # type: ignore[arg-type, return-value]
                )
            return report.is_quiet
        except (Crash, Problem):
            return False

    def _exchange(self, hub: str) -> bool:
        try:
            Stick(self.folder / f"{hub}-stick").exchange(self.nodes[hub], self.nodes[CENTRE])
        except Problem:
            return False
        return True

    def make_bundle(self, hub: str, *, is_up: bool) -> None:
        """Make a bundle of a hub's or for it; each has a name of its own, so that all can come late, or never."""
        maker, taker = (hub, CENTRE) if is_up else (CENTRE, hub)
        self.bundles += 1
        name = f"{'up' if is_up else 'down'}-{self.bundles:04d}"
        stick = Stick(self.folder / f"{hub}-bundles")
        self._try(lambda: stick.make(self.nodes[maker], self.nodes[taker].id, name))

    def take_bundle(self, hub: str, *, is_up: bool, which: int) -> None:
        """Take one of the bundles that were made, of the newest few: it may be late, or refused, or taken already."""
        made = sorted((self.folder / f"{hub}-bundles").glob("up-????" if is_up else "down-????"))[-4:]
        if made:
            taker = self.nodes[CENTRE if is_up else hub]
            self._try(lambda: take_bundle(taker, made[which % len(made)]))

    @contextmanager
    def _lanes(self, hub: str) -> Iterator[Callable[[], Peer]]:
        node, centre = self.nodes[hub], self.nodes[CENTRE]
        if self.server is None:
            yield lambda: LocalPeer(centre, node.id)
            return
        with node.database.read() as session:
            peer = replace(peers.get_peer(session, centre.id), url=self.server.url)
        with Dialling(node, peer) as dialled:
            yield dialled

    def restart(self, where: str) -> None:
        if where == CENTRE:
            self._stop_serving()
        self.nodes[where].close()
        self.nodes[where] = open_node(self.folder / where, self.centre_url if where == CENTRE else "")
        if where == CENTRE:
            self._serve()

    def save(self, hub: str) -> None:
        """Copy a hub's folder, as a back-up does."""
        self.nodes[hub].close()
        copy = self.folder / f"{hub}-saved"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder / hub, copy)
        self.saved[hub] = copy, set(self.acknowledged[hub])
        self.nodes[hub] = open_node(self.folder / hub)

    def restore(self, hub: str) -> None:
        """Put an older state in place of a hub's. What nobody else had of it went with the disk."""
        if hub not in self.saved:
            return
        copy, had = self.saved[hub]
        elsewhere = set().union(*(versions_of(node) for name, node in self.nodes.items() if name != hub))
        self.acknowledged[hub] = {v for v in self.acknowledged[hub] if v in had or v in elsewhere}
        self.nodes[hub].close()
        shutil.rmtree(self.folder / hub)
        shutil.copytree(copy, self.folder / hub)
        self.nodes[hub] = open_node(self.folder / hub)
        self.nodes[hub].write(lambda session: nodes.start_epoch(session, new_id=lambda: f"epoch-{self.made}"))
        self.made += 1

    # -- what must hold

    def settle_down(self) -> None:
        """Go rounds on a good line until nothing moves, and check everything."""
        for _ in range(8):
            quiet = [self.sync(hub, is_calm=True) for hub in (HUB_A, HUB_B, HUB_A)]
            if all(quiet) and self._is_same():
                break
        self.check()

    def _is_same(self) -> bool:
        return all(self._digests(hub)[0] == self._digests(hub)[1] for hub in (HUB_A, HUB_B))

    def _digests(self, hub: str) -> tuple[dict[str, str], dict[str, str]]:
        centre, node = self.nodes[CENTRE], self.nodes[hub]
        with centre.database.read() as session:
            at_centre = peers.get_peer(session, node.id)
        with node.database.read() as session:
            at_hub = peers.get_peer(session, centre.id)
            uid = projects.iter_homes(session)[0][1]
        return digest_for_peer(centre, at_centre, uid), digest_for_peer(node, at_hub, uid)

    def check(self) -> None:
        for hub in (HUB_A, HUB_B):
            theirs, mine = self._digests(hub)
            assert theirs == mine, (hub, theirs, mine)
        there = versions_of(self.nodes[CENTRE])
        for name, acknowledged in self.acknowledged.items():
            lost = {v for v in acknowledged - there if not self._is_erased(v)}
            assert not lost, (name, lost)
        for node in self.nodes.values():
            consumers.catch_up(node)
            assert list(verify_node(node)) == []
        for hub in (HUB_A, HUB_B):
            if self.scopes[hub] == "all":
                assert entity_life.states(self.nodes[hub]) == entity_life.states(self.nodes[CENTRE]), hub

    def _is_erased(self, version: str) -> bool:
        instance = self.instances[version]
        return instance in self.erased or instance.startswith("uuid:edit-")


def versions_of(node: Node) -> set[str]:
    with node.database.read() as session:
        return set(holdings.iter_version_ids(session))
