"""What stands for what in an instance folder of ODK Collect."""

import pytest

from sync_server.core.collect_folder import (
    DELETED,
    DRAFT,
    FINISHED,
    UNDECIDED,
    find_instance_xml,
    find_submission_xml,
    is_finalised,
    is_sent,
    name_as_sent,
    read_device_id,
    sort_files,
    standing_of,
)
from sync_server.core.instance_xml import parse_xml
from tests.support.collect_copy import FINALISED_LOG, SEALED


@pytest.mark.parametrize("status", ["complete", "submitted", "submissionFailed"])
def test_what_collect_would_send_or_has_sent_is_finished(status: str) -> None:
    assert standing_of(status, is_deleted=False) == FINISHED


@pytest.mark.parametrize("status", ["incomplete", "invalid", "valid", "newEdit"])
def test_a_draft_is_a_draft_though_it_was_checked(status: str) -> None:
    assert standing_of(status, is_deleted=False) == DRAFT


def test_a_status_of_a_later_collect_decides_nothing() -> None:
    assert standing_of("archived", is_deleted=False) == UNDECIDED


def test_what_was_deleted_on_the_tablet_is_deleted_whatever_it_was() -> None:
    assert standing_of("complete", is_deleted=True) == DELETED


def test_the_answers_are_in_the_file_named_as_the_folder() -> None:
    assert find_instance_xml("visit_1", ["other.xml", "photo.jpg", "visit_1.xml"]) == "visit_1.xml"


def test_the_answers_are_found_in_a_folder_that_a_file_manager_renamed() -> None:
    assert find_instance_xml("visit_1 (2)", ["photo.jpg", "visit_1.xml"]) == "visit_1.xml"


def test_the_list_says_which_of_several_has_the_answers() -> None:
    assert find_instance_xml("copy", ["a.xml", "b.xml"], "b.xml") == "b.xml"


def test_of_several_none_is_guessed() -> None:
    assert find_instance_xml("copy", ["a.xml", "b.xml"]) is None


def test_what_was_packed_for_sending_goes_in_place_of_the_answers() -> None:
    assert find_submission_xml("visit.xml", ["submission.xml", "visit.xml"]) == "submission.xml"
    assert find_submission_xml("visit.xml", ["visit.xml"]) == "visit.xml"


def test_hidden_files_stay_and_those_a_computer_put_there() -> None:
    names = [".nomedia", ".DS_Store", "Thumbs.db", "desktop.ini", "photo.jpg", "audit.csv"]
    assert [name for name in names if is_sent(name)] == ["photo.jpg", "audit.csv"]


def test_beside_a_sealed_submission_nothing_goes_in_the_clear() -> None:
    names = ["visit.xml", "submission.xml", "submission.xml.enc", "photo.jpg", "photo.jpg.enc"]
    sorted_ = sort_files(names, besides=["submission.xml", "visit.xml"], sealed=True)
    assert sorted_ == (["photo.jpg.enc", "submission.xml.enc"], ["photo.jpg"])


@pytest.mark.parametrize(
    "added, is_done",
    [
        ("", True),
        ("location tracking disabled,,6,\n", True),
        ("form resume,,6,\nquestion,/data/place,7,8\n", False),
        ("form resume,,6,\nform save,,7,\nform exit,,8,\n", False),
        ("form resume,,6,\nform exit,,8,\nform finalize,,9,\n", True),
    ],
)
def test_an_audit_log_proves_that_a_form_is_finished_unless_it_was_opened_since(added: str, is_done: bool) -> None:
    assert is_finalised((FINALISED_LOG + added).splitlines(keepends=True)) == is_done


def test_an_audit_log_proves_nothing_when_it_is_damaged_or_an_answer_says_so() -> None:
    assert not is_finalised(['event\n"form finalize'])
    assert not is_finalised(["event\n", 'question,/data/place,1,2,"\n', 'form finalize,"\n'])
    assert not is_finalised(["form finalize," + "x" * 200_000])
    assert not is_finalised([])


@pytest.mark.parametrize("place", ["<deviceid> collect:a </deviceid>", "<meta><deviceID>collect:a</deviceID></meta>"])
def test_the_tablet_is_named_where_the_form_asks_for_it(place: str) -> None:
    assert read_device_id(parse_xml(f"<data><!-- -->{place}</data>".encode())) == "collect:a"


@pytest.mark.parametrize("xml", [b"<data><group><deviceid>x</deviceid></group></data>", b"<d><deviceid/></d>", SEALED])
def test_no_tablet_is_named_where_the_form_does_not_ask(xml: bytes) -> None:
    assert read_device_id(parse_xml(xml)) is None


def test_a_kurdish_name_that_a_disk_took_apart_is_put_together_as_the_answers_have_it() -> None:
    xml = "<data><photo>وێنەی ئاو.jpg</photo></data>".encode()
    assert name_as_sent("وێنەی ي\u0654او.jpg", xml) == "وێنەی ئاو.jpg"
    assert name_as_sent("ي\u0654.jpg", xml) == "ي\u0654.jpg"
    assert name_as_sent("a\udcff.jpg", xml) == "a\ufffd.jpg"
