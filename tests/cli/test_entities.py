"""`sync-server entities` shows the lists, what is in them and what could not be done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync_server.cli.entities import FAILURES, entities
from sync_server.core import entity_actions
from sync_server.node import Node
from sync_server.services.form_definitions import UNKNOWN_VERSION
from sync_server.settings import Settings
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_wells, shown, update, well

Command = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """A node with a well on whose state two tablets disagree, one in order, and one that could not be registered."""
    settings = Settings(data=tmp_path / "hub", min_free_bytes=0)
    with Node.open(settings) as node:
        publish_wells(node)
        send(node, well("a"))
        number = shown(node)[WELL].number
        for minutes, branch in enumerate(("closed", "referred"), start=1):
            send(node, well(branch, update(number, branch), state=branch), minutes=minutes)
        send(node, well("o", id=OTHER, label="Sinjar"), minutes=3)
        send(node, well("x", id="seven"), minutes=4)

    def invoke(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(entities, arguments, obj=settings)
        assert result.exit_code == exit_code, result.output
        return result.output

    return invoke


def test_entities_are_listed_shown_and_what_failed_is_said(run: Command) -> None:
    assert run("list") == "wells  entities=2 conflicts=1 waiting=0  place, reason, status\n"
    assert [line.split()[0] for line in run("list", "wells").splitlines()] == [WELL, OTHER]
    (to_look_at,) = run("list", "wells", "--look").splitlines()
    assert to_look_at.endswith("Bartella  (conflict)")
    told = run("show", "wells", WELL)
    assert "conflict about status: shown is " in told
    assert "create by wells uuid:a: label=Bartella, status=open" in told
    assert "2026-11-22 12:00 +0300" in told
    assert run("failed") == f"wells uuid:x  wells seven: {FAILURES['bad_id']}\n"
    assert "sync-server entities list" in run("list", "springs", exit_code=1)
    assert "sync-server entities list wells" in run("show", "wells", "none", exit_code=1)


def test_what_is_severe_is_not_shown(run: Command, tmp_path: Path) -> None:
    with Node.open(Settings(data=tmp_path / "hub", min_free_bytes=0)) as node:
        publish_wells(node, "2", sensitivity="severe")
    told = run("show", "wells", WELL)
    assert "conflict about a property that is not shown" in told
    assert "referred" not in told.replace("update by wells uuid:referred", "")
    assert "open" not in told


def test_every_failure_is_explained() -> None:
    said = {value for name, value in vars(entity_actions).items() if name.isupper() and isinstance(value, str)}
    codes = said - {"create", "update", "upsert", "label"}
    assert {*codes, UNKNOWN_VERSION} == set(FAILURES)
