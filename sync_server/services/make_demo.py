"""Make a demo: shipped forms, three tablets, and a month of made-up submissions, sent as tablets send them.

Deterministic: submission number n is the same for the same seed, whatever else is made; only its dates follow `now`.
A second run finds every instanceID here already and adds nothing; a larger number adds the difference. What was
received is never deleted, so a node with real submissions is refused.
"""

import csv
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync_server.errors import DemoOnRealData, UnreadableXml
from sync_server.node import Node
from sync_server.services import consumers, devices
from sync_server.services.demo.answers import SHARES, Lists
from sync_server.services.demo.concerns import Concerns
from sync_server.services.demo.filling import BlankForm
from sync_server.services.demo.parcels import DAMAGED, Parcel, make_clash, make_oddities, make_parcels
from sync_server.services.publish_folder import publish_folder
from sync_server.services.receive_submission import Upload, UploadedFile, receive
from sync_server.services.seed_lists import seed_lists
from sync_server.services.shipped_forms import demo_lists, lists_beside, shipped_forms
from sync_server.store import forms, receipts
from sync_server.store.accounts import Actor
from sync_server.store.submissions import find_connected_versions

log = logging.getLogger(__name__)

DOOR = "demo"  # what receipts say, so that nobody takes a demo for a report
PROJECT = 1
TABLETS = ("Tablet 1 · Mosul", "تابلت ٢ · سنجار", "تابلێت ٣ · ئاکرێ")  # the last one's access is ended
AT_ONCE = 8  # senders, so that they share commits as tablets do


@dataclass(frozen=True, slots=True)
class MadeDemo:
    """What was added; nothing on a second run."""

    tablets: int
    submissions: int


def make_demo(
    node: Node,
    *,
    submissions: int = 300,
    seed: int = 20171220,
    now: datetime | None = None,
    progress: Callable[[int], None] = lambda sent: None,
) -> MadeDemo:
    """Add what is missing of the demo; raise DemoOnRealData where real tablets have sent and no demo was made."""
    _refuse_real_data(node)
    publish_folder(node, shipped_forms(), project_id=PROJECT)
    for folder in (lists_beside(shipped_forms()), demo_lists()):
        seed_lists(node, folder, project_id=PROJECT)
    tablets, added = _add_tablets(node)
    blanks, lists = _read_forms(node), _read_lists()
    when = now or datetime.now(UTC)
    plan = _plan(blanks, lists, submissions, seed, when)
    with _quietly("sync_server.services.receive_submission"):
        sent = _send(node, _not_here_yet(node, plan), tablets, progress)
        if sent:
            _send_damaged(node, tablets[0], when)
    consumers.catch_up(node)
    log.info("demo made tablets=%d uploads=%d node=%s", added, sent, node.id)
    return MadeDemo(tablets=added, submissions=sent)


def _plan(blanks: dict[str, BlankForm], lists: Lists, count: int, seed: int, when: datetime) -> list[Parcel]:
    concerns = Concerns()
    ordinary = list(make_parcels(blanks, lists, concerns, count=count, seed=seed, now=when))
    clash = make_clash(blanks, lists, concerns, seed, when)
    return [*ordinary, *clash, *make_oddities(blanks, lists, seed, when)]


def _refuse_real_data(node: Node) -> None:
    with node.database.read() as session:
        doors = receipts.find_doors(session)
    if doors and DOOR not in doors:
        raise DemoOnRealData


def _add_tablets(node: Node) -> tuple[list[Actor], int]:
    """Return the demo's tablets, the revoked one last, and how many of them are new."""
    known = {device.display_name: device for device in devices.list_devices(node, None, PROJECT)}
    missing = [name for name in TABLETS if name not in known]
    known |= {name: devices.add_device(node, None, name, PROJECT)[0] for name in missing}
    if not known[TABLETS[-1]].is_revoked:
        devices.revoke_device(node, None, known[TABLETS[-1]].id)
    return [known[name] for name in TABLETS], len(missing)


def _read_forms(node: Node) -> dict[str, BlankForm]:
    """Read the published forms, as a tablet downloads them."""
    with node.database.read() as session:
        return {
            form.form_id: BlankForm.read(forms.get_xml(session, form.current.row_id))
            for form in forms.iter_forms(session, PROJECT)
            if form.form_id in SHARES
        }


def _read_lists() -> Lists:
    """Read the lists as they came along: what the demo itself adds to them must not change what it makes."""
    forums, trainings = (_read_csv(lists_beside(shipped_forms()) / f"{name}.csv") for name in ("forums", "trainings"))
    return Lists(forums=forums, trainings=trainings, participants=_read_csv(demo_lists() / "participants.csv"))


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _not_here_yet(node: Node, plan: Sequence[Parcel]) -> list[Parcel]:
    with node.database.read() as session:
        here = {v.instance_id for v in find_connected_versions(session, {parcel.instance_id for parcel in plan})}
    return [parcel for parcel in plan if parcel.instance_id not in here]


def _send(node: Node, parcels: Sequence[Parcel], tablets: Sequence[Actor], progress: Callable[[int], None]) -> int:
    sent = 0
    with ThreadPoolExecutor(AT_ONCE) as senders:
        for sent, _receipt in enumerate(senders.map(lambda p: receive(node, _upload(node, p, tablets)), parcels), 1):
            progress(sent)
    return sent


@contextmanager
def _quietly(name: str) -> Iterator[None]:
    """Hold back a line for each upload: hundreds of them would push the first password off the screen."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _upload(node: Node, parcel: Parcel, tablets: Sequence[Actor]) -> Upload:
    tablet = tablets[-1] if parcel.is_revoked else tablets[parcel.tablet % (len(tablets) - 1)]
    return Upload(
        project_id=PROJECT,
        xml=parcel.xml,
        files=tuple(_spooled(node, parcel)),
        received_at=parcel.received_at,
        door=DOOR,
        device_id=f"collect:demo{tablet.id}",
        actor_id=tablet.id,
        is_revoked=parcel.is_revoked,
    )


def _spooled(node: Node, parcel: Parcel) -> Iterator[UploadedFile]:
    for name, content in parcel.files.items():
        spool = node.blobs.spool()
        spool.write(content)
        yield UploadedFile(name, "image/png", spool)


def _send_damaged(node: Node, tablet: Actor, now: datetime) -> None:
    """Send what cannot be read; the same bytes are listed once, however often they come."""
    try:
        receive(
            node,
            Upload(
                project_id=PROJECT,
                xml=DAMAGED,
                received_at=now - timedelta(hours=30),
                door=DOOR,
                device_id=f"collect:demo{tablet.id}",
                actor_id=tablet.id,
            ),
        )
    except UnreadableXml:
        return  # as it should be: set aside for rescue
