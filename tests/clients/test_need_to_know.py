"""Two tablets of two districts, one list: neither is ever sent, nor ever holds, a byte about the other's.

Everything that a tablet keeps is searched, and everything that came over its line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sync_server.node import Node
from sync_server.services.actor_properties import add_property
from sync_server.services.devices import add_device, change_device
from sync_server.services.edit_entities import ListPlace
from sync_server.services.edit_lists import change_list
from sync_server.settings import Settings
from tests.clients.office import Office
from tests.clients.test_entities import REGISTER, VISIT, answers, sync_until
from tests.support.bad_line import BadLine
from tests.support.server import LiveServer
from tests.support.tablet import Tablet

OWN_DISTRICT = {"type": "filter", "filter": "place eq $actor/district"}
ONE, TWO = "Bartella-IQG15Q01", "Zummar-IQG15Q02"


@dataclass(kw_only=True)
class HeardLine(BadLine):
    """A line that keeps all that the server sent."""

    answers: list[bytes] = field(default_factory=list, init=False)

    def heard(self, way: str, message: bytes, *, is_whole: bool) -> None:
        if way == "down":
            self.answers.append(message)


@dataclass(frozen=True)
class Watched:
    """A tablet with the number of its app user and the line it is on."""

    tablet: Tablet
    actor_id: int
    line: HeardLine

    def kept(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.tablet.work.rglob("*") if file.is_file())

    def sent(self) -> bytes:
        assert not any(b"content-encoding" in answer.lower() for answer in self.line.answers)
        return b"".join(self.line.answers)


@contextmanager
def watched(node: Node, server: LiveServer, work: Path, district: str) -> Iterator[Watched]:
    """Add a tablet of a district, whose line is heard."""
    actor, token = add_device(node, None, district, 1, properties={"district": district})
    with HeardLine(target=("127.0.0.1", urlsplit(server.url).port or 0)) as line:
        yield Watched(Tablet(work, f"{line.url}/v1/key/{token}/projects/1"), actor.id, line)


def test_a_tablet_holds_its_own_district_alone_and_loses_what_leaves_its_scope(
    server: LiveServer, office: Office, tmp_path: Path
) -> None:
    office.publish(REGISTER)
    office.publish(VISIT)
    with Node.open(Settings(data=server.data, min_free_bytes=0)) as node:
        add_property(node, None, 1, "district")
        change_list(node, ListPlace(1, "wells"), {"access": OWN_DISTRICT})
        with (
            watched(node, server, tmp_path / "one", ONE) as one,
            watched(node, server, tmp_path / "two", TWO) as two,
        ):
            for each, district in ((one, ONE), (two, TWO)):
                made = answers(tmp_path, new_well={"/data/place": district, "/data/state": "open"})
                each.tablet.fill_and_send(forms=["new_well"], answers=made)
            for each, district in ((one, ONE), (two, TWO)):
                sync_until(each.tablet, place=district, status="open")
            assert ONE.encode() in one.sent()
            for each, other in ((one, TWO), (two, ONE)):
                assert other.encode() not in each.sent()
                assert other.encode() not in each.kept()
            change_device(node, None, one.actor_id, {"district": TWO})
            sync_until(one.tablet, place=TWO, status="open")
            one.tablet.sync()
            held = (one.tablet.work / "entities.json").read_bytes()
            assert TWO.encode() in held
            assert ONE.encode() not in held
