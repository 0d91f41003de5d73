"""pyODK as it is published, against a running server: every method that it has for entities and for their lists."""

from pathlib import Path

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.test_entities import REGISTER, answers
from tests.clients.test_pyodk import open_client
from tests.support.server import LiveServer

FORUMS = "offices"


@pytest.fixture
def pyodk(server: LiveServer, tmp_path: Path) -> Client:
    """A client, and a list that it made."""
    client = open_client(server, tmp_path)
    client.entity_lists.create(entity_list_name=FORUMS)
    client.entity_lists.default_entity_list_name = client.entities.default_entity_list_name = FORUMS
    client.entity_lists.add_property("adm2")
    return client


def test_it_makes_lists_and_reads_them(pyodk: Client) -> None:
    made = pyodk.entity_lists.create(approval_required=True, entity_list_name="courses")
    assert (made.name, made.projectId, made.approvalRequired, made.properties) == ("courses", 1, True, [])
    assert {FORUMS, "courses"} <= {each.name for each in pyodk.entity_lists.list()}
    (added,) = pyodk.entity_lists.get().properties or []
    assert (added.name, added.odataName, added.forms) == ("adm2", "adm2", [])
    with pytest.raises(PyODKError):
        pyodk.entity_lists.create(entity_list_name=FORUMS)
    with pytest.raises(PyODKError):
        pyodk.entity_lists.get("nothing")
    with pytest.raises(PyODKError):
        pyodk.entity_lists.add_property("ADM2")


def test_it_creates_changes_and_deletes_entities(pyodk: Client) -> None:
    made = pyodk.entities.create(label="Bardarash", data={"adm2": "IQG15Q01"})
    assert made.currentVersion.data == {"adm2": "IQG15Q01"}
    version = made.currentVersion.version
    changed = pyodk.entities.update(made.uuid, label="Bardarash town", base_version=version)
    assert (changed.currentVersion.label, changed.currentVersion.baseVersion) == ("Bardarash town", version)
    with pytest.raises(PyODKError):
        pyodk.entities.update(made.uuid, data={"adm2": "x"}, base_version=version)
    forced = pyodk.entities.update(made.uuid, data={"adm2": "IQG15Q02"}, force=True)
    assert (forced.currentVersion.label, forced.currentVersion.data) == ("Bardarash town", {"adm2": "IQG15Q02"})
    (listed,) = pyodk.entities.list()
    assert (listed.uuid, listed.currentVersion.version) == (made.uuid, forced.currentVersion.version)
    assert pyodk.entities.delete(made.uuid)
    assert pyodk.entities.list() == []


def test_it_creates_many_and_lists_them(pyodk: Client) -> None:
    many = [{"label": f"Forum {number}", "adm2": str(number)} for number in range(1_000)]
    assert pyodk.entities.create_many(many, create_source="forums.csv", source_size="1000")
    assert {each.currentVersion.label for each in pyodk.entities.list()} == {each["label"] for each in many}
    with pytest.raises(PyODKError):
        pyodk.entities.create_many([{"label": "Zummar", "adm3": "x"}])
    assert len(pyodk.entities.list()) == 1_000


def test_it_lists_what_tablets_registered(pyodk: Client, office: Office, add_tablet: AddTablet, tmp_path: Path) -> None:
    office.publish(REGISTER)
    made = answers(tmp_path, new_well={"/data/place": "Bartella", "/data/state": "open"})
    add_tablet("first").fill_and_send(forms=["new_well"], answers=made)
    (well,) = pyodk.entities.list("wells")
    assert (well.conflict, well.currentVersion.label, well.currentVersion.userAgent) == (None, "Bartella", "")


def test_it_reads_the_table_and_merges(pyodk: Client) -> None:
    pyodk.entities.create_many([{"label": "Bardarash", "adm2": "a"}, {"label": "Zummar", "adm2": "b"}])
    wanted = [{"label": "Bardarash", "adm2": "z", "hall": "school"}, {"label": "Sinjar", "adm2": "c"}]
    done = pyodk.entities.merge(wanted, delete_not_matched=True)
    assert (len(done.to_insert), len(done.to_update), len(done.to_delete)) == (1, 1, 1)
    table = {row["label"]: row for row in pyodk.entities.get_table()["value"]}
    assert {label: (row["adm2"], row["hall"]) for label, row in table.items()} == {
        "Bardarash": ("z", "school"), "Sinjar": ("c", None),
    }  # fmt: skip
    assert not pyodk.entities.merge(wanted, update_matched=False, add_new_properties=False).to_insert
