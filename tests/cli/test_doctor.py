"""`sync-server doctor` says each point with what to do, and tells programs by its exit code."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.server import LiveServer, free_port


def run(data: Path, *arguments: str, port: int = 0) -> Result:
    flags = ["--data", str(data), "--min-free-bytes", "0", "--port", str(port or free_port())]
    return CliRunner().invoke(main, [*flags, *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Node.open(Settings(data=new_folder(tmp_path / "data"))).close()
    return tmp_path / "data"


def test_each_point_is_said_and_a_whole_node_exits_0(data: Path) -> None:
    result = run(data, "doctor")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(line.startswith("fine  database ") for line in lines)
    assert any(line.strip().startswith("→ Start it: sync-server serve") for line in lines)
    assert lines[-1].endswith(" 0 act.")


def test_what_must_be_done_now_exits_1(data: Path) -> None:
    (data / "sync.db").write_bytes(b"what somebody wrote over it\n" * 200)
    result = run(data, "doctor")
    assert result.exit_code == 1
    assert "act   database" in result.stdout


def test_a_misspelt_folder_is_said_and_not_made(tmp_path: Path) -> None:
    result = run(tmp_path / "dota", "doctor")
    assert (result.exit_code, "There is no folder" in result.stdout) == (1, True)
    assert not (tmp_path / "dota").exists()


def test_programs_get_json(data: Path) -> None:
    (data / "node.key").chmod(0o644)
    result = run(data, "doctor", "--json")
    findings = json.loads(result.stdout)["findings"]
    assert result.exit_code == 1
    assert {"topic", "verdict", "found", "advice", "url"} == set(findings[0])
    assert [each["topic"] for each in findings if each["verdict"] == "act"] == ["node.key"]


def test_an_address_is_drawn_as_a_code(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_server.services.doctor.local_addresses._is_reachable", lambda _address: True)
    flags = ["--data", str(data), "--host", "0.0.0.0", "--port", str(free_port()), "doctor"]
    result = CliRunner().invoke(main, flags)
    assert "▄" in result.stdout


def test_beside_a_running_server_it_sees_it_answer(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "live") as server:
        result = run(server.data, "doctor", port=server.port)
    assert result.exit_code == 0, result.output
    assert f"It runs and answers at port {server.port}" in result.stdout
    assert "fine  database" in result.stdout
