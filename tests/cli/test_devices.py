"""`sync-server device` and `sync-server user` do what they print."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.account_errors import AccountExists, PasswordTooShort
from sync_server.cli import devices, users
from sync_server.core.collect_settings import decode_settings
from sync_server.node import Node
from sync_server.services import devices as tablets
from sync_server.services import sign_in
from sync_server.settings import Settings
from tests.support.new_folder import new_folder

Command = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=new_folder(tmp_path / "hub"), public_url="https://hub.example.org/", node_name="Mosul")


@pytest.fixture
def run(settings: Settings) -> Command:
    def invoke(*arguments: str, given: str | None = None, **changes: object) -> Result:
        group = {"device": devices.device, "user": users.user}[arguments[0]]
        used = replace(settings, **changes)  # type: ignore[arg-type]
        return CliRunner().invoke(group, arguments[1:], obj=used, input=given)

    return invoke


def last_line(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


def test_device_add_prints_the_server_url_on_its_last_line(run: Command, settings: Settings) -> None:
    url = last_line(run("device", "add", "Tablet 7", "--project", "1"))
    found = re.fullmatch(r"https://hub\.example\.org/v1/key/([0-9a-f]{64})/projects/1", url)
    assert found
    with Node.open(settings) as node:
        assert tablets.identify_device(node, found[1]).display_name == "Tablet 7"


def test_device_add_draws_a_code_for_the_terminal(run: Command) -> None:
    assert "▄" in run("device", "add", "Tablet 7").stdout


def test_device_add_warns_when_tablets_could_not_reach_the_address(run: Command) -> None:
    result = run("device", "add", "Tablet 7", public_url="", port=9999)
    assert last_line(result).startswith("http://127.0.0.1:9999/v1/key/")
    assert "--host 0.0.0.0" in result.stderr
    assert "--host" not in run("device", "add", "Tablet 8").stderr


def test_device_add_names_this_machines_own_address_when_it_listens_everywhere(run: Command) -> None:
    assert "0.0.0.0" not in last_line(run("device", "add", "x", public_url="", host="0.0.0.0"))


def test_device_add_refuses_a_project_that_is_not_there(run: Command) -> None:
    result = run("device", "add", "x", "--project", "9")
    assert (result.exit_code, "no project 9" in result.stderr) == (2, True)


def test_device_list_says_who_is_active_and_who_is_revoked(run: Command) -> None:
    run("device", "add", "one")
    run("device", "add", "two")
    run("device", "revoke", "one")
    lines = run("device", "list").stdout.splitlines()
    assert [line.split("\t")[1:4] for line in lines] == [
        ["two", "project 1", "active"],
        ["one", "project 1", "revoked"],
    ]


def test_device_revoke_takes_a_number_or_a_name_and_says_when_it_is_ambiguous(run: Command) -> None:
    run("device", "add", "twin")
    run("device", "add", "twin")
    assert run("device", "revoke", "twin").exit_code == 2
    assert run("device", "revoke", "1").exit_code == 0
    assert run("device", "revoke", "twin").exit_code == 0
    assert "No device is called nobody" in run("device", "revoke", "nobody").stderr


def test_device_revoke_asks_when_one_is_called_by_the_number_of_another(run: Command) -> None:
    run("device", "add", "Tablet 1")
    run("device", "add", "1")
    result = run("device", "revoke", "1")
    assert (result.exit_code, "#2 (1) or #1 (Tablet 1)" in result.stderr) == (2, True)
    assert "Device 2 (1)" in run("device", "revoke", "#2").stdout


def test_device_qr_shows_the_same_address_again(run: Command) -> None:
    url = last_line(run("device", "add", "one"))
    assert last_line(run("device", "qr", "one")) == url


def test_device_qr_writes_a_picture_and_a_drawing(run: Command, tmp_path: Path) -> None:
    run("device", "add", "one")
    png, svg = tmp_path / "qr.png", tmp_path / "qr.svg"
    assert run("device", "qr", "one", "--png", str(png), "--svg", str(svg)).exit_code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in svg.read_bytes()


def test_the_code_holds_collects_settings(run: Command, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    make = devices.segno.make
    monkeypatch.setattr(devices.segno, "make", lambda text, **options: drawn.append(text) or make(text, **options))
    url = last_line(run("device", "add", "one"))
    told = decode_settings(drawn[0])
    assert told["general"]["server_url"] == url
    assert told["project"] == {"name": "Mosul"}


def test_user_add_shows_a_password_once_with_which_one_can_sign_in(run: Command, settings: Settings) -> None:
    password = last_line(run("user", "add", "Sara@Example.org", "--admin")).rpartition(" ")[2]
    with Node.open(settings) as node:
        assert sign_in.check_password(node, "sara@example.org", password).is_administrator


def test_user_add_reads_a_password_and_does_not_show_it(run: Command, settings: Settings) -> None:
    result = run("user", "add", "bob@example.org", "--password-stdin", given="a long password\n")
    assert result.exit_code == 0
    assert "a long password" not in result.output
    with Node.open(settings) as node:
        assert not sign_in.check_password(node, "bob@example.org", "a long password").is_administrator


def test_user_add_with_digest_says_what_that_means(run: Command, settings: Settings) -> None:
    assert "as good as the password" in run("user", "add", "bob@example.org", "--digest").stdout
    with Node.open(settings) as node:
        assert sign_in.find_digest(node, "bob@example.org")


def test_user_add_refuses_a_short_password_and_an_address_in_use(run: Command) -> None:
    short = run("user", "add", "bob@example.org", "--password-stdin", given="short\n")
    assert isinstance(short.exception, PasswordTooShort)
    run("user", "add", "bob@example.org")
    assert isinstance(run("user", "add", "BOB@example.org").exception, AccountExists)


def test_user_list_says_role_and_digest(run: Command) -> None:
    run("user", "add", "alice@example.org", "--admin", "--name", "Alice")
    run("user", "add", "bob@example.org", "--digest")
    lines = run("user", "list").stdout.splitlines()
    assert [line.split("\t")[1:] for line in lines] == [
        ["alice@example.org", "Alice", "administrator", "no digest", "password alone", "admin *"],
        ["bob@example.org", "bob@example.org", "user", "digest", "password alone", "no role"],
    ]


def test_user_password_changes_it(run: Command, settings: Settings) -> None:
    run("user", "add", "bob@example.org", "--digest")
    password = last_line(run("user", "password", "bob@example.org")).rpartition(" ")[2]
    with Node.open(settings) as node:
        assert sign_in.check_password(node, "bob@example.org", password)
        assert sign_in.find_digest(node, "bob@example.org")
    assert "no account x@example.org" in run("user", "password", "x@example.org").stderr
