"""Questions and answers of a comparison come back as they were written, and nonsense is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync_server.app import create_app
from sync_server.core.held_version import HeldCount, HeldFile, HeldVersion, Period
from sync_server.core.node_comparison import RangesAnswered, RangesAsked, VersionFound, VersionsAsked
from sync_server.core.range_digest import AT_ONCE, Answer, Question
from sync_server.peer_errors import BatchUnreadable, PeerTooOld, ProtocolUnknown
from sync_server.replication import wire_ranges as wire
from sync_server.replication.dialling import Dialling
from sync_server.replication.greeting import introduce
from sync_server.store.peers import change_peer, get_peer
from tests.support.paired_nodes import open_node, pair
from tests.support.server_thread import ServerThread

WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HELD = HeldVersion(
    version="a" * 64, form_id="visit", instance_id="uuid:1", edits=None, device_id="collect:ب", received_at=WHEN,
    files=(HeldFile("صورة.jpg", "b" * 64, 7),),
)  # fmt: skip
ASKED = RangesAsked(
    project="p1", period=Period(WHEN), counts=True,
    questions=(
        Question("", marks=frozenset()), Question("0f", seal=b"s" * 12), Question("1", marks=frozenset({b"m" * 16})),
    ),
)  # fmt: skip
ANSWERED = RangesAnswered(
    answers=(
        Answer("0f", parts=((3, b"s" * 12), *((0, b"t" * 12),) * 15)),
        Answer("1", theirs=(HELD,), lacking=(b"m" * 16, b"n" * 16)),
    ),
    counts=(HeldCount(form_id="visit", device_id=None, submissions=3, edits=1, files=2),),
)


def test_questions_and_answers_come_back_as_they_were() -> None:
    assert wire.read_ranges_asked(wire.write_ranges_asked(ASKED)) == ASKED
    assert wire.read_ranges_answered(wire.write_ranges_answered(ANSWERED)) == ANSWERED
    versions = VersionsAsked(project="p1", versions=("a" * 64,))
    assert wire.read_versions_asked(wire.write_versions_asked(versions)) == versions
    found = [VersionFound("a" * 64, "held", HELD), VersionFound("c" * 64, "erased")]
    assert wire.read_versions_found(wire.write_versions_found(found)) == found


@pytest.mark.parametrize(
    "spoilt",
    [
        {"ranges": None},
        {"ranges": [7]},
        {"ranges": [{"in": "xyz", "seal": ""}]},
        {"ranges": [{"in": "0" * 15, "seal": ""}]},
        {"ranges": [{"in": "0", "seal": "AAAA"}]},
        {"ranges": [{"in": "0", "marks": "not base64"}]},
        {"ranges": [{"in": "0", "marks": "AAAA" * 30_000}]},
        {"ranges": [{"in": "0", "seal": ""}] * (AT_ONCE + 1)},
        {"first": "yesterday"},
        {"counts": "yes"},
        {"project": 1},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(spoilt: dict[str, Any]) -> None:
    with pytest.raises(BatchUnreadable):
        wire.read_ranges_asked({**wire.write_ranges_asked(ASKED), **spoilt})


@pytest.mark.parametrize(
    "spoilt",
    [
        {"ranges": [{"in": "0", "counts": [1], "seals": ""}]},
        {"ranges": [{"in": "0", "versions": [{}], "lacking": ""}]},
        {"ranges": [{"in": "0", "versions": [], "lacking": "AAAA"}]},
        {"ranges": [{"in": "0", "versions": [{**wire._write_held(HELD), "version": "../up"}], "lacking": ""}]},
        {"ranges": [{"in": "0", "versions": [{**wire._write_held(HELD), "files": [["a", "b", 1]]}], "lacking": ""}]},
        {"counts": [["visit", None, 1, 2]]},
        {"counts": [["visit", None, 1, 2, -3]]},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(spoilt: dict[str, Any]) -> None:
    with pytest.raises(BatchUnreadable):
        wire.read_ranges_answered({**wire.write_ranges_answered(ANSWERED), **spoilt})


def test_questions_of_another_age_are_named() -> None:
    with pytest.raises(ProtocolUnknown):
        wire.read_ranges_asked({**wire.write_ranges_asked(ASKED), "version": 2})


@pytest.mark.parametrize("versions", [["short"], ["a" * 64] * 1_001])
def test_versions_are_named_by_hash_and_not_too_many(versions: list[str]) -> None:
    with pytest.raises(BatchUnreadable):
        wire.read_versions_asked({"version": 1, "project": "p1", "versions": versions})


def test_a_peer_from_before_is_said_to_be_too_old(tmp_path: Any) -> None:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        pair(hub, centre)
        app = create_app(centre)
        serve = app.wsgi_app

        def before(environ: dict[str, Any], start: Any) -> Any:
            environ["PATH_INFO"] = environ["PATH_INFO"].replace("v1/ranges", "v1/no-such-thing-yet")
            return serve(environ, start)

        app.wsgi_app = before  # type: ignore[method-assign]
        with ServerThread(app) as server:
            hub.write(lambda session: change_peer(session, centre.id, url=server.url))
            with hub.database.read() as session:
                peer = get_peer(session, centre.id)
            with Dialling(hub, peer) as dialling:
                remote = dialling()
                remote.meet(introduce(hub, peer))
                with pytest.raises(PeerTooOld, match="The program of centre does not know this yet"):
                    remote.compare_ranges(ASKED)
