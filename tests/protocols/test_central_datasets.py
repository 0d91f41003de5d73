"""Entity lists over ODK Central's REST: made, changed, used by forms, deleted."""

import csv
import io

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, DATA_COLLECTOR, VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import consumers
from tests.protocols.conftest import Tablet, put_media
from tests.protocols.office_desk import Desk, sit_down
from tests.support.samples import send
from tests.support.wells import WELL, publish_picker, publish_wells, update, well

LISTS = "/projects/1/datasets"
FORUMS = f"{LISTS}/forums"


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "root", Grant(ADMIN))


@pytest.fixture
def forums(alice: Desk) -> Desk:
    alice.post(LISTS, {"name": "forums"})
    alice.post(f"{FORUMS}/properties", {"name": "adm2"})
    return alice


def test_a_list_is_made_and_shown(alice: Desk) -> None:
    made = alice.post(LISTS, {"name": "forums", "approvalRequired": True, "ownerOnly": True})
    assert (made["name"], made["approvalRequired"], made["ownerOnly"]) == ("forums", True, True)
    assert made["accessFilter"] == {"type": "ownerOnly"}
    assert made["properties"] == made["sourceForms"] == made["linkedForms"] == []
    alice.post(f"{FORUMS}/properties", {"name": "adm2"})
    (shown,) = alice.get(FORUMS)["properties"]
    assert (shown["name"], shown["odataName"], shown["forms"]) == ("adm2", "adm2", [])
    (listed,) = alice.get(LISTS)
    assert listed == {name: made[name] for name in listed}
    assert alice.code("POST", LISTS, {"name": "FORUMS"}) == 409.3
    assert alice.code("POST", f"{FORUMS}/properties", {"name": "ADM2"}) == 409.3


def test_the_list_of_a_form_says_who_writes_and_who_shows_it(alice: Desk, hub: Node) -> None:
    publish_wells(hub)
    publish_picker(hub)
    send(hub, well("s1"), minutes=5)
    shown = alice.get(f"{LISTS}/wells")
    assert shown["sourceForms"] == [{"xmlFormId": "wells", "name": "Visit"}]
    assert shown["linkedForms"] == [{"xmlFormId": "visits", "name": "Visit"}]
    assert {each["name"]: each["forms"] for each in shown["properties"]} == dict.fromkeys(
        ("place", "reason", "status"), shown["sourceForms"]
    )
    (extended,) = alice.get(LISTS, extended=True)
    assert (extended["entities"], extended["conflicts"]) == (1, 0)
    assert extended["lastEntity"] == alice.get(f"{LISTS}/wells/entities")[0]["createdAt"]
    assert shown["createdAt"] < extended["lastEntity"] == shown["lastUpdate"]


def test_conflicts_are_counted(alice: Desk, hub: Node) -> None:
    publish_wells(hub)
    send(hub, well("s1"))
    number = alice.get(f"{LISTS}/wells/entities/{WELL}")["currentVersion"]["version"]
    for branch in ("one", "two"):
        send(hub, well(branch, update(number, branch), state=branch))
    assert [each["conflicts"] for each in alice.get(LISTS, extended=True)] == [1]


def test_a_form_tells_which_lists_it_writes(alice: Desk, hub: Node) -> None:
    publish_wells(hub)
    consumers.catch_up(hub)
    alice.post(f"{LISTS}/wells/properties", {"name": "depth"})
    (written,) = alice.get("/projects/1/forms/wells/dataset-diff")
    assert written["name"] == "wells"
    assert {each["name"]: each["inForm"] for each in written["properties"]} == {
        "depth": False, "place": True, "reason": True, "status": True,
    }  # fmt: skip
    publish_picker(hub)
    assert alice.get("/projects/1/forms/visits/dataset-diff") == []


@pytest.mark.parametrize(
    ("sent", "access"),
    [
        ({"ownerOnly": True}, {"type": "ownerOnly"}),
        ({"accessFilter": {"type": "ownerOnly"}}, {"type": "ownerOnly"}),
        ({"accessFilter": None, "ownerOnly": True}, None),
        (
            {"accessFilter": {"type": "property", "rules": [{"datasetProperty": "adm2", "actorProperty": "region"}]}},
            {"type": "property", "rules": [{"datasetProperty": "adm2", "actorProperty": "region"}]},
        ),
    ],
)
def test_who_gets_what_is_set(forums: Desk, sent: dict[str, object], access: object) -> None:
    status, changed = forums.call("PATCH", FORUMS, json=sent)
    assert (status, changed["accessFilter"]) == (200, access)
    assert forums.get(FORUMS)["accessFilter"] == access
    assert forums.get(FORUMS)["ownerOnly"] == (access == {"type": "ownerOnly"})


@pytest.mark.parametrize(
    "sent",
    [
        {"approvalRequired": "yes"}, {"ownerOnly": 1}, {"accessFilter": "mine"}, {"accessFilter": {"type": "property"}},
        {"accessFilter": {"type": "property", "rules": [{"datasetProperty": "adm2"}]}},
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_refused(forums: Desk, sent: dict[str, object]) -> None:
    assert forums.code("PATCH", FORUMS, sent) == 400.8


def test_a_list_that_needs_approval_is_so_in_the_manifest(alice: Desk, hub: Node, tablet: Tablet) -> None:
    publish_wells(hub)
    version_id = publish_picker(hub)
    consumers.catch_up(hub)
    assert b'type="entityList"' in tablet.get(f"/xformsManifest/{version_id}").data
    alice.call("PATCH", f"{LISTS}/wells", json={"approvalRequired": True})
    assert b'type="approvalEntityList"' in tablet.get(f"/xformsManifest/{version_id}").data


def test_a_property_goes_when_nobody_has_it(forums: Desk, hub: Node) -> None:
    forums.post(f"{FORUMS}/entities", {"label": "Bardarash", "data": {"adm2": "x"}})
    assert forums.code("DELETE", f"{FORUMS}/properties/adm2") == 409.22
    assert forums.code("DELETE", f"{FORUMS}/properties/adm9") == 404.1
    forums.post(f"{FORUMS}/properties", {"name": "adm3"})
    assert forums.call("DELETE", f"{FORUMS}/properties/adm3") == (200, {"success": True})
    assert [each["name"] for each in forums.get(FORUMS)["properties"]] == ["adm2"]


def test_what_was_in_a_deleted_list_can_still_be_downloaded(forums: Desk, hub: Node, client: FlaskClient) -> None:
    for label in ("Bardarash", "Zummar"):
        forums.post(f"{FORUMS}/entities", {"label": label, "data": {"adm2": label[0]}})
    (gone, _) = forums.get(f"{FORUMS}/entities")
    forums.call("DELETE", f"{FORUMS}/entities/{gone['uuid']}")
    assert forums.call("DELETE", FORUMS) == (200, {"success": True})
    assert forums.get(LISTS) == []
    assert forums.code("GET", FORUMS) == 404.1
    (deleted,) = forums.get(f"{LISTS}?deleted=true")
    assert deleted["name"] == "forums"
    address = f"/v1/projects/1/trash/datasets/{deleted['id']}/entities.csv"
    answer = client.get(address, headers={"Authorization": f"Bearer {forums.token}"}, buffered=True)
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    left = {"Bardarash", "Zummar"} - {gone["currentVersion"]["label"]}
    assert ({row["label"]}, row["adm2"], row["__creatorName"], row["__updates"]) == (left, row["label"][0], "Root", "0")
    assert forums.code("GET", "/projects/1/trash/datasets/7/entities.csv") == 404.1
    mona = sit_down(hub, client, "mona", Grant(VIEWER, 1, None, "#adm2+code eq 'IQ-NI-03'"))
    answer = client.get(address, headers={"Authorization": f"Bearer {mona.token}"}, buffered=True)
    assert (answer.status_code, answer.text.count("\n")) == (200, 1)


def test_a_list_that_a_form_uses_is_not_deleted(alice: Desk, hub: Node) -> None:
    publish_wells(hub)
    consumers.catch_up(hub)
    assert alice.code("DELETE", f"{LISTS}/wells") == 409.21


def test_a_project_tells_what_it_holds(forums: Desk, hub: Node, client: FlaskClient) -> None:
    forums.post(f"{FORUMS}/entities", {"label": "Bardarash"})
    (newest,) = forums.get(f"{FORUMS}/entities")
    for path in ("/projects/1", "/projects"):
        found = forums.get(path, extended=True)
        project = found[0] if isinstance(found, list) else found
        assert (project["datasets"], project["lastEntity"]) == (1, newest["createdAt"])
    (project,) = forums.get("/projects?datasets=true")
    assert project["datasetList"] == forums.get(LISTS, extended=True)
    collector = sit_down(hub, client, "dana", Grant(DATA_COLLECTOR, 1))
    (project,) = collector.get("/projects?datasets=true", extended=True)
    assert (project["datasets"], project["lastEntity"], project["datasetList"]) == (0, None, [])


def test_a_form_gets_the_list_instead_of_a_file_when_it_is_linked(alice: Desk, hub: Node, tablet: Tablet) -> None:
    publish_wells(hub)
    version_id = publish_picker(hub)
    put_media(hub, version_id, "wells.csv", b"name,label\nx,X\n")
    consumers.catch_up(hub)
    files = "/projects/1/forms/visits/attachments"
    (file,) = alice.get(files)
    assert (file["exists"], file["blobExists"], file["datasetExists"]) == (True, True, False)
    status, linked = alice.call("PATCH", f"{files}/wells.csv", json={"dataset": True})
    assert (status, linked["exists"], linked["blobExists"], linked["datasetExists"]) == (200, True, False, True)
    assert alice.get(files) == [linked]
    assert b'type="entityList"' in tablet.get(f"/xformsManifest/{version_id}").data
    assert alice.code("PATCH", f"{files}/wells.csv", {"dataset": False}) == 409.92
    assert alice.code("PATCH", f"{files}/other.csv", {"dataset": True}) == 404.1
    assert alice.code("PATCH", f"{files}/wells.csv", {"dataset": "yes"}) == 400.2
    put_media(hub, version_id, "wells.csv", b"name,label\n")
    assert alice.call("PATCH", f"{files}/wells.csv", json={"dataset": False})[1]["datasetExists"] is False


def test_who_may_only_look_changes_nothing(forums: Desk, hub: Node, client: FlaskClient) -> None:
    reader = sit_down(hub, client, "vera", Grant(VIEWER, 1))
    assert [each["name"] for each in reader.get(LISTS)] == ["forums"]
    for method, path, body in (
        ("POST", LISTS, {"name": "x"}), ("PATCH", FORUMS, {"ownerOnly": True}), ("DELETE", FORUMS, None),
        ("POST", f"{FORUMS}/properties", {"name": "x"}), ("DELETE", f"{FORUMS}/properties/adm2", None),
    ):  # fmt: skip
        assert reader.code(method, path, body) == 403.1


def test_a_project_that_is_not_there_has_no_lists(alice: Desk) -> None:
    for method, path in (("GET", "/projects/99/datasets"), ("POST", "/projects/99/datasets"), ("GET", f"{LISTS}/x")):
        assert alice.code(method, path, {"name": "x"}) == 404.1
