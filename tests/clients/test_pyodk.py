"""pyODK as it is published, against a running server: signing in, projects, forms, app users and their forms."""

from pathlib import Path

import pytest
import requests
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.clients.office import Office
from tests.support.server import ALICE_PASSWORD, LiveServer


@pytest.fixture
def pyodk(server: LiveServer, tmp_path: Path) -> Client:
    return open_client(server, tmp_path)


def open_client(server: LiveServer, tmp_path: Path) -> Client:
    """Open a client with the configuration that its manual asks for."""
    config, cache = tmp_path / "config.toml", tmp_path / "cache.toml"
    lines = ("[central]", f'base_url = "{server.url}"', 'username = "alice@example.org"', "default_project_id = 1")
    config.write_text("\n".join([*lines, f'password = "{ALICE_PASSWORD}"']), encoding="utf-8")
    return Client(config_path=str(config), cache_path=str(cache)).open()


def test_it_signs_in_once_and_comes_back_with_the_same_session(pyodk: Client, tmp_path: Path) -> None:
    assert pyodk.get("users/current").json()["email"] == "alice@example.org"
    token = (tmp_path / "cache.toml").read_text("utf-8")
    again = Client(config_path=str(tmp_path / "config.toml"), cache_path=str(tmp_path / "cache.toml")).open()
    assert again.projects.list()[0].id == 1
    assert (tmp_path / "cache.toml").read_text("utf-8") == token


def test_a_wrong_password_is_its_error(server: LiveServer, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[central]\nbase_url = "{server.url}"\nusername = "alice@example.org"\npassword = "wrong"\n')
    client = Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml"))
    with pytest.raises(PyODKError):
        client.projects.list()


def test_it_reads_projects(pyodk: Client) -> None:
    made = pyodk.post("projects", json={"name": "Nineveh"}).json()
    assert {project.name for project in pyodk.projects.list()} == {"Community Policing Forums", "Nineveh"}
    found = pyodk.projects.get(made["id"])
    assert (found.name, found.archived, found.keyId) == ("Nineveh", None, None)
    with pytest.raises(PyODKError):
        pyodk.projects.get(99)


def test_it_reads_forms(pyodk: Client, office: Office) -> None:
    listed = {form.xmlFormId: form for form in pyodk.forms.list()}
    assert listed
    form_id, form = next(iter(listed.items()))
    assert pyodk.forms.get(form_id) == form
    assert form.state == "open"


def test_its_app_users_get_the_forms_it_names(pyodk: Client, server: LiveServer) -> None:
    forms = [form.xmlFormId for form in pyodk.forms.list()]
    users = list(pyodk.projects.create_app_users(["one", "two"], forms=forms[:1]))
    assert [user.displayName for user in users] == ["one", "two"]
    assert list(pyodk.projects.create_app_users(["one", "two"], forms=forms)) == []
    for user in users:
        address = f"{server.url}/v1/key/{user.token}/projects/1/formList"
        answer = requests.get(address, headers={"X-OpenRosa-Version": "1.0"}, timeout=30)
        assert (answer.status_code, answer.text.count("<xform>")) == (200, 1)
        assert f"<formID>{forms[0]}</formID>" in answer.text
