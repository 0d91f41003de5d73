"""The warehouse follows what is resolved: rows come, move, change and go; nothing is shown before its time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.build_warehouse import BuildWarehouse
from sync_server.services.form_state import set_form_state
from sync_server.services.review_submission import accept_submission
from sync_server.store import checkpoints, segments
from sync_server.store.accounts import add_app_user
from sync_server.store.changes import Change, append
from sync_server.store.segments import Manifest
from sync_server.store.tables import actors
from tests.support.samples import NOON, publish, publish_visit, send, submission, visit
from tests.support.warehouse_rows import Shown, shown_submissions


def shown(node: Node) -> list[Shown]:
    consumers.catch_up(node)
    return shown_submissions(node, "visit")


def keys(node: Node) -> list[str]:
    return [each.key for each in shown(node)]


def manifest_of(node: Node) -> Manifest:
    with node.database.read() as session:
        return segments.get_manifest(session, 1, "visit")


def texts(node: Node, column: str) -> list[Any]:
    return [each.tables[""][0].get(column) for each in shown(node)]


def test_rows_stand_newest_first(node: Node) -> None:
    publish_visit(node)
    for number in (2, 0, 1):
        send(node, visit(str(number)), minutes=number)
    assert keys(node) == ["uuid:2", "uuid:1", "uuid:0"]


def test_an_edit_takes_the_place_of_its_original(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a"))
    send(node, visit("b"), minutes=1)
    assert keys(node) == ["uuid:b", "uuid:a"]
    send(node, visit("c", deprecates="a", place="Sinjar"), minutes=2)
    assert keys(node) == ["uuid:b", "uuid:a"]
    assert texts(node, "/place") == ["Bartella", "Sinjar"]
    edited = shown(node)[1].meta
    assert edited["_updated"].replace(tzinfo=NOON.tzinfo) == NOON + timedelta(minutes=2)
    assert edited["_edits"] == 1


def test_an_edit_that_came_first_goes_into_the_row_of_its_original(node: Node) -> None:
    publish_visit(node)
    send(node, visit("b", deprecates="a", place="Sinjar"))
    assert keys(node) == ["uuid:a"]
    assert shown(node)[0].meta["_waits"]
    send(node, visit("a"), minutes=1)
    assert keys(node) == ["uuid:a"]
    assert texts(node, "/place") == ["Sinjar"]


def test_two_submissions_become_one_when_the_edit_between_them_comes(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a"))
    send(node, visit("c", deprecates="b"), minutes=1)
    assert keys(node) == ["uuid:b", "uuid:a"]
    send(node, visit("b", deprecates="a"), minutes=2)
    assert keys(node) == ["uuid:a"]


def test_a_receipt_that_is_found_to_be_earlier_moves_the_row(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a"), minutes=10)
    send(node, visit("b"), minutes=5)
    assert keys(node) == ["uuid:a", "uuid:b"]
    send(node, visit("a"), minutes=1)
    assert keys(node) == ["uuid:b", "uuid:a"]
    assert shown(node)[1].meta["_last_received"].replace(tzinfo=NOON.tzinfo) == NOON + timedelta(minutes=10)


def test_what_waits_to_be_accepted_is_not_shown(node: Node) -> None:
    publish_visit(node)
    set_form_state(node, None, form_id="visit", state="closed", reason="The survey is over.")
    send(node, visit("a"))
    assert keys(node) == []
    accept_submission(node, None, instance_id="uuid:a", reason="It was filled before.")
    assert keys(node) == ["uuid:a"]


def test_a_sealed_submission_is_a_row_without_answers(node: Node) -> None:
    publish_visit(node)
    answers = "<base64EncryptedKey>k</base64EncryptedKey><encryptedXmlFile>s.enc</encryptedXmlFile>"
    xml = submission("uuid:s", answers).replace(b"<data ", b'<data encrypted="yes" ')
    send(node, xml, {"s.enc": b"sealed"})
    (row,) = shown(node)
    assert (row.meta["_is_sealed"], row.meta["_sealed_files"], row.meta["_status"]) == (True, 1, "not decrypted")
    assert list(row.tables) == [""]


def test_a_submission_of_an_unknown_form_is_a_row_with_its_answers_beside_it(node: Node) -> None:
    send(node, visit("a"))
    (row,) = shown(node)
    assert [(u["_path"], u["_value"]) for u in row.tables["#unplaced"]] == [("/place", "Bartella"), ("/people", "7")]
    publish_visit(node)
    assert texts(node, "/place") == ["Bartella"]
    assert "#unplaced" not in shown(node)[0].tables
    assert shown(node)[0].meta["_flags"] == []


def test_a_question_that_becomes_a_repeat_moves_to_a_table_of_its_own(node: Node) -> None:
    publish(node, "1", {"/g/name": "string"})
    send(node, submission("uuid:a", "<g><name>Layla</name></g>"))
    assert texts(node, "/g/name") == ["Layla"]
    publish(node, "2", {"/g": "repeat", "/g/name": "string"})
    assert shown(node)[0].tables["/g"][0]["/g/name"] == "Layla"


def test_files_are_listed_with_their_sizes(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a", photo="p.jpg"), {"p.jpg": b"12345"})
    (row,) = shown(node)
    assert [(f["_name"], f["_size"]) for f in row.tables["#files"]] == [("p.jpg", 5)]
    assert row.meta["_is_complete"]


def test_a_new_name_of_a_sender_is_shown_in_every_row(node: Node) -> None:
    publish_visit(node)
    secret = {"token_hash": "h", "token_sealed": b""}
    tablet = node.write(lambda s: add_app_user(s, project_id=1, display_name="tablet", now=NOON, **secret))
    send(node, visit("a"), actor_id=tablet.id)
    assert shown(node)[0].meta["_submitter_name"] == "tablet"

    def rename(session: Any) -> None:
        session.execute(update(actors).where(actors.c.id == tablet.id).values(display_name="Team 4"))
        append(session, [Change("account", f"actor:{tablet.id}", "renamed")])

    node.write(rename)
    assert shown(node)[0].meta["_submitter_name"] == "Team 4"


def test_it_never_goes_beyond_what_is_resolved(node: Node) -> None:
    publish_visit(node)
    consumers.catch_up(node)
    send(node, visit("a"))
    _resolve, build, *_others = consumers.make_runners(node)
    assert build.run_slice() is None
    consumers.resolve_received(node)
    assert build.run_slice() is not None
    assert [each.key for each in shown_submissions(node, "visit")] == ["uuid:a"]


def test_nothing_is_lost_when_two_do_the_same_slice(node: Node) -> None:
    """The second of two processes finds the checkpoint moved and lets its files be."""
    publish_visit(node)
    for number in range(3):
        send(node, visit(str(number)), minutes=number)
    consumers.resolve_received(node)
    build = consumers.make_runners(node)[1]
    with node.database.read() as session:
        start = checkpoints.get_checkpoint(session, BuildWarehouse.name)
        happened = build._next(session, start)
        writes = build._prepare(session, happened)
    consumers.catch_up(node)  # as another process does meanwhile
    node.write(lambda session: build._finish(session, writes, before=start, after=happened[-1].seq))
    assert keys(node) == ["uuid:2", "uuid:1", "uuid:0"]


def test_a_rebuilt_warehouse_has_the_same_rows_and_other_files(node: Node) -> None:
    publish_visit(node)
    for number in range(10):
        send(node, visit(str(number)), minutes=number)
        consumers.catch_up(node)
    send(node, visit("e", deprecates="4", place="Sinjar"), minutes=20)
    before, blobs = shown(node), manifest_of(node).blobs
    consumers.rebuild(node)
    after = shown(node)
    assert [_content(each) for each in after] == [_content(each) for each in before]
    assert blobs.isdisjoint(manifest_of(node).blobs)


def _content(each: Shown) -> tuple[Any, ...]:
    rows = {t: [{k: v for k, v in row.items() if k != "_row"} for row in rows] for t, rows in each.tables.items()}
    return each.key, each.received, rows


def test_how_far_behind_it_is_counts_for_the_node(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a"))
    consumers.resolve_received(node)
    assert consumers.count_behind(node) > 0
    consumers.catch_up(node)
    assert consumers.count_behind(node) == 0


LONG = 1_800_000  # words of five letters: nine megabytes


def test_a_very_long_answer_keeps_nothing_from_the_tables(hub: Node) -> None:
    publish_visit(hub)
    send(hub, visit("one"))
    send(hub, visit("long", place="word " * LONG), minutes=1)
    assert keys(hub) == ["uuid:long", "uuid:one"]


def test_what_does_not_fit_into_memory_is_parked_and_the_others_go_on(hub: Node) -> None:
    """Were it taken for a full disk, it would be tried again for ever, and no form would have tables any more."""
    questions = {f"/q{number}": "string" for number in range(4)}
    publish(hub, questions=questions)
    send(hub, submission("one", "<q0>short</q0>"))
    answers = "".join(f"<q{number}>{'word ' * LONG}</q{number}>" for number in range(4))
    send(hub, submission("long", answers), minutes=1)
    send(hub, submission("two", "<q0>short</q0>"), minutes=2)
    settings = replace(hub.settings, warehouse_memory_mb=100)
    with Node.open(settings) as node:
        assert keys(node) == ["two", "one"]
        with node.database.read() as session:
            assert "warehouse_memory_mb" in str(checkpoints.iter_parked(session))
