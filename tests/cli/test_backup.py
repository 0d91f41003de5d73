"""The commands backup and restore, as a person types them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, send, visit


def run(*arguments: object, **environ: str) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], env=environ)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with Node.open(Settings(data=new_folder(tmp_path / "data"), min_free_bytes=0)) as node:
        publish_visit(node)
        send(node, visit())
    return tmp_path / "data"


def test_a_node_is_backed_up_proven_and_restored(data: Path, tmp_path: Path) -> None:
    secret = {"SYNC_BACKUP_PASSPHRASE": "barley"}
    made = run("--data", data, "backup", tmp_path / "disk", "--prove", **secret)
    assert made.exit_code == 0, made.output
    assert "Backed up 1 submission version(s)" in made.output
    assert "Proven" in made.output
    done = run("restore", tmp_path / "disk", "--data", tmp_path / "new", **secret)
    assert done.exit_code == 0, done.output
    assert "What came or was decided later is not in it" in done.output
    assert run("--data", tmp_path / "new", "verify").exit_code == 0


def test_a_pair_of_keys_is_made_and_used(data: Path, tmp_path: Path) -> None:
    made = run("backup", "--new-key", tmp_path / "private")
    name, _, public_key = made.output.splitlines()[-1].partition("=")
    assert run("--data", data, "backup", tmp_path / "disk", **{name: public_key}).exit_code == 0
    refused = run("restore", tmp_path / "disk", "--data", tmp_path / "new")
    assert "--private-key" in refused.output
    done = run("restore", tmp_path / "disk", "--data", tmp_path / "new", "--private-key", tmp_path / "private")
    assert done.exit_code == 0, done.output


def test_what_is_missing_is_said(data: Path, tmp_path: Path) -> None:
    assert "Name the folder for the back-up" in run("--data", data, "backup").output
    assert "Set a passphrase" in run("--data", data, "backup", tmp_path / "disk").output
    assert "There is no back-up in" in run("restore", tmp_path, "--data", tmp_path / "new").output
    run("--data", data, "backup", tmp_path / "disk", SYNC_BACKUP_PASSPHRASE="barley")
    wrong = run("restore", tmp_path / "disk", "--data", tmp_path / "new", SYNC_BACKUP_PASSPHRASE="wheat")
    assert "does not open the back-up" in wrong.output
    assert not (tmp_path / "new").exists()
