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


def test_two_machines_without_any_network_are_paired_by_a_stick(centre: Path, office: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    file = str(stick / "sinjar.pair")
    asked = run(office, "pair", "ask", file)
    code = asked.output.splitlines()[-1]
    assert (asked.exit_code, code.count("-"), "pair admit sinjar.pair CODE" in asked.output) == (0, 4, True)
    wrong = run(centre, "pair", "admit", file, code[:-4] + "aaaa")
    assert (wrong.exit_code, "the code was mistyped" in wrong.output) == (1, True), wrong.output
    admitted = run(centre, "pair", "admit", file, code, "--name", "Sinjar office", "--all")
    assert (admitted.exit_code, "Made " in admitted.output) == (0, True), admitted.output
    assert sorted(path.name for path in stick.iterdir()) == [
        "sinjar.pair", "sinjar.pair.answer", "sinjar.pair.bundle",
    ]  # fmt: skip
    unclear = run(office, "pair", "accept", file, code)
    assert (unclear.exit_code, "--join" in unclear.output) == (1, True), unclear.output
    accepted = run(office, "pair", "accept", file, code, "--join", "1")
    assert (accepted.exit_code, "has joined" in accepted.output) == (0, True), accepted.output
    assert "Leave sinjar.pair.bundle.ack on the stick" in accepted.output
    (number,) = {line[-35:] for line in admitted.output.splitlines() if "this number" in line}
    assert f"showed this number: {number}." in accepted.output
    assert "Sinjar office\thub\tactive" in run(centre, "pair", "list").output
    away = run(office, "sync")
    assert (away.exit_code, "knows no address of it" in away.output) == (1, True), away.output
    name = run(office, "pair", "list").output.partition("\t")[0]
    there = run(office, "pair", "address", name, "https://centre.example.org/")
    assert there.output == f"{name} is called at https://centre.example.org from now on.\n"


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
