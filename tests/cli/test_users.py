"""`sync-server user` hands codes over, gives roles and takes them, and ends access."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.account_errors import LastAdministrator, PasswordTooEasy
from sync_server.cli import users as commands
from sync_server.node import Node
from sync_server.services import access, reset_password, sign_in, two_factor, users
from sync_server.settings import Settings
from tests.support.codes import enrol
from tests.support.new_folder import new_folder

Command = Callable[..., Result]
BOB = "bob@example.org"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=new_folder(tmp_path / "hub"), public_url="https://hub.example.org/", min_free_bytes=0)


@pytest.fixture
def run(settings: Settings) -> Command:
    with Node.open(settings) as node:
        users.add_user(node, None, BOB, "correct horse battery", display_name="Bob")

    def invoke(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(commands.user, arguments, obj=settings, input=given)

    return invoke


def test_reset_link_shows_a_code_that_sets_a_password(run: Command, settings: Settings) -> None:
    link = run("reset-link", BOB).stdout.splitlines()[-1].split()[-1]
    assert link.startswith("https://hub.example.org/reset#")
    with Node.open(settings) as node:
        reset_password.use_reset_code(node, link, "another good one for bob")
        assert sign_in.check_password(node, BOB, "another good one for bob")
    assert "no account x@example.org" in run("reset-link", "x@example.org").output


def test_roles_are_granted_and_revoked(run: Command, settings: Settings) -> None:
    granted = run("role", "grant", BOB, "mne", "--rows", "#adm2+code eq 'IQ-NI-03'", "--level", "high")
    assert "mne project:1 rows #adm2+code eq 'IQ-NI-03' up to high" in granted.stdout
    assert "mne project:1" in run("list").stdout
    assert run("role", "grant", BOB, "admin").exit_code == 0
    with Node.open(settings) as node:
        bob = sign_in.check_password(node, BOB, "correct horse battery")
        assert {grant.role.system for grant in access.scope_of(node, bob).grants} == {"admin", "mne"}
    assert "no more" in run("role", "revoke", BOB, "mne").stdout
    assert "does not have that role" in run("role", "revoke", BOB, "mne").output
    assert "no project 9" in run("role", "grant", BOB, "viewer", "--project", "9").output
    assert isinstance(run("role", "revoke", BOB, "admin").exception, LastAdministrator)


def test_two_factor_is_turned_off_for_a_lost_phone(run: Command, settings: Settings) -> None:
    assert "already" in run("two-factor", "off", BOB).output
    with Node.open(settings) as node:
        enrol(node, sign_in.check_password(node, BOB, "correct horse battery"))
    assert "two-factor" in run("list").stdout
    assert run("two-factor", "off", BOB).exit_code == 0
    with Node.open(settings) as node:
        assert not two_factor.is_on(node, sign_in.check_password(node, BOB, "correct horse battery"))


def test_delete_ends_access(run: Command) -> None:
    assert run("delete", BOB).exit_code == 0
    assert BOB not in run("list").stdout


def test_an_easy_password_is_refused(run: Command) -> None:
    refused = run("password", BOB, "--password-stdin", given="password123456\n")
    assert isinstance(refused.exception, PasswordTooEasy)
