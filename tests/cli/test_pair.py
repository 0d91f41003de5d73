"""Pairing from the command line: the code stands on the last line, and the other machine takes it over the network."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from tests.support.server import LiveServer


def run(data: Path, *arguments: str, **options: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *arguments], **options)


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    data = tmp_path / "centre"
    run(data, "project", "add", "Second")
    return data


@pytest.fixture
def office(tmp_path: Path) -> Path:
    data = tmp_path / "office"
    run(data, "project", "add", "Own")
    return data


def test_two_machines_are_paired_over_the_network_and_part_again(centre: Path, office: Path) -> None:
    code = run(centre, "pair", "offer", "Sinjar office", "--district", "IQG15Q03").output.splitlines()[-1]
    with LiveServer(centre) as server:
        unclear = run(office, "pair", "accept", server.url, code)
        assert (unclear.exit_code, "--join" in unclear.output) == (1, True)
        wrong = run(office, "pair", "accept", server.url, code[:-4] + "aaaa", "--join", "1")
        assert (wrong.exit_code, "not what was printed" in wrong.output) == (1, True)
        paired = run(office, "pair", "accept", server.url, code, "--join", "1")
    assert "Project 1 (Community Policing Forums) has joined" in paired.output
    listed = run(centre, "pair", "list").output
    assert "Sinjar office\thub\tactive\tnever seen\tpeer project:1 rows #adm2+code eq 'IQG15Q03'" in listed
    assert f"centre\tactive\tnever seen\tpeer project:1\t{server.url}" in run(office, "pair", "list").output
    assert (
        run(centre, "pair", "scope", "Sinjar office", "--project", "2").output == "Sinjar office: peer-up project:2\n"
    )
    assert run(centre, "pair", "replace", "Sinjar office").output.splitlines()[-1].count("-") == 4
    assert "has ended" in run(centre, "pair", "revoke", "Sinjar office").output
    assert "revoked" in run(centre, "pair", "list").output


def test_the_code_is_drawn_with_the_address_when_that_is_known(centre: Path) -> None:
    plain = run(centre, "pair", "offer", "A").output.splitlines()
    drawn = run(centre, "--public-url", "https://c.example.org", "pair", "offer", "B").output.splitlines()
    assert len(plain) == 3
    assert len(drawn) > 10
    assert "  sync-server pair accept https://c.example.org CODE" in drawn
    assert "A\toffered\tuntil" in run(centre, "pair", "list").output
    assert run(centre, "pair", "revoke", "A").output == "The code for A is good no more.\n"


def test_what_cannot_be_is_said_in_a_sentence(centre: Path, office: Path) -> None:
    code = "ks3m-8f4j-x2pd-wq7c-n5ra"
    for arguments, said in (
        (("offer", "X", "--all", "--rows", "a eq 'b'"), "in one way only"),
        (("offer", "X", "--project", "1", "--project", "2", "--form", "visit"), "--form is of one project"),
        (("offer", "X", "--project", "9"), "There is no such project"),
        (("offer", "X", "--rows", "a eq"), "cannot be read"),
        (("revoke", "X"), "No node is called X"),
        (("replace", "X"), "No node is called X"),
        (("scope", "X"), "no node called X"),
        (("accept", "http://centre.example.org", code, "--join", "1"), "https://"),
        (("accept", "https://127.0.0.1:9", code, "--join", "1"), "could not be reached"),
        (("accept", "https://127.0.0.1:9", "ks3m", "--join", "1"), "five groups"),
        (("accept", "https://127.0.0.1:9", code, "--join", "x"), "number of a project"),
        (("accept", "https://127.0.0.1:9", code, "--join", "9"), "There is no project 9"),
    ):
        refused = run(office, "pair", *arguments)
        assert refused.exit_code in (1, 2), refused.output
        assert said in refused.output, arguments
        assert "Traceback" not in refused.output
    assert "No node is paired yet" in run(office, "pair", "list").output


def test_a_copy_is_asked_before_it_gets_an_identity_of_its_own(office: Path) -> None:
    assert run(office, "pair", "renew", input="n\n").exit_code == 1
    renewed = run(office, "pair", "renew", input="y\n")
    again = run(office, "pair", "renew", "--yes")
    assert (renewed.exit_code, again.exit_code) == (0, 0)
    assert renewed.output.split("This node is ")[1][:32] != again.output.split("This node is ")[1][:32]
