"""A tablet that cannot reach its server is copied by cable: what it finished is here once, whatever it sends later."""

from pathlib import Path

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.sent import assert_holds_exactly, sent_by
from tests.support.collect_copy import CollectCopy
from tests.support.tablet import Tablet

ANSWERS = Path(__file__).parent / "answers.json"
FORMS = ("cpf_attendance", "cpf_concern")
SEED = 20261130


def with_list(tablet: Tablet, draft: str) -> CollectCopy:
    """Write the list that Collect keeps beside its instances: all are finished but one."""
    copy = CollectCopy(tablet.work, tablet.work)
    copy.list_path.parent.mkdir()
    for folder in sorted((tablet.work / "instances").iterdir()):
        copy.list(folder.name, "incomplete" if folder.name == draft else "complete")
    return copy


def test_what_a_tablet_finished_comes_by_cable_and_once_though_it_sends_it_later(
    add_tablet: AddTablet, office: Office
) -> None:
    tablet = add_tablet("tablet")
    filled = sent_by(tablet.fill(forms=FORMS, n=2, seed=SEED, answers=ANSWERS))
    draft = next(one for one in filled if one.form_id == "cpf_concern")
    copy = with_list(tablet, draft.xml.parent.name)
    before = copy.files()
    said = office.command("import-tablet", str(copy.root))
    assert "3 submission(s) received, 0 here already" in said
    assert draft.xml.parent.name in said
    assert copy.files() == before
    for form_id in FORMS:
        done = [one for one in filled if one.form_id == form_id and one is not draft]
        assert_holds_exactly(office.export(form_id), done)

    tablet.send_pending()
    for form_id in FORMS:
        assert_holds_exactly(office.export(form_id), [one for one in filled if one.form_id == form_id])
    assert "0 submission(s) received, 3 here already" in office.command("import-tablet", str(copy.root))
    assert office.command("quarantine") == "Nothing waits for a person.\n"


def test_a_sealed_form_is_known_to_be_finished_without_the_list(add_tablet: AddTablet, office: Office) -> None:
    office.seal("correct horse battery staple")
    tablet = add_tablet("tablet")
    (filled,) = sent_by(tablet.fill(forms=["cpf_concern"], seed=SEED, answers=ANSWERS))
    assert list(filled.xml.parent.glob("*.enc"))
    assert "1 submission(s) received" in office.command("import-tablet", str(filled.xml.parent))
    (sent,) = tablet.send_pending().of("submission")
    assert sent["ok"]
    assert "0 submission(s) received, 1 here already" in office.command("import-tablet", str(filled.xml.parent))
