"""Signing in at a running server: no password, code or token is in its log, and an easy first password stops it."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sync_server.node import Node
from sync_server.services import reset_password, sign_in
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.people import PASSWORD, add_person
from tests.support.server import ALICE_PASSWORD, LiveServer

WRONG, NEW = "a wrong guess of somebody", "another good one for sara"


@pytest.fixture
def code(tmp_path: Path) -> str:
    """Sara's, for a new password; made before the server starts."""
    with Node.open(Settings(data=new_folder(tmp_path / "hub"), min_free_bytes=0)) as node:
        return reset_password.make_reset_code(node, None, add_person(node, "sara").id)


@pytest.fixture
def server(tmp_path: Path, code: str) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "hub", environ={"SYNC_LOG_LEVEL": "DEBUG"}) as live:
        yield live


def test_nothing_secret_is_in_the_log(server: LiveServer, code: str, tmp_path: Path) -> None:
    alice = {"email": "alice@example.org", "password": ALICE_PASSWORD}
    token = requests.post(f"{server.url}/v1/sessions", json=alice, timeout=30).json()["token"]
    for body in ({**alice, "password": WRONG}, {"email": "nobody@example.org", "password": WRONG}):
        assert requests.post(f"{server.url}/v1/sessions", json=body, timeout=30).status_code == 401
    link = f"{server.url}/reset#{code}"
    assert requests.get(link, timeout=30).status_code == 200
    answer = requests.post(f"{server.url}/reset", data={"code": link, "new": NEW}, timeout=30)
    assert "The password was set" in answer.text
    requests.get(f"{server.url}/v1/users/current", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    server.stop()
    log = server.log()
    assert "password reset" in log
    assert "sign-in refused" in log
    for secret in (ALICE_PASSWORD, WRONG, NEW, code, token, PASSWORD, "alice@example.org", "sara@example.org"):
        assert secret not in log
    with Node.open(Settings(data=new_folder(tmp_path / "hub"), min_free_bytes=0)) as node:
        assert sign_in.check_password(node, "sara@example.org", NEW)


def test_hopeless_guesses_are_answered_over_one_connection_between_other_requests(server: LiveServer) -> None:
    guess = json.dumps({"email": "nobody@example.org", "password": WRONG}).encode()
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: hub\r\nContent-Length: %d\r\n" % len(guess)
    page = b"GET /sign-in HTTP/1.1\r\nHost: hub\r\n\r\n"
    again, last = head + b"\r\n" + guess, head + b"Connection: close\r\n\r\n" + guess
    answers = send(server.port, again * 7 + page + again * 2 + page + last)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answers)]
    assert statuses == [401] * 5 + [429] * 2 + [200] + [429] * 2 + [200, 429]
    assert answers.count(b"Retry-After: 300\r\n") == 5
    assert re.findall(rb"HTTP/1\.1 (\d{3})", send(server.port, again * 2 + last)) == [b"429"] * 3


def send(port: int, requests_at_once: bytes) -> bytes:
    """Send all before any answer is read; return what comes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(requests_at_once)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_basic_is_taken_from_this_machine(server: LiveServer) -> None:
    answer = requests.get(f"{server.url}/v1/users/current", auth=("alice@example.org", ALICE_PASSWORD), timeout=30)
    assert answer.json()["email"] == "alice@example.org"
    elsewhere = requests.get(
        f"{server.url}/v1/users/current", auth=("alice@example.org", ALICE_PASSWORD),
        headers={"Host": "hub.example.org"}, timeout=30,
    )  # fmt: skip
    assert elsewhere.json()["code"] == 401.3


def test_an_easy_first_password_stops_the_start_and_is_not_shown(tmp_path: Path) -> None:
    easy = "password123456"
    environ = {"SYNC_ADMIN_PASSWORD": easy}
    with pytest.raises(RuntimeError) as stopped, LiveServer(tmp_path / "new", environ=environ):
        pass
    assert "admin_password" in str(stopped.value)
    assert "too easy to guess" in str(stopped.value)
    assert easy not in str(stopped.value)
