"""A project whose encryption was turned on: a real form engine seals what it sends, and the server carries it."""

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.sent import sent_by
from tests.clients.small_forms import visit


def test_tablet_gets_the_new_version_and_seals_what_it_sends(add_tablet: AddTablet, office: Office) -> None:
    office.publish(visit("visit"))
    tablet = add_tablet("tablet")
    tablet.sync()
    office.seal("a river of 40 herons")
    office.publish(visit("later"))
    run = tablet.fill_and_send(forms=["visit", "later"])
    assert {form["keyId"] for form in office.read("/forms")} == {1}
    for form_id in ("visit", "later"):
        [row] = office.export(form_id).rows
        [sent] = [each for each in sent_by(run) if each.form_id == form_id]
        assert (row["KEY"], row["Status"], row["place"]) == (sent.key, "not decrypted", "")
        [key] = office.read(f"/forms/{form_id}/submissions/keys")
        assert (key["id"], key["managed"], key["hint"]) == (1, True, "the river")
