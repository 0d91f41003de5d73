"""A body that cannot be set down: each reader is told in words of their own, before the application is asked."""

import json

import pytest

from sync_server.errors import DiskFull
from sync_server.protocols.full_disk import write_full
from sync_server.replication.line import Answer
from sync_server.replication.remote_problems import read_problem


@pytest.mark.parametrize("path", ["/submission", "/v1/key/abc/projects/1/submission", "/alice/submission"])
def test_a_tablets_holder_is_told_to_keep_the_form(path: str) -> None:
    content_type, body = write_full(path)
    assert content_type.startswith("text/xml")
    assert b"OpenRosaResponse" in body
    assert b"Keep it on the tablet" in body


@pytest.mark.parametrize("path", ["/v1/projects/1/forms", "/replication/v1/take"])
def test_a_program_is_told_what_the_operator_makes_space_for(path: str) -> None:
    content_type, body = write_full(path)
    assert content_type.startswith("application/json")
    assert json.loads(body) == {"message": DiskFull.message, "code": 507.91, "details": {}}
    assert b"tablet" not in body


def test_another_node_understands_it() -> None:
    problem = read_problem(Answer(507, {}, write_full("/replication/v1/take")[1]), is_signed=False)
    assert "its disk is full" in str(problem)
