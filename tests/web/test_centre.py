"""The page Centre: what came today, what waits, how it went, and who is shown what of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.core.roles import COORDINATOR, MNE
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere
from sync_server.services import devices
from sync_server.services.form_variants import settle_variant
from sync_server.services.peer_status import Movement, PeerStatus, RefusedItem, Said
from sync_server.store import form_variants
from sync_server.store.forms import NewFormVersion
from sync_server.store.tables import peer_rounds, projects
from tests.support import samples
from tests.support.peers_seen import NOON, hub_status, pair_with, status
from tests.support.people import add_person
from tests.support.samples import publish_visit, send, visit, visit_form
from tests.web.conftest import csrf_of, sign_in

Stand = Callable[..., None]


@pytest.fixture
def stands(hub: Node, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Pair the hub with peers of which it stands so."""

    def stand(*statuses: PeerStatus, project_ids: tuple[int, ...] = (1,)) -> None:
        for each in statuses:
            pair_with(hub, each, *project_ids)
        monkeypatch.setattr("sync_server.services.peer_status.peer_status", lambda _node: list(statuses))

    return stand


def words(client: FlaskClient, path: str = "/sync") -> str:
    """What is read on the page, without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", client.get(path).text)))


def test_a_node_without_a_centre_says_how_to_pair(office: FlaskClient) -> None:
    text = words(office)
    assert "sync-server pair accept ADDRESS CODE" in text
    assert "No tablet was seen today." in text
    assert "Synchronise now" not in text


def test_it_says_what_waits_and_when_it_went_well_last(office: FlaskClient, stands: Stand) -> None:
    stands(status(records_to_send=14, files_to_send=3, files_awaited=2, bytes_awaited=3_400_000))
    text = words(office)
    assert "Records that wait for the centre 14" in text
    assert "Files that the centre still awaits 3" in text
    assert "Files awaited here 2 · 3.4 MB" in text
    assert "Last success 30 Nov 2026, 12:00" in text
    assert "records that wait: 14, files: 5" in words(office, "/")


def test_quiet_is_said_in_words(office: FlaskClient, stands: Stand) -> None:
    stands(status())
    assert "Nothing waits: both have everything" in words(office)
    assert "nothing waits · last synchronised: 30 Nov 2026, 12:00" in words(office, "/")


def test_an_error_is_said_in_the_readers_language(office: FlaskClient, stands: Stand) -> None:
    stands(status(error=Said(LedElsewhere.message, {"home": "Erbil"}), failures=3))
    assert "This project is led by Erbil." in words(office)
    arabic = words(office, "/sync?lang=ar")
    assert "Erbil" in arabic
    assert "led by" not in arabic


def test_a_round_under_way_loads_again_until_told_to_be_still(office: FlaskClient, stands: Stand) -> None:
    stands(status(movement=Movement(records_done=40, records_total=120, files_done=1, files_total=9, seconds_left=100)))
    page = office.get("/sync").text
    assert '<meta http-equiv="refresh" content="2">' in page
    assert re.search(r'<progress id="records-90ab90ab" max="120" value="40">', page)
    assert "40 of 120" in words(office)
    assert "about 2 minutes" in words(office)
    assert 'http-equiv="refresh"' not in office.get("/sync?still=1").text
    assert "Synchronise now" not in page


def test_a_page_of_a_node_at_rest_does_not_load_again(office: FlaskClient, stands: Stand) -> None:
    stands(status())
    assert 'http-equiv="refresh"' not in office.get("/sync").text


def test_the_button_asks_for_a_round(office: FlaskClient, hub: Node, stands: Stand) -> None:
    stands(status())
    answer = office.post("/sync", data={"__csrf": csrf_of(office, "/sync")})
    assert (answer.status_code, answer.location) == (303, "/sync")
    with hub.database.read() as session:
        assert session.query(peer_rounds.c.wanted_at).scalar() is not None


def test_the_button_of_another_sites_page_asks_for_nothing(office: FlaskClient, hub: Node, stands: Stand) -> None:
    stands(status())
    assert office.post("/sync").status_code == 403
    forged = {"__csrf": csrf_of(office, "/sync")}
    assert office.post("/sync", data=forged, headers={"Origin": "https://evil.example"}).status_code == 403
    with hub.database.read() as session:
        assert session.query(peer_rounds.c.wanted_at).scalar() is None


def test_a_copy_and_a_wrong_clock_are_warned_of(office: FlaskClient, stands: Stand) -> None:
    stands(status(state="stopped", clock_offset_seconds=-5400.0))
    text = words(office)
    assert "two machines use one identity" in text
    assert "differ by 90 minutes" in text
    assert "Synchronise now" not in text


@pytest.mark.parametrize("language", ["en", "ar", "ckb"])
def test_refusals_are_said_in_sentences(office: FlaskClient, stands: Stand, language: str) -> None:
    from sync_server.replication import taking
    from sync_server.web.office.refusals import REFUSALS

    reasons = [value for name, value in vars(taking).items() if name.isupper() and isinstance(value, str)]
    assert REFUSALS.keys() == set(reasons)
    items = tuple(RefusedItem("decision:4c1d/ab12cd34", reason, NOON) for reason in (*reasons, "of_tomorrow"))
    stands(status(refused_there=items, refused_there_count=len(items)))
    text = words(office, f"/sync?lang={language}")
    assert not any(f" {reason} " in text for reason in reasons if "_" in reason)
    assert ("Another reason" in text) == (language == "en")


def test_a_centre_lists_its_hubs(office: FlaskClient, stands: Stand) -> None:
    refused = (RefusedItem("submission:4c1d/ab12cd", "beyond_scope", NOON),)
    stands(hub_status(records_to_send=7, files_awaited=4, refused_here=refused, refused_here_count=1))
    text = words(office)
    assert "Sinjar paired 30 Nov 2026, 12:00 7 4 1" in text
    assert "Not taken by this server" in text
    assert "Offices that synchronise with this server : 1" in words(office, "/")


def test_todays_tablets_and_forms_are_counted(office: FlaskClient, hub: Node) -> None:
    publish_visit(hub)
    device, _token = devices.add_device(hub, None, "Tablet of Sara", 1)
    send(hub, visit("one"), actor_id=device.id, minutes=_now())
    send(hub, visit("one"), actor_id=device.id, minutes=_now())
    send(hub, visit("two"), actor_id=device.id, minutes=_now())
    send(hub, visit("old"), actor_id=device.id, minutes=_now() - 60 * 49)
    text = words(office)
    assert "Tablet of Sara 2 " in text
    assert "Visit 2 " in text


def test_forms_to_look_at_are_named_until_somebody_settled_them(office: FlaskClient, hub: Node) -> None:
    publish_visit(hub)
    xml = visit_form().replace(b"Place", b"Village")
    other = NewFormVersion(
        project_id=1, form_id="visit", version="1", sha256="ab" * 32, md5="", title="Visit", xml=xml, published_at=NOON
    )
    hub.write(lambda session: form_variants.put_variant(session, other, node="90ab", now=NOON))
    assert "Forms to look at" in words(office)
    settle_variant(hub, None, "visit", "1", "ab")
    assert "Forms to look at" not in words(office)


def test_bob_who_looks_after_one_project_sees_no_figures_of_others(app: Flask, hub: Node, stands: Stand) -> None:
    publish_visit(hub)
    hub.write(lambda session: session.execute(projects.insert().values(id=2, uid="u2", name="Other", home="90ab" * 8)))
    stands(status(records_to_send=14), project_ids=(1, 2))
    devices.add_device(hub, None, "Tablet of Sara", 1)
    send(hub, visit("one"), device_id="collect:sara", minutes=_now())
    add_person(hub, "bob", Grant(COORDINATOR, 1))
    add_person(hub, "basma", Grant(COORDINATOR, 2))
    bob, basma = app.test_client(), app.test_client()
    sign_in(bob, "bob@example.org")
    sign_in(basma, "basma@example.org")
    assert "collect:sara 1 " in words(bob)
    assert "Erbil" not in words(bob)
    assert "collect:sara" not in words(basma)
    assert "Erbil" in words(basma)
    assert "that wait for the centre 14" in words(basma)
    hub.write(lambda session: session.execute(projects.update().values(home="90ab" * 8)))
    assert "Erbil" in words(bob)
    assert "that wait for the centre" not in words(bob)
    assert 'href="/sync"' in bob.get("/account").text


def test_who_reads_only_has_no_such_page(app: Flask, hub: Node, visitor: FlaskClient) -> None:
    assert "/sign-in" in visitor.get("/sync").location
    add_person(hub, "mina", Grant(MNE, 1))
    sign_in(visitor, "mina@example.org")
    assert visitor.get("/sync").status_code == 403
    assert "/sync" not in visitor.get("/account").text


def _now() -> float:
    """How many minutes after NOON of the samples it is."""
    return (datetime.now(UTC) - samples.NOON).total_seconds() / 60
