"""A code for a new password: one, once, for a day; by e-mail where there is a mail server, and telling nobody."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from sync_server.account_errors import AuthenticationFailed, ResetCodeOver
from sync_server.errors import InsufficientRights
from sync_server.node import Node
from sync_server.services import reset_password, send_mail, sign_in, two_factor
from sync_server.store.tables import reset_tokens
from tests.support.codes import enrol
from tests.support.people import PASSWORD, add_person
from tests.support.server import free_port

NEW = "another good one for sara"
SARA = "sara@example.org"


def test_a_code_sets_the_password_once_and_signs_nobody_in(node: Node) -> None:
    sara = add_person(node, "sara")
    session = sign_in.create_session(node, SARA, PASSWORD).token
    code = reset_password.make_reset_code(node, None, sara.id)
    reset_password.use_reset_code(node, code, NEW)
    assert sign_in.find_session(node, session) is None
    assert sign_in.check_password(node, SARA, NEW)
    with pytest.raises(ResetCodeOver):
        reset_password.use_reset_code(node, code, "a third good one for sara")
    assert sign_in.check_password(node, SARA, NEW)


def test_of_two_requests_with_one_code_one_sets_the_password(node: Node) -> None:
    code = reset_password.make_reset_code(node, None, add_person(node, "sara").id)
    answers: list[str] = []

    def attempt(number: int) -> None:
        try:
            reset_password.use_reset_code(node, code, f"{NEW} {number}")
            answers.append("set")
        except ResetCodeOver:
            answers.append("over")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["over", "over", "over", "set"]


def test_a_code_is_over_after_a_day_by_a_newer_one_and_by_a_new_password(node: Node) -> None:
    sara = add_person(node, "sara")
    first = reset_password.make_reset_code(node, None, sara.id)
    second = reset_password.make_reset_code(node, None, sara.id)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, seconds=1)):
        assert reset_password.find_user_of(node, second) is None
    assert reset_password.find_user_of(node, first) is None
    assert reset_password.find_user_of(node, second)
    reset_password.invalidate_password(node, None, SARA)
    assert reset_password.find_user_of(node, second) is None


def test_a_code_is_read_with_its_link_in_capitals_or_without_dashes(node: Node) -> None:
    code = reset_password.make_reset_code(node, None, add_person(node, "sara").id)
    for typed in (code.upper(), code.replace("-", " "), reset_password.make_link("https://hub.example.org", code)):
        assert reset_password.find_user_of(node, typed)


def test_codes_are_kept_as_hashes(node: Node) -> None:
    code = reset_password.make_reset_code(node, None, add_person(node, "sara").id)
    with node.database.read() as session:
        (kept,) = session.scalars(select(reset_tokens.c.token_hash))
    assert code.replace("-", "") not in kept
    assert len(code.replace("-", "")) == 20


def test_two_factor_sign_in_stays_as_it_was(node: Node) -> None:
    sara = add_person(node, "sara")
    enrol(node, sara)
    reset_password.use_reset_code(node, reset_password.make_reset_code(node, None, sara.id), NEW)
    assert two_factor.is_on(node, sara)


def test_only_who_may_makes_codes_or_invalidates_and_is_not_told_who_exists(node: Node) -> None:
    sara, bob = add_person(node, "sara"), add_person(node, "bob")
    with pytest.raises(InsufficientRights):
        reset_password.make_reset_code(node, bob, sara.id)
    for email in (SARA, "nobody@example.org"):
        with pytest.raises(InsufficientRights):
            reset_password.invalidate_password(node, bob, email)
    reset_password.invalidate_password(node, None, "nobody@example.org")
    reset_password.invalidate_password(node, None, SARA)
    with pytest.raises(AuthenticationFailed):
        sign_in.check_password(node, SARA, "")


class MailServer:
    """Takes e-mails as a mail server does, and keeps them."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as lines:
                self._talk(lines)

    def _talk(self, lines) -> None:  # type: ignore[no-untyped-def]
        lines.write(b"220 hello\r\n")
        for line in lines:
            if line.upper().startswith(b"DATA"):
                lines.write(b"354 go on\r\n")
                mail = b"".join(iter(lines.readline, b".\r\n"))
                self.mails.append(mail.decode())
            lines.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")

    def close(self) -> None:
        self._listener.close()


@contextmanager
def mailing(node: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, MailServer]]:
    """The node with a mail server; e-mails are sent before the call returns."""

    def at_once(node: Node, work) -> None:  # type: ignore[no-untyped-def]
        thread = in_background(node, work)
        assert thread
        thread.join(20)

    in_background, server = send_mail.in_background, MailServer()
    monkeypatch.setattr(send_mail, "in_background", at_once)
    settings = replace(
        node.settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls="none", smtp_from="hub@example.org"
    )
    yield replace(node, settings=settings), server
    server.close()


def test_an_email_brings_a_code_once_in_five_minutes_and_none_to_strangers(
    hub: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(hub, "sara")
    with mailing(hub, monkeypatch) as (node, server):
        for email in (SARA, SARA, "nobody@example.org", "SARA@example.org"):
            reset_password.ask_reset(node, email, root="https://hub.example.org")
        assert len(server.mails) == 1
        from email import message_from_string

        text = message_from_string(server.mails[0]).get_payload(decode=True).decode()  # type: ignore[union-attr]
        link = next(line for line in text.splitlines() if line.startswith("https://hub.example.org/reset#"))
        assert "كلمة سر" in text
        assert "وشەی نهێنی" in text
        reset_password.use_reset_code(node, link, NEW)


def test_whoever_asks_for_an_email_does_not_end_an_administrators_code(
    hub: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    sara = add_person(hub, "sara")
    with mailing(hub, monkeypatch) as (node, server):
        with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
            code = reset_password.make_reset_code(node, None, sara.id)
        reset_password.ask_reset(node, SARA, root="https://hub.example.org")
        assert len(server.mails) == 1
        assert reset_password.find_user_of(node, code)


def test_a_mail_server_that_is_away_is_logged_without_the_address(
    hub: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_person(hub, "sara")
    with mailing(hub, monkeypatch) as (node, _):
        away = replace(node, settings=replace(node.settings, smtp_port=free_port()))
        reset_password.ask_reset(away, SARA, root="https://hub.example.org")
    assert "mail not sent" in caplog.text
    assert SARA not in caplog.text
