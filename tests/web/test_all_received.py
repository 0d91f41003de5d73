"""A tablet's own page: what it says of what came, and that it tells nothing else to nobody else."""

import logging
import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import devices, public_links
from sync_server.settings import Settings
from sync_server.store.accounts import Actor
from sync_server.store.tables import peer_rounds, projects
from tests.support.peers_seen import QUIET, pair_with
from tests.support.samples import publish_visit, send, visit

EVERYTHING = "Everything you sent is here"
PHOTO = b"\xff\xd8\xff a photo"


@pytest.fixture
def tablet(hub: Node) -> tuple[Actor, str]:
    publish_visit(hub)
    return devices.add_device(hub, None, "Tablet of Sara", 1)


def words(client: FlaskClient, token: str, query: str = "") -> str:
    answer = client.get(f"/all-received/{token}{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", answer.text)))


def test_sara_who_sent_everything_is_told_so(hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]) -> None:
    device, token = tablet
    assert "Nothing has arrived from this tablet yet" in words(visitor, token)
    send(hub, visit("one", photo="a.jpg"), {"a.jpg": PHOTO}, actor_id=device.id)
    send(hub, visit("one", photo="a.jpg"), actor_id=device.id, minutes=5)
    send(hub, visit("two"), actor_id=device.id, minutes=30)
    send(hub, visit("of another"), minutes=40)
    text = words(visitor, token)
    assert EVERYTHING in text
    assert "Submissions 2 Last received 22 Nov 2026, 12:30 Files that have not come 0" in text
    assert "Visit 2" in text
    assert "Gone on to the centre" not in text


def test_sara_whose_photo_did_not_come_is_told_to_send_again(
    hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]
) -> None:
    device, token = tablet
    for name in ("a", "b"):
        send(hub, visit(name, photo=f"{name}.jpg"), actor_id=device.id)
    assert "2 photos or files have not arrived yet: connect again and send" in words(visitor, token)
    send(hub, visit("a", photo="a.jpg"), {"a.jpg": PHOTO}, actor_id=device.id, minutes=5)
    assert "1 photo or file has not arrived yet: connect again and send" in words(visitor, token)
    assert EVERYTHING not in words(visitor, token)
    send(hub, visit("b", photo="b.jpg"), {"b.jpg": PHOTO}, actor_id=device.id, minutes=5)
    assert EVERYTHING in words(visitor, token)


def test_an_edit_is_no_submission_of_its_own(hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]) -> None:
    device, token = tablet
    send(hub, visit("one"), actor_id=device.id)
    send(hub, visit("edit", deprecates="one", place="Erbil"), actor_id=device.id, minutes=1)
    send(hub, visit("again", deprecates="edit", place="Duhok"), actor_id=device.id, minutes=2)
    assert "Submissions 1 " in words(visitor, token)


def test_two_forged_edits_of_each_other_do_not_keep_the_page_waiting(
    hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]
) -> None:
    device, token = tablet
    send(hub, visit("one", deprecates="two"), actor_id=device.id)
    send(hub, visit("two", deprecates="one"), actor_id=device.id)
    assert "Submissions 1 " in words(visitor, token)


def test_a_tablet_whose_access_was_ended_is_told_what_is_here_and_that_it_waits(
    hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]
) -> None:
    device, token = tablet
    devices.revoke_device(hub, None, device.id)
    send(hub, visit("one"), actor_id=device.id, is_revoked=True)
    text = words(visitor, token)
    assert EVERYTHING in text
    assert "access of this tablet was ended" in text
    assert "Wait for a person in the office 1" in text


def test_what_has_gone_on_to_the_centre_is_said(hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]) -> None:
    from sync_server.store import changes

    device, token = tablet
    pair_with(hub, QUIET)
    hub.write(lambda session: session.execute(projects.update().values(home=QUIET.id)))
    send(hub, visit("one"), actor_id=device.id)
    assert "Gone on to the centre 0 of 1 · Erbil" in words(visitor, token)
    hub.write(
        lambda session: session.execute(
            peer_rounds.update().values(told_epoch=changes.epoch(session), told_seq=changes.head(session))
        )
    )
    send(hub, visit("two"), actor_id=device.id, minutes=1)
    assert "Gone on to the centre 1 of 2 · Erbil" in words(visitor, token)
    hub.write(lambda session: session.execute(peer_rounds.update().values(told_epoch="before a restore")))
    assert "Gone on to the centre 0 of 2 · Erbil" in words(visitor, token)


def test_it_tells_no_answer_and_no_token_and_is_kept_nowhere(
    hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device, token = tablet
    send(hub, visit("one", place="Bartella"), actor_id=device.id)
    answer = visitor.get(f"/all-received/{token}?lang=ar")
    assert token not in answer.text
    assert "Bartella" not in answer.text
    assert token not in "".join(f"{name}{value}" for name, value in answer.headers)
    assert token not in caplog.text
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_it_speaks_the_tablets_language_and_the_one_that_is_chosen(
    hub: Node, visitor: FlaskClient, tablet: tuple[Actor, str]
) -> None:
    device, token = tablet
    send(hub, visit("one"), actor_id=device.id)
    asked = visitor.get(f"/all-received/{token}", headers={"Accept-Language": "ckb,en;q=0.5"}).text
    assert '<html lang="ckb" dir="rtl">' in asked
    assert 'href="?lang=ar"' in asked
    text = re.sub(r"<title>.*?</title>|<[^>]+>", " ", visitor.get(f"/all-received/{token}?lang=ar").text)
    names = {"English", "Tablet", "Sara", "Visit", *_own_name(hub)}
    assert set(re.findall(r"[A-Za-z]{3,}", text)) - names == set()


def _own_name(hub: Node) -> list[str]:
    from sync_server.services.office_overview import name_node

    return re.findall("[A-Za-z]{3,}", name_node(hub))


def test_a_token_that_nobody_has_and_a_links_token_are_told_nothing(hub: Node, visitor: FlaskClient) -> None:
    publish_visit(hub)
    link = public_links.add_link(hub, None, 1, "visit", "everybody").token
    for token in ("0" * 64, "mistyped", link):
        answer = visitor.get(f"/all-received/{token}", headers={"Accept-Language": "ar"})
        assert answer.status_code == 403
        assert str(token) not in answer.text


def test_the_tablets_card_leads_there(hub: Node, office: FlaskClient, tablet: tuple[Actor, str]) -> None:
    device, token = tablet
    object.__setattr__(hub, "settings", Settings(data=hub.settings.data, public_url="https://hub.example.org/"))
    page = office.get(f"/devices/{device.id}").text
    assert f'href="https://hub.example.org/all-received/{token}"' in page
    assert "QR code of the page that says what arrived" in page
    devices.revoke_device(hub, None, device.id)
    assert token not in office.get(f"/devices/{device.id}").text
