"""A hub with a valid key that lies, pries and erases: one test for each row of "A hostile or broken peer"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.replication_batch import MOST_ITEMS, Batch, read_lines
from sync_server.core.replication_items import Item, SubmissionItem, WithdrawalItem, WithdrawnItem
from sync_server.core.replication_pieces import AwaitedFile, Piece
from sync_server.core.roles import PEER
from sync_server.errors import DiskFull
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable, CursorElsewhere, ErasedAtHome, LedElsewhere, PeerStopped
from sync_server.replication import greeting
from sync_server.replication.peer import Limits
from sync_server.services import consumers
from sync_server.services.digest_node import digest_for_peer
from sync_server.services.erase_person import erase_person
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.peer_status import peer_status
from sync_server.services.verify_node import verify_node
from tests.support.backups import with_settings
from tests.support.by_code import peer_at
from tests.support.liar import NOON, Liar
from tests.support.paired_nodes import held, pair, sync
from tests.support.samples import publish_visit, send, visit

MINE = visit("mine")
SECRET = visit("theirs", place="Secret place", photo="a.jpg")
PHOTO = b"a photo of theirs"


@pytest.fixture
def liar(node: Node, hub: Node) -> Liar:
    """A hub that has only what it receives; the centre has a submission with a photo that is not for it."""
    publish_visit(node)
    pair(hub, node)
    send(node, SECRET, {"a.jpg": PHOTO})
    consumers.catch_up(node)
    liar = Liar(hub, node)
    liar.offer(liar.submission(MINE), liar.receipt(MINE))
    return liar


def everything_for(liar: Liar) -> list[Item]:
    """All that the hub gets by asking from the beginning."""
    consumers.resolve_received(liar.centre)
    return list(liar.end.read_changes(0, Limits()).items)


def is_secret(items: Sequence[Item]) -> bool:
    return any(b"Secret" in item.xml for item in items if isinstance(item, SubmissionItem))


def is_whole(liar: Liar) -> bool:
    """What others sent is there as it was, and nothing is wrong with the store."""
    consumers.catch_up(liar.centre)
    assert list(verify_node(liar.centre)) == []
    return sha256_hex(SECRET) in held(liar.centre).versions


# -- lies


def test_lies_about_hashes_an_id_is_that_of_the_bytes(liar: Liar) -> None:
    lie = liar.submission(visit("other"), erased_sha256=sha256_hex(SECRET))
    assert liar.refused(lie) == ["not_what_it_says"]
    assert is_whole(liar)


def test_lies_about_hashes_a_file_is_hashed_before_anything_names_it(liar: Liar) -> None:
    liar.offer(liar.file(MINE, PHOTO))
    (awaited,) = liar.end.list_awaited(10)
    for _ in range(3):
        assert liar.end.write_pieces([Piece(awaited, 0, b"x" * len(PHOTO))]) == 0
    assert liar.end.list_awaited(10) == []
    assert len(held(liar.centre).files) == 1


def test_claims_a_file_by_its_hash_and_is_not_shown_it(liar: Liar) -> None:
    liar.offer(liar.file(MINE, PHOTO))
    claimed = AwaitedFile(
        owner="submission", project=liar.project, version=sha256_hex(MINE), name="a.jpg", sha256=sha256_hex(PHOTO),
        size=len(PHOTO), present=0,
    )  # fmt: skip
    assert list(liar.end.read_pieces([(claimed, 0, 100)])) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"protocol":1,"epoch":"e","scope_hash":"s","since":0,"until":9223372036854775808,"head":1}',
        b'{"protocol":1,"epoch":7,"scope_hash":"s","since":0,"until":1,"head":1}',
        b'{"protocol":1,"epoch":"e","scope_hash":"s","since":-1,"until":1,"head":1}',
        b'{"protocol":1,"epoch":"e","scope_hash":"s","since":0,"until":1,"head":1}\n{"kind":"gift"}',
        b'{"protocol":1,"epoch":"e","scope_hash":"s","since":0,"until":1,"head":1}\n' + b"[" * 100_000,
        b'{"protocol":1,"epoch":"e","scope_hash":"s","since":0,"until":1,"head":1}\n{"kind":"receipt",'
        b'"clock_offset_seconds":1' + b"0" * 400 + b"}",
        b"\n" * (MOST_ITEMS + 2),
    ],
)
def test_garbage_and_bombs_are_refused_whole(content: bytes) -> None:
    with pytest.raises(BatchUnreadable):
        read_lines(content)


def test_repeats_old_requests_and_they_change_nothing(liar: Liar) -> None:
    before, seq = held(liar.centre), liar.seq
    for _ in range(3):
        liar.seq = seq - 1
        assert liar.offer(liar.submission(MINE)).stored == 0
    assert held(liar.centre) == before


def test_a_batch_from_further_ahead_or_of_another_feed_is_refused_whole(liar: Liar) -> None:
    said = replace(greeting.introduce(liar.hub, peer_at(liar.hub, liar.centre)), epoch=liar.epoch, head=liar.seq)
    hash = liar.end.meet(said).scope_hash
    wrong = Batch(epoch=liar.epoch, scope_hash=hash, since=99, until=100, head=100, items=())
    for batch in (wrong, replace(wrong, since=0, epoch="other"), replace(wrong, since=0, scope_hash="other")):
        with pytest.raises(CursorElsewhere):
            liar.end.take(batch)


def test_other_content_under_a_known_instance_is_a_variant_and_overwrites_nothing(liar: Liar) -> None:
    variant = visit("theirs", place="Forged")
    assert liar.refused(liar.submission(variant), liar.receipt(variant)) == []
    assert is_whole(liar)
    assert "variant" in held(liar.centre).states["uuid:theirs"]


def test_a_ring_of_parents_ends(liar: Liar) -> None:
    first = liar.decision("review", "uuid:mine", id="first", parents=("second", sha256_hex(MINE)))
    second = liar.decision("review", "uuid:mine", id="second", parents=("first", sha256_hex(MINE)))
    assert liar.refused(first, second) == []
    assert is_whole(liar)


def test_a_version_without_a_receipt_does_not_stop_anything(liar: Liar) -> None:
    alone = visit("alone")
    edit = visit("edit", deprecates="theirs", place="Forged")
    assert liar.refused(liar.submission(alone), liar.submission(edit)) == []
    consumers.catch_up(liar.centre)
    assert [line for line in verify_node(liar.centre) if "has no receipt" not in line] == []
    assert held(liar.centre).states.keys() == {"uuid:mine", "uuid:theirs"}
    assert liar.refused(liar.receipt(alone), liar.receipt(edit)) == [], "they come with a later batch"
    assert is_whole(liar)
    assert "uuid:alone" in held(liar.centre).states


# -- prying


def test_asks_for_what_is_not_its_own_and_it_is_as_if_it_were_not_there(liar: Liar) -> None:
    head = replace(liar.end.read_changes(0, Limits()), items=())
    names = [
        f"submission:{liar.project}/{sha256_hex(SECRET)}",
        f"attachment:{liar.project}/{sha256_hex(SECRET)}/{sha256_hex(PHOTO)}/a.jpg",
        *(f"receipt:{id}" for id in held(liar.centre).receipts),
    ]
    got = liar.end.read_items(names, head).items
    assert {item.name.partition(":")[0] for item in got} == {"receipt"}, "its own"
    file = AwaitedFile(
        owner="submission", project=liar.project, version=sha256_hex(SECRET), name="a.jpg", sha256=sha256_hex(PHOTO),
        size=len(PHOTO), present=0,
    )  # fmt: skip
    assert list(liar.end.read_pieces([(file, 0, 100)])) == []
    assert not is_secret(everything_for(liar))


def test_invents_a_receipt_by_a_hash_alone_and_it_is_beyond_its_scope(liar: Liar) -> None:
    claims = (liar.receipt(SECRET), liar.file(SECRET, b"planted", file_name="b.jpg"))
    assert liar.refused(*claims) == ["beyond_scope"] * 2
    assert not is_secret(everything_for(liar))


def test_shows_a_version_as_erased_and_still_has_no_right_to_it(liar: Liar) -> None:
    erase_person(liar.centre, None, "entity", "secret", reason="consent", keep_rest=True)
    claim = liar.submission(visit("theirs"), erased_sha256=sha256_hex(SECRET))
    assert "beyond_scope" in (*liar.refused(claim, liar.receipt(SECRET)), *liar.refused(liar.receipt(SECRET)))
    assert not is_secret(everything_for(liar))


def test_edits_a_submission_of_which_a_person_was_erased_and_does_not_get_it(liar: Liar) -> None:
    """The erasure of a person goes to every hub, and names the submission."""
    people = visit("people", place="Secret +964 770 123 4567")
    send(liar.centre, people)
    assert erase_person(liar.centre, None, "phone", "07701234567", reason="consent", keep_rest=True)
    edit = visit("forged", deprecates="people", place="x")
    liar.offer(liar.submission(edit), liar.receipt(edit))
    got = everything_for(liar)
    assert sha256_hex(people) not in {item.sha256 for item in got if isinstance(item, SubmissionItem)}


# -- erasing and withdrawing


@pytest.mark.parametrize("way", ["by its name", "by naming it beside its own", "by an edit of it", "by listing a hash"])
def test_erases_only_what_it_received(liar: Liar, way: str) -> None:
    edit = visit("edit", deprecates="theirs")
    erasures = {
        "by its name": [liar.erasure("uuid:theirs")],
        "by naming it beside its own": [liar.erasure("uuid:mine", "uuid:theirs")],
        "by an edit of it": [
            liar.submission(edit), liar.receipt(edit), liar.erasure("uuid:theirs"),
            liar.erasure("uuid:theirs", "uuid:edit"),
        ],
        "by listing a hash": [liar.erasure("uuid:theirs", versions=[{"sha256": "ab" * 32}])],
    }  # fmt: skip
    assert set(liar.refused(*erasures[way])) == {"beyond_scope"}
    assert is_whole(liar)
    assert len(held(liar.centre).files) == 1


def test_erases_what_it_received_with_what_others_edited_of_it(liar: Liar) -> None:
    send(liar.centre, visit("edit", deprecates="mine"))
    consumers.catch_up(liar.centre)
    assert liar.refused(liar.erasure("uuid:mine")) == []
    assert held(liar.centre).versions == {sha256_hex(SECRET)}


def test_nobody_at_a_hub_erases_what_the_centre_would_keep(hub: Node, node: Node) -> None:
    publish_visit(node)
    pair(hub, node, role=PEER)
    send(node, visit("theirs"))
    send(hub, visit("own"))
    sync(hub, node)
    with pytest.raises((ErasedAtHome, LedElsewhere)):
        erase_submission(hub, None, "uuid:theirs", reason="consent withdrawn")
    erase_submission(hub, None, "uuid:own", reason="consent withdrawn")
    sync(hub, node)
    assert held(hub) == held(node)


def test_orders_a_withdrawal_or_answers_one_of_another(liar: Liar) -> None:
    place = {"project": liar.project, "id": "w1", "form_id": "visit", "root_id": "uuid:theirs"}
    order = WithdrawalItem(**place, versions=(sha256_hex(SECRET),), receipts=())
    assert liar.refused(order) == ["not_from_a_hub"]
    assert liar.refused(WithdrawnItem(**place, removed={}, done_at=NOON)) == ["beyond_scope"]
    assert is_whole(liar)


# -- what it says of itself


@pytest.mark.parametrize("years", [-56, 70])
def test_a_clock_that_is_years_off_is_said_and_decides_nothing(liar: Liar, years: int) -> None:
    wrong = datetime.now(UTC) + timedelta(days=365 * years)
    xml = visit("late")
    assert liar.refused(liar.submission(xml), liar.receipt(xml, received_at=wrong)) == []
    said = greeting.introduce(liar.hub, peer_at(liar.hub, liar.centre))
    liar.end.meet(replace(said, epoch=liar.epoch, head=liar.seq, clock=wrong))
    status = next(each for each in peer_status(liar.centre) if each.id == liar.hub.id)
    assert abs((status.clock_offset_seconds or 0) / (365 * 86_400) - years) < 1
    assert is_whole(liar)


def test_a_feed_that_became_shorter_is_a_copys_and_nothing_of_it_is_taken(liar: Liar) -> None:
    liar.offer()
    said = greeting.introduce(liar.hub, peer_at(liar.hub, liar.centre))
    with pytest.raises(PeerStopped):
        liar.end.meet(replace(said, epoch=liar.epoch, head=0))


def test_withholds_and_the_digests_tell(liar: Liar) -> None:
    send(liar.hub, visit("kept back"))
    theirs = digest_for_peer(liar.hub, peer_at(liar.hub, liar.centre), liar.project)
    assert theirs != digest_for_peer(liar.centre, peer_at(liar.centre, liar.hub), liar.project)


def test_lets_in_what_was_held_as_it_could_by_receiving_it(liar: Liar) -> None:
    held_back = visit("held")
    send(liar.centre, held_back, is_revoked=True)
    assert liar.refused(liar.submission(held_back), liar.receipt(held_back, received_at=NOON)) == []
    assert is_whole(liar)


# -- what goes wrong without anybody's intent


def test_a_full_disk_takes_nothing_and_what_was_sent_comes_again(liar: Liar) -> None:
    full = replace(liar, centre=with_settings(liar.centre, min_free_bytes=2**60))
    xml = visit("later")
    with pytest.raises(DiskFull):
        full.offer(liar.submission(xml), liar.receipt(xml))
    assert sha256_hex(xml) not in held(liar.centre).versions
    assert liar.refused(liar.submission(xml), liar.receipt(xml)) == []
    assert is_whole(liar)
