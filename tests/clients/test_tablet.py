"""Tablets against a live server: the shipped forms go out, submissions come in, nothing is lost and nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.sent import Sent, assert_holds_exactly, sent_by
from tests.support.tablet import Events, Tablet

# The follow-up needs a forum that has concerns; a photo with an Arabic name; a phone number in Arabic digits.
ANSWERS = Path(__file__).parent / "answers.json"
FORMS = {"cpf_attendance", "cpf_concern", "cpf_concern_followup", "cpf_training_eval"}
SEED = 20261123


def test_tablet_sees_each_submission_in_the_export_once_though_it_resends_and_edits(
    add_tablet: AddTablet, office: Office
) -> None:
    fill_resend_and_edit(add_tablet("tablet"), office, n=2)


@pytest.mark.long
@pytest.mark.parametrize("server", ["sqlite", "postgresql"], indirect=True)
def test_tablet_sends_ten_of_each_form_twice_and_edits_them_all(add_tablet: AddTablet, office: Office) -> None:
    fill_resend_and_edit(add_tablet("tablet"), office, n=10)


def test_tablet_sends_again_when_the_answer_was_lost(add_tablet: AddTablet, office: Office) -> None:
    run = add_tablet("tablet").fill_and_send(seed=SEED, lose_response=True, answers=ANSWERS)
    lost = [event for event in run.of("http") if event.get("lost_response")]
    assert len(lost) == len(FORMS)
    assert all(event["server_had_answered"] for event in lost)
    assert_office_has_exactly(office, sent_by(run))


def test_two_tablets_send_at_once(add_tablet: AddTablet, office: Office) -> None:
    tablets = [add_tablet("tablet"), add_tablet("other-tablet")]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(fill_two_and_edit, tablets, (SEED, SEED + 1)))
    assert_office_has_exactly(office, sent_by(*runs))


def test_tablet_downloads_nothing_when_nothing_is_new(add_tablet: AddTablet) -> None:
    tablet = add_tablet("tablet")
    first, second = tablet.sync(), tablet.sync()
    assert {event["form_id"] for event in first.of("download")} == FORMS
    # A list is kept as entities, not as a file, so Collect looks at every form that has one, and finds nothing new.
    files = [file for event in second.of("download") for file in event["media"]]
    assert {file["action"] for file in files} == {"unchanged"}
    fetched = dict(second.fetched())
    assert set(fetched.values()) == {304}
    assert not [url for url in fetched if url.endswith(".csv")]


def test_tablet_works_offline_and_sends_later(add_tablet: AddTablet, office: Office) -> None:
    tablet = add_tablet("tablet")
    filled = tablet.fill(seed=SEED, answers=ANSWERS)
    assert [url for url, _ in filled.fetched("POST")] == []
    sent = tablet.send_pending()
    assert len(sent.of("submission")) == len(FORMS)
    assert_office_has_exactly(office, sent_by(filled))


def fill_resend_and_edit(tablet: Tablet, office: Office, *, n: int) -> None:
    run = tablet.fill_and_send(n=n, seed=SEED, edits=1, resend=True, answers=ANSWERS)
    sent = sent_by(run)
    assert {one.edits for one in sent} == {1}
    assert len(sent) == n * len(FORMS)
    assert len(run.of("submission")) == 3 * len(sent)  # once, again, and the edit
    assert any(one.photos() for one in sent)
    assert_office_has_exactly(office, sent)


def fill_two_and_edit(tablet: Tablet, seed: int) -> Events:
    return tablet.fill_and_send(n=2, seed=seed, edits=1, answers=ANSWERS)


def assert_office_has_exactly(office: Office, sent: list[Sent]) -> None:
    for form_id in sorted(FORMS):
        assert_holds_exactly(office.export(form_id), [one for one in sent if one.form_id == form_id])
