"""A coordinator reviews a submission at the command line."""

from pathlib import Path

from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, send, visit


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "review", *arguments, "--reason", "seen on paper"])


def test_a_submission_is_reviewed_by_name(tmp_path: Path) -> None:
    with Node.open(Settings(data=new_folder(tmp_path / "data"), min_free_bytes=0)) as node:
        publish_visit(node)
        send(node, visit("one"))
    assert run(tmp_path / "data", "uuid:one", "approved").output == "Reviewed uuid:one: approved.\n"
    assert run(tmp_path / "data", "uuid:one", "received").output == "Reviewed uuid:one: received.\n"
    stranger = run(tmp_path / "data", "uuid:two", "approved")
    assert (stranger.exit_code, "There is no submission uuid:two" in stranger.stderr) == (1, True)
    wrong = run(tmp_path / "data", "uuid:one", "fine")
    assert (wrong.exit_code, "'fine' is not one of 'rejected', 'hasIssues'" in wrong.stderr) == (2, True)
