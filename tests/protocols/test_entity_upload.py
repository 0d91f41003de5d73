"""A CSV of entities over HTTP: a preview, then the same file for good."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import COORDINATOR, MANAGER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace
from sync_server.services.edit_lists import add_property, make_list
from sync_server.services.list_entities import iter_list
from sync_server.store import audits
from tests.protocols.office_desk import Desk, sit_down

FORUMS = "/projects/1/datasets/forums/entities.csv"
ONE, TWO = (f"0190a1b2-0000-4000-8000-0000000000{n}" for n in ("f1", "f2"))
FILE = f"name,label,status\n{ONE},Bardarash,active\n{TWO},زمار,active\n".encode()


@pytest.fixture
def mona(hub: Node, client: FlaskClient) -> Desk:
    make_list(hub, ListPlace(1, "forums"))
    add_property(hub, ListPlace(1, "forums"), "status")
    return sit_down(hub, client, "mona", Grant(MANAGER, 1))


def upload(desk: Desk, content: bytes, asks: str = "") -> tuple[int, dict[str, object]]:
    return desk.call("POST", f"{FORUMS}{asks}", data=content, content_type="text/csv")


def test_a_preview_then_the_file_then_a_change(hub: Node, mona: Desk) -> None:
    made = {"created": 2, "changed": 0, "unchanged": 0, "changes": []}
    assert upload(mona, FILE, "?preview=true") == (200, made)
    assert list(iter_list(hub, "forums")) == []
    assert upload(mona, FILE, "?source=forums%20of%20May.csv") == (200, made)
    assert {each.label for each in iter_list(hub, "forums")} == {"Bardarash", "زمار"}
    closed = FILE.replace("زمار,active".encode(), "زمار,closed".encode())
    status, refusal = upload(mona, closed)
    assert (status, refusal["code"]) == (400, 400.915)
    assert "row 3: it would change status from 'active' to 'closed'" in str(refusal["message"])
    assert upload(mona, closed, "?update=true")[1] == {
        "created": 0, "changed": 1, "unchanged": 1,
        "changes": [
            {"row": 3, "uuid": TWO, "label": "زمار", "differences": {"status": {"from": "active", "to": "closed"}}}
        ],
    }  # fmt: skip


def test_the_audit_says_who_uploaded_what(hub: Node, mona: Desk) -> None:
    upload(mona, FILE, "?source=forums%20of%20May.csv")
    with hub.database.read() as session:
        act = next(a.act for a in audits.iter_audits(session) if a.act.action == "entity.bulk.create")
    assert mona.actor is not None
    assert act.actor_id == mona.actor.id
    assert act.details == {"list": "forums", "created": 2, "changed": 0, "source": "forums of May.csv"}


def test_what_is_wrong_is_said_in_the_readers_language(mona: Desk) -> None:
    _, refusal = mona.call("POST", FORUMS, data=b"name\n", content_type="text/csv", headers={"Accept-Language": "ar"})
    assert "row 1, column label" in str(refusal["message"])
    assert not str(refusal["message"]).startswith("Nothing")


@pytest.mark.usefixtures("mona")
def test_who_may_not_create_entities_may_not_upload_them(hub: Node, client: FlaskClient) -> None:
    assert upload(sit_down(hub, client, "bob", Grant(COORDINATOR, 1)), FILE)[0] == 403
    assert upload(sit_down(hub, client, "chelsea"), FILE)[0] == 404
    assert list(iter_list(hub, "forums")) == []
