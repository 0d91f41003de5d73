"""Marks follow what is stored: each change shows, what is gone is gone, and a rebuild makes the same."""

import random

from sqlalchemy import select

from sync_server.core.range_digest import bounds, parts_of
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.held_ranges import HeldHere
from sync_server.services.mark_versions import MarkVersions
from sync_server.store import erasures
from sync_server.store.changes import Change
from sync_server.store.submissions import iter_versions
from sync_server.store.tables import version_marks
from sync_server.store.version_marks import MarksPart, count_held
from tests.support.samples import publish_visit, send, visit


def marks(node: Node) -> list[tuple[object, ...]]:
    consumers.mark_received(node, seconds=60)
    with node.database.read() as session:
        return [tuple(row) for row in session.execute(select(version_marks).order_by(version_marks.c.place))]


def erase(node: Node, name: str) -> None:
    erase_submission(node, None, f"uuid:{name}", reason="Consent withdrawn", project_id=1, form_id="visit")


def test_a_file_that_comes_later_changes_the_mark(node: Node) -> None:
    publish_visit(node)
    send(node, visit("one", photo="a.jpg"))
    before = marks(node)
    send(node, visit("one", photo="a.jpg"))  # the same once more changes nothing
    assert marks(node) == before
    send(node, visit("one", photo="a.jpg"), {"a.jpg": b"jpeg"})
    (after,) = marks(node)
    assert [after[:4], after[9]] == [before[0][:4], before[0][9]]
    assert after[4:8] != before[0][4:8]


def test_what_is_erased_has_no_mark(node: Node) -> None:
    publish_visit(node)
    for name in ("one", "two"):
        send(node, visit(name))
    assert len(marks(node)) == 2
    erase(node, "one")
    with node.database.read() as session:  # at once, whatever the consumers are at
        assert len(session.execute(select(version_marks)).all()) == 1
    assert len(marks(node)) == 1


def test_what_is_erased_while_it_is_marked_has_no_mark_either(node: Node) -> None:
    publish_visit(node)
    send(node, visit("one"))
    with node.database.read() as session:
        write = MarkVersions().handle(session, [Change("submission_version", "uuid:one", "")])
    with node.database.read() as session:
        row_ids = [version.row_id for version in iter_versions(session, 0)]
    node.write(lambda session: erasures.delete_versions(session, row_ids))
    node.write(write)
    with node.database.read() as session:
        assert session.execute(select(version_marks)).all() == []


def test_a_rebuild_makes_the_same_marks(node: Node) -> None:
    publish_visit(node)
    send(node, visit("one", photo="a.jpg"), {"a.jpg": b"jpeg"})
    send(node, visit("edit", deprecates="one"))
    send(node, visit("two"), device_id=None)
    before = marks(node)
    consumers.rebuild(node)
    with node.database.read() as session:
        rows = [tuple(row) for row in session.execute(select(version_marks).order_by(version_marks.c.place))]
    assert rows == before
    with node.database.read() as session:
        counted = count_held(session, MarksPart(project_id=1))
    assert [(c.device_id, c.submissions, c.edits, c.files) for c in counted] == [
        (None, 1, 0, 0),
        ("collect:abc", 1, 1, 1),
    ]


def test_sums_of_ranges_are_those_of_their_members(node: Node) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    publish_visit(node)
    for _ in range(60):
        send(node, visit(f"{chance.random()}"))
    marks(node)
    here = HeldHere(node, MarksPart(project_id=1))
    prefixes = [*chance.sample(parts_of(""), 9), "5", "6"]
    tallies = here.tally(sorted(set(prefixes)))
    for prefix in set(prefixes):
        parts = tallies.get(prefix)
        listed = [len(here.members(part)) for part in parts_of(prefix)]
        assert listed == ([part.count for part in parts] if parts else [0] * 16)
    assert sum(part.count for part in here.tally([""])[""]) == len(here.members("")) == 60
    assert bounds("") == (0, 2**60 - 1)
