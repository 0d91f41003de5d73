"""Entities over ODK Central's REST: created, changed, settled, deleted, restored, and what became of them."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, MANAGER, VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.protocols import entity_bodies
from sync_server.services import show_entities
from tests.protocols.conftest import Tablet
from tests.protocols.office_desk import Desk, sit_down
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, update, well

FORUMS = "/projects/1/datasets/forums"
ALL = f"{FORUMS}/entities"
WELLS = "/projects/1/datasets/wells/entities"
NONE = "0190a1b2-0000-4000-8000-0000000000ff"


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    """An administrator, with a list that she made."""
    alice = sit_down(hub, client, "root", Grant(ADMIN))
    alice.post("/projects/1/datasets", {"name": "forums"})
    alice.post(f"{FORUMS}/properties", {"name": "adm2"})
    return alice


@pytest.fixture
def wells(alice: Desk, hub: Node) -> int:
    """A well that was registered; return its version."""
    publish_wells(hub)
    send(hub, well("s1"))
    return version_of(alice)


def version_of(desk: Desk) -> int:
    version: int = desk.get(f"{WELLS}/{WELL}")["currentVersion"]["version"]
    return version


def create(desk: Desk, label: str = "Bardarash", **data: str) -> dict[str, Any]:
    made: dict[str, Any] = desk.post(ALL, {"label": label, "data": data})
    return made


def test_one_is_created_and_shown_with_its_data(alice: Desk) -> None:
    made = alice.post(ALL, {"uuid": WELL.upper(), "label": "Bardarash", "data": {"adm2": "IQG15Q01"}})
    current = made["currentVersion"]
    assert (made["uuid"], made["updatedAt"], made["deletedAt"], made["conflict"]) == (WELL, None, None, None)
    assert (current["label"], current["current"], current["baseVersion"]) == ("Bardarash", True, None)
    assert (current["data"], current["dataReceived"]) == (
        {"adm2": "IQG15Q01"},
        {"adm2": "IQG15Q01", "label": "Bardarash"},
    )
    assert alice.get(f"{ALL}/uuid:{WELL}") == made
    assert made["creatorId"] == current["creatorId"] == alice.actor.id  # type: ignore[union-attr]
    assert alice.get(f"{ALL}/{WELL}", extended=True)["creator"]["displayName"] == "Root"


def test_many_are_created_all_or_none(alice: Desk) -> None:
    source = {"name": "forums.csv", "size": 100}
    many = [{"label": "Bardarash", "data": {"adm2": "a"}}, {"uuid": WELL, "label": "Zummar", "data": {}}]
    assert alice.post(ALL, {"source": source, "entities": many}) == {"success": True}
    assert {each["currentVersion"]["label"] for each in alice.get(ALL)} == {"Bardarash", "Zummar"}
    assert alice.code("POST", ALL, {"source": source, "entities": [{"label": "Sinjar"}, many[1]]}) == 409.3
    wrong = {"label": "Sinjar", "data": {"adm3": "x"}}
    status, answer = alice.call("POST", ALL, json={"source": source, "entities": [{"label": "Hamdaniya"}, wrong]})
    assert (status, answer["code"], answer["details"]["place"]) == (400, 400.28, "entity 2")
    assert len(alice.get(ALL)) == 2
    (version,) = alice.get(f"{ALL}/{WELL}/versions")
    assert version["source"] == {"name": "forums.csv"}


def test_a_list_is_streamed_newest_first(alice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_entities, "AT_A_TIME", 2)
    made = [create(alice, label)["uuid"] for label in "abcde"]
    listed = alice.get(ALL, extended=True)
    assert [each["createdAt"] for each in listed] == sorted((each["createdAt"] for each in listed), reverse=True)
    assert sorted(each["uuid"] for each in listed) == sorted(made)
    assert "data" not in listed[0]["currentVersion"]
    assert {each["creator"]["displayName"] for each in listed} == {"Root"}
    single = alice.get(f"{ALL}/{made[0]}", extended=True)
    del single["currentVersion"]["data"], single["currentVersion"]["dataReceived"]
    assert single in listed


def test_a_change_names_the_version_it_is_of(alice: Desk) -> None:
    made = create(alice, adm2="a")
    address, first = f"{ALL}/{made['uuid']}", made["currentVersion"]["version"]
    status, changed = alice.call("PATCH", f"{address}?baseVersion={first}", json={"data": {"adm2": "b"}})
    assert (status, changed["currentVersion"]["data"], changed["currentVersion"]["label"]) == (
        200,
        {"adm2": "b"},
        "Bardarash",
    )
    assert changed["currentVersion"]["baseVersion"] == first < changed["currentVersion"]["version"]
    assert changed["updatedAt"] == changed["currentVersion"]["createdAt"]
    assert alice.get(ALL) == [without_data(changed)]
    assert alice.code("PATCH", f"{address}?baseVersion={first}", {"data": {"adm2": "c"}}) == 409.15
    assert alice.code("PATCH", address, {"data": {"adm2": "c"}}) == 400.2
    forced = alice.call("PATCH", f"{address}?force=true", json={"label": "New", "data": {"adm2": ""}})[1]
    assert (forced["currentVersion"]["label"], forced["currentVersion"]["data"]) == ("New", {"adm2": ""})


def without_data(entity: dict[str, Any]) -> dict[str, Any]:
    version = {name: value for name, value in entity["currentVersion"].items() if name not in ("data", "dataReceived")}
    return {**entity, "currentVersion": version}


def test_what_is_deleted_is_listed_apart_and_comes_back(alice: Desk) -> None:
    one, two = create(alice, "a")["uuid"], create(alice, "b")["uuid"]
    assert alice.call("DELETE", f"{ALL}/{one}") == (200, {"success": True})
    assert [each["uuid"] for each in alice.get(ALL)] == [two]
    (deleted,) = alice.get(f"{ALL}?deleted=true")
    assert (deleted["uuid"], deleted["deletedAt"] is None) == (one, False)
    assert alice.code("GET", f"{ALL}/{one}") == alice.code("DELETE", f"{ALL}/{one}") == 404.1
    assert alice.get(f"{ALL}/{one}?deleted=true")["deletedAt"] == deleted["deletedAt"]
    assert alice.post(f"{ALL}/{one}/restore") == {"success": True}
    assert alice.get(f"{ALL}/{one}")["deletedAt"] is None
    assert alice.code("POST", f"{ALL}/{one}/restore") == 404.1
    assert alice.post(f"{ALL}/bulk-delete", {"ids": [one, two]}) == {"success": True}
    assert alice.get(ALL) == []
    assert alice.code("POST", f"{ALL}/bulk-restore", {"ids": [one, NONE]}) == 404.1
    assert alice.post(f"{ALL}/bulk-restore", {"ids": [one, f"uuid:{two.upper()}"]}) == {"success": True}
    assert len(alice.get(ALL)) == 2


def test_creators_are_named(alice: Desk, hub: Node, tablet: Tablet, wells: int) -> None:
    create(alice)
    assert [each["displayName"] for each in alice.get(f"{ALL}/creators")] == ["Root"]
    assert alice.get(f"{WELLS}/creators") == []
    send(hub, well("s2", id=OTHER), actor_id=tablet.actor.id)
    assert [each["displayName"] for each in alice.get(f"{WELLS}/creators")] == ["tablet"]


def test_a_conflict_shows_in_the_versions_and_is_settled(alice: Desk, hub: Node, wells: int) -> None:
    send(hub, well("s2", update(wells), state="closed"), minutes=1)
    send(hub, well("s3", update(wells, "two"), state="dry"), minutes=2)
    entity = alice.get(f"{WELLS}/{WELL}")
    assert (entity["conflict"], entity["currentVersion"]["branchId"] in ("one", "two")) == ("hard", True)
    first, second, third = alice.get(f"{WELLS}/{WELL}/versions")
    assert [each["conflict"] for each in (first, second, third)] == [None, None, "hard"]
    assert (third["conflictingProperties"], third["resolved"]) == (["status"], False)
    assert (third["baseVersion"], third["trunkVersion"], third["branchBaseVersion"]) == (wells, wells, wells)
    assert third["source"]["submission"]["xmlFormId"] == "wells"
    assert [each["lastGoodVersion"] for each in (first, second, third)] == [False, True, False]
    assert (second["baseDiff"], second["serverDiff"], third["baseDiff"]) == (["status"], ["status"], ["status"])
    relevant = alice.get(f"{WELLS}/{WELL}/versions?relevantToConflict=true")
    assert [each["version"] for each in relevant] == [each["version"] for each in (first, second, third)]
    address = f"{WELLS}/{WELL}?resolve=true"
    status, settled = alice.call("PATCH", f"{address}&baseVersion={third['version']}", json={"data": {"status": "dry"}})
    assert (status, settled["conflict"], settled["currentVersion"]["data"]["status"]) == (200, None, "dry")
    assert [each["resolved"] for each in alice.get(f"{WELLS}/{WELL}/versions")] == [False, False, True, False]
    assert alice.get(f"{WELLS}/{WELL}/versions?relevantToConflict=true") == []
    assert alice.code("PATCH", address) == 400.32


def test_a_conflict_is_settled_for_what_is_shown_without_a_body(alice: Desk, hub: Node, wells: int) -> None:
    for branch in ("one", "two"):
        send(hub, well(branch, update(wells, branch), state=branch))
    shown = alice.get(f"{WELLS}/{WELL}")
    settled = alice.call("PATCH", f"{WELLS}/{WELL}?resolve=true")[1]
    assert (settled["conflict"], settled["currentVersion"]["data"]) == (None, shown["currentVersion"]["data"])


def test_differences_are_told_from_version_to_version(alice: Desk, hub: Node, wells: int) -> None:
    send(hub, well("s2", update(wells), state="closed", label="Old well"))
    (changed,) = alice.get(f"{WELLS}/{WELL}/diffs")
    assert sorted(changed, key=lambda each: str(each["propertyName"])) == [
        {"propertyName": "label", "old": "Bartella", "new": "Old well"},
        {"propertyName": "status", "old": "open", "new": "closed"},
    ]


def test_the_audit_says_who_did_what_and_why(alice: Desk, hub: Node, wells: int) -> None:
    headers = {"X-Action-Notes": "seen%20on%20paper"}
    alice.call("PATCH", f"{WELLS}/{WELL}?force=true", json={"data": {"status": "x"}}, headers=headers)
    alice.call("DELETE", f"{WELLS}/{WELL}", headers={"X-Action-Notes": "doubled"})
    deleted, changed, created = alice.get(f"{WELLS}/{WELL}/audits", extended=True)
    assert [each["action"] for each in (created, changed, deleted)] == [
        "entity.create", "entity.update.version", "entity.delete",
    ]  # fmt: skip
    assert [each["notes"] for each in (created, changed, deleted)] == [None, "seen on paper", "doubled"]
    assert (created["actor"], changed["actor"]["displayName"]) == (None, "Root")
    assert created["details"]["submission"] == {"instanceId": "uuid:s1", "xmlFormId": "wells"}


def test_why_many_were_created_is_told_of_each(alice: Desk) -> None:
    many = {"source": {"name": "x.csv"}, "entities": [{"label": "a"}, {"label": "b"}]}
    alice.call("POST", ALL, json=many, headers={"X-Action-Notes": "new district"})
    for each in alice.get(ALL):
        (act,) = alice.get(f"{ALL}/{each['uuid']}/audits")
        assert (act["notes"], act["details"]["name"]) == ("new district", "x.csv")


def test_what_is_saved_from_a_severe_question_is_shown_nowhere(alice: Desk, hub: Node) -> None:
    publish_wells(hub, sensitivity="severe")
    send(hub, well("s1", state="secret"))
    send(hub, well("s2", update(version_of(alice)), state="secret too"))
    for path in ("", f"/{WELL}", f"/{WELL}/versions", f"/{WELL}/diffs", f"/{WELL}/audits"):
        assert "secret" not in str(alice.get(WELLS + path, extended=True))


HOSTILE = [
    None, [], "x", 7, True, {}, {"label": None}, {"label": 7}, {"label": ""}, {"label": " "}, {"label": ["x"]},
    {"label": "x", "data": []}, {"label": "x", "data": "y"}, {"label": "x", "data": {"adm2": None}},
    {"label": "x", "data": {"adm2": 7}}, {"label": "x", "data": {"adm2": {"a": "b"}}}, {"label": "x", "data": {"": ""}},
    {"label": "x", "data": {"adm9": "x"}}, {"label": "x", "data": {"label": "y"}}, {"label": "x", "uuid": "seven"},
    {"label": "x", "uuid": 7}, {"label": "x", "uuid": {}}, {"label": "x", "data": {"adm2": "y" * 100_001}},
    {"entities": []}, {"entities": {}, "source": {"name": "x"}}, {"entities": [None], "source": {"name": "x"}},
    {"entities": [[]], "source": {"name": "x"}}, {"entities": [{"label": "x"}], "source": {}},
    {"entities": [{"label": "x"}], "source": {"name": 7}}, {"entities": [{"label": "x"}], "source": []},
    {"entities": [{"label": "x", "uuid": WELL}, {"label": "y", "uuid": WELL}], "source": {"name": "x"}},
    {"entities": None, "source": {"name": "x"}}, {"ids": None}, {"ids": [None]}, {"ids": [7]}, {"ids": "x"},
    {"ids": ["seven"]}, {"ids": [NONE]}, {"label": {"x": {"y": []}}, "data": {"adm2": True}},
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=str)
def test_what_makes_no_sense_is_refused_and_changes_nothing(alice: Desk, body: Any) -> None:
    made = create(alice)
    for method, path in (
        ("POST", ALL), ("PATCH", f"{ALL}/{made['uuid']}?force=true"), ("POST", f"{ALL}/bulk-delete"),
        ("POST", f"{ALL}/bulk-restore"),
    ):  # fmt: skip
        status, _ = alice.call(method, path, json=body)
        is_harmless = method == "PATCH" and isinstance(body, dict) and body.get("label") == "x" and "data" not in body
        assert 400 <= status < 500 or is_harmless, (method, path, body, status)
    assert len(alice.get(ALL)) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"{", b"\xff\xfe", b'{"label": ' + b"[" * 100_000,
        b'{"label": "x", "data": {"adm2": ' + b"9" * 5_000 + b"}}",
        b'{"label": NaN}', b'"label"',
    ],
    ids=["empty", "half", "no UTF-8", "deep", "long number", "no number", "text"],
)  # fmt: skip
def test_what_is_no_json_is_refused(alice: Desk, sent: bytes) -> None:
    for path in (ALL, f"{ALL}/bulk-delete"):
        assert alice.call("POST", path, data=sent)[0] == 400


def test_characters_that_no_database_keeps_are_replaced(alice: Desk) -> None:
    sent = b'{"label": "a\\u0000\\ud800b", "data": {"adm2": "\\udc00 \\ud83d\\ude00"}}'
    status, made = alice.call("POST", ALL, data=sent)
    assert status == 200, made
    assert made["currentVersion"]["label"] == "a\ufffd\ufffdb"
    assert made["currentVersion"]["data"] == {"adm2": "\ufffd \U0001f600"}


def test_a_request_has_an_end(alice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_bodies, "LARGEST", 100)
    assert alice.code("POST", ALL, {"label": "x" * 200}) == 413.97
    assert alice.get(ALL) == []


def test_who_may_only_look_changes_nothing(alice: Desk, hub: Node, client: FlaskClient) -> None:
    made = create(alice)
    address = f"{ALL}/{made['uuid']}"
    vera = sit_down(hub, client, "vera", Grant(VIEWER, 1))
    assert vera.get(address)["uuid"] == made["uuid"]
    for method, path in (
        ("POST", ALL), ("PATCH", f"{address}?force=true"), ("DELETE", address), ("POST", f"{address}/restore"),
        ("POST", f"{ALL}/bulk-delete"), ("POST", f"{ALL}/bulk-restore"),
    ):  # fmt: skip
        assert vera.code(method, path, {"label": "x", "ids": [made["uuid"]]}) == 403.1


def test_what_is_not_there_is_not_found(alice: Desk) -> None:
    for path in (
        f"{ALL}/{NONE}",
        f"{ALL}/seven",
        "/projects/1/datasets/none/entities",
        f"/projects/9/datasets/x/entities/{NONE}",
    ):
        assert alice.code("GET", path) == 404.1
    for path in ("versions", "diffs", "audits"):
        assert alice.code("GET", f"{ALL}/{NONE}/{path}") == 404.1
    assert alice.code("PATCH", f"{ALL}/{NONE}?force=true", {"label": "x"}) == 404.1
    assert alice.code("PATCH", f"{ALL}/{NONE}?baseVersion=first", {"label": "x"}) == 400.8


def test_what_is_out_of_sight_is_neither_shown_nor_changed(alice: Desk, hub: Node, client: FlaskClient) -> None:
    made = create(alice, adm2="IQG15Q01")
    gone = create(alice)["uuid"]
    alice.call("DELETE", f"{ALL}/{gone}")
    address = f"{ALL}/{made['uuid']}"
    mona = sit_down(hub, client, "mona", Grant(MANAGER, 1, None, "#adm2+code eq 'IQ-NI-03'"))
    assert mona.get(ALL) == mona.get(f"{ALL}?deleted=true") == mona.get(f"{ALL}/creators") == []
    for path in ("", "/versions", "/diffs", "/audits"):
        assert mona.code("GET", address + path) == 404.1
    for method, path in (
        ("PATCH", f"{address}?force=true"), ("DELETE", address), ("POST", f"{ALL}/{gone}/restore"),
        ("POST", f"{ALL}/bulk-delete"),
    ):  # fmt: skip
        assert mona.code(method, path, {"label": "x", "ids": [made["uuid"]]}) == 404.1
    assert alice.get(address) == made
