"""From what was received to the state of every submission, in any order of arrival (guarantee G2)."""

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.digest_node import digest_node
from sync_server.settings import Settings
from sync_server.store.tables import submissions
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, send, visit


def rows(node: Node) -> list[Any]:
    consumers.catch_up(node)
    with node.database.read() as session:
        return list(session.execute(select(submissions).order_by(submissions.c.form_id, submissions.c.root_id)))


def reasons(row: Any) -> list[str]:
    return sorted(flag["reason"] for flag in row.flags)


def test_a_plain_submission_has_nothing_to_say(node: Node) -> None:
    publish_visit(node)
    send(node, visit())
    (row,) = rows(node)
    assert (row.root_id, row.form_version, row.edits, row.has_conflict) == ("uuid:one", "1", 0, False)
    assert (row.flags, row.is_held, row.attachments_expected) == ([], False, 0)


def test_an_edit_replaces_what_it_deprecates(node: Node) -> None:
    publish_visit(node)
    send(node, visit())
    send(node, visit("two", people="8", deprecates="one"), minutes=1)
    (row,) = rows(node)
    assert (row.root_id, row.edits) == ("uuid:one", 1)


def test_an_edit_before_its_original_waits_and_then_resolves(node: Node) -> None:
    publish_visit(node)
    send(node, visit("two", people="8", deprecates="one"))
    (row,) = rows(node)
    assert (row.root_id, row.waits_for, reasons(row)) == ("uuid:one", "uuid:one", ["waits_for_original"])
    send(node, visit(), minutes=1)
    (row,) = rows(node)
    assert (row.root_id, row.waits_for, row.edits, row.flags) == ("uuid:one", None, 1, [])


def test_a_chain_that_arrives_backwards_is_one_submission(node: Node) -> None:
    publish_visit(node)
    for instance, deprecates in (("three", "two"), ("two", "one"), ("one", "")):
        send(node, visit(instance, people=instance[0], deprecates=deprecates))
        rows(node)
    (row,) = rows(node)
    assert (row.root_id, row.edits) == ("uuid:one", 2)


def test_other_answers_under_one_instance_are_a_conflict(node: Node) -> None:
    publish_visit(node)
    send(node, visit(people="7"))
    send(node, visit(people="8"))
    (row,) = rows(node)
    assert row.has_conflict
    assert reasons(row) == ["variant_conflict"]


def test_missing_photos_are_counted_until_they_come(node: Node) -> None:
    publish_visit(node)
    send(node, visit(photo="p.jpg"))
    assert [(r.attachments_expected, r.attachments_present) for r in rows(node)] == [(1, 0)]
    send(node, visit(photo="p.jpg"), [("p.jpg", b"jpeg")])
    assert [(r.attachments_expected, r.attachments_present) for r in rows(node)] == [(1, 1)]


def test_a_form_published_later_settles_what_came_before_it(node: Node) -> None:
    send(node, visit(people="many"))
    assert [reasons(row) for row in rows(node)] == [["unknown_form"]]
    publish_visit(node, "2")
    assert [reasons(row) for row in rows(node)] == [["unknown_version"]]
    publish_visit(node, "1")
    assert [reasons(row) for row in rows(node)] == [["wrong_value"]]


def test_what_a_revoked_tablet_sends_is_held(node: Node) -> None:
    publish_visit(node)
    send(node, visit("theirs"), is_revoked=True)
    (row,) = rows(node)
    assert (row.is_held, reasons(row)) == (True, ["token_revoked"])


def test_an_edit_by_a_revoked_tablet_does_not_touch_the_submission(node: Node) -> None:
    publish_visit(node)
    first = send(node, visit())
    send(node, visit("two", people="0", deprecates="one"), is_revoked=True)
    (row,) = rows(node)
    assert (row.current_version_id, row.is_held, reasons(row)) == (first.version, False, ["token_revoked"])


def test_a_held_original_does_not_hide_its_edit_when_a_held_variant_parts_the_two(node: Node) -> None:
    publish_visit(node)
    send(node, visit("original"), is_revoked=True)
    edit = send(node, visit("edit", people="8", deprecates="original"))
    for people in range(20):  # some of these variants is the greatest and wins, were it admitted
        send(node, visit("edit", people=str(people)), is_revoked=True)
    (row,) = (row for row in rows(node) if row.root_id == "uuid:original")
    assert (row.current_version_id, row.is_held, row.waits_for) == (edit.version, False, "uuid:original")


def test_rebuild_makes_the_same_rows(node: Node) -> None:
    publish_visit(node)
    arrive(node, ARRIVALS)
    before, digest = rows(node), digest_node(node)
    consumers.rebuild(node)
    assert [r[1:] for r in rows(node)] == [r[1:] for r in before]  # the row numbers are no one's business
    assert digest_node(node) == digest


ORIGINAL = visit("one", people="7", photo="p.jpg")
EDIT_A = visit("a", people="8", photo="p.jpg", deprecates="one")
EDIT_B = visit("b", people="7", place="Qaraqosh", photo="p.jpg", deprecates="one")
ARRIVALS: tuple[tuple[bytes, list[tuple[str, bytes]]], ...] = (
    (ORIGINAL, []),
    (ORIGINAL, []),
    (ORIGINAL, [("p.jpg", b"jpeg")]),
    (EDIT_A, []),
    (EDIT_B, []),
    (visit("a2", people="9", photo="p.jpg", deprecates="a"), []),
    (visit("one", people="70", photo="p.jpg"), []),
)


def arrive(
    node: Node, arrivals: Iterable[tuple[bytes, list[tuple[str, bytes]]]], *, chance: random.Random | None = None
) -> None:
    for minute, (xml, files) in enumerate(arrivals):
        send(node, xml, files, minutes=minute)
        if chance and chance.random() < 0.5:
            consumers.catch_up(node)


def test_every_order_of_arrival_gives_one_digest_on_both_databases(
    tmp_path: Path, postgresql: PostgresqlServer, record_property: Any
) -> None:
    """A seeded sample of the 5,040 orders; core/resolve is tested with all of them."""
    seed = 20261123
    chance = random.Random(seed)
    print(f"seed {seed}")
    orders = chance.sample(list(itertools.permutations(ARRIVALS)), 8)
    digests = set()
    for number, order in enumerate(orders):
        url = postgresql.new_database() if number % 2 else ""
        with Node.open(Settings(data=tmp_path / str(number), database_url=url, min_free_bytes=0)) as node:
            publish_visit(node)
            arrive(node, order, chance=chance)
            consumers.catch_up(node)
            digests.add(digest_node(node)["total"])
        if url:
            postgresql.drop_database(url)
    assert len(digests) == 1


@pytest.mark.parametrize("broken", ["uuid:one"])
def test_a_change_that_cannot_be_handled_is_parked_and_the_others_go_on(
    hub: Node, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from sync_server.services import resolve_submissions

    publish_visit(hub)
    load = resolve_submissions.load_families

    def fail_on_one(session: Any, ids: Iterable[str]) -> Any:
        wanted = set(ids)
        if broken in wanted:
            raise RuntimeError("cannot be folded")
        return load(session, wanted)

    monkeypatch.setattr(resolve_submissions, "load_families", fail_on_one)
    send(hub, visit("one"))
    send(hub, visit("two"))
    assert [row.root_id for row in rows(hub)] == ["uuid:two"]
    from sync_server.store.checkpoints import iter_parked

    with hub.database.read() as session:
        assert {parked.error for parked in iter_parked(session)} == {"RuntimeError: cannot be folded"}
