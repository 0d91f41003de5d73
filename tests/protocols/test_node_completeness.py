"""Whether everything is on both nodes, over HTTP: as far as who asks may see."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.app import create_app
from sync_server.core.roles import COORDINATOR, DATA_COLLECTOR, MNE
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.protocols import node_completeness
from sync_server.store.peers import change_peer
from tests.support.described import DescribedClient
from tests.support.paired_nodes import open_node, pair, sync
from tests.support.people import PASSWORD, add_person
from tests.support.samples import publish, send, submission
from tests.support.server_thread import ServerThread

NODES = "/v1/projects/1/completeness/nodes"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with open_node(tmp_path / "centre") as node:
        for form_id in ("visit", "survey"):
            publish(node, "1", {"/place": "string"}, form_id=form_id)
        yield node


@pytest.fixture
def office(hub: Node, centre: Node) -> Iterator[FlaskClient]:
    """A hub whose centre is served, with a visit that the centre has, and a visit and a survey that it has not."""
    with ServerThread(create_app(centre)) as served:
        pair(hub, centre)
        hub.write(lambda session: change_peer(session, centre.id, url=served.url))
        send(hub, submission("uuid:both", "<place>x</place>"))
        sync(hub, centre)
        send(hub, submission("uuid:visit", "<place>x</place>"))
        send(hub, submission("uuid:survey", "<place>x</place>", form_id="survey"), minutes=24 * 60)
        app = create_app(hub)
        app.test_client_class = DescribedClient
        yield app.test_client()


def ask(hub: Node, office: FlaskClient, *grants: Grant, path: str = NODES) -> TestResponse:
    person = add_person(hub, f"person{len(grants)}{abs(hash((grants, path)))}", *grants)
    given = office.post("/v1/sessions", json={"email": person.email, "password": PASSWORD})
    return office.get(path, headers={"Authorization": f"Bearer {given.json['token']}"})  # type: ignore[index]


def test_a_coordinator_sees_what_is_missing(hub: Node, office: FlaskClient) -> None:
    said = ask(hub, office, Grant(COORDINATOR, 1)).json
    assert said is not None
    assert (said["node"], said["is_complete"], said["missing"], said["left_out"]) == ("centre", False, 2, 0)
    assert [(f["what"], f["instance_id"]) for f in sorted(said["findings"], key=lambda f: f["instance_id"])] == [
        ("missing there", "uuid:survey"), ("missing there", "uuid:visit"),
    ]  # fmt: skip
    visits = next(pair for pair in said["held"] if pair["form_id"] == "visit")
    assert (visits["here"]["submissions"], visits["there"]["submissions"]) == (2, 1)


def test_a_period_is_of_local_days(hub: Node, office: FlaskClient) -> None:
    said = ask(hub, office, Grant(MNE, 1), path=f"{NODES}?from=2026-11-23&to=2026-11-23").json
    assert said is not None
    assert [finding["instance_id"] for finding in said["findings"]] == ["uuid:survey"]


def test_csv_has_all_of_it(hub: Node, office: FlaskClient) -> None:
    answer = ask(hub, office, Grant(MNE, 1), path=f"{NODES}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["instance"] for row in rows if row["what"] == "missing there"} == {"uuid:visit", "uuid:survey"}


def test_who_may_see_one_form_sees_of_that_form_only(hub: Node, office: FlaskClient) -> None:
    said = ask(hub, office, Grant(MNE, 1, "survey")).json
    assert said is not None
    assert [finding["instance_id"] for finding in said["findings"]] == ["uuid:survey"]
    assert {pair["form_id"] for pair in said["held"]} == {"survey"}


def test_who_may_see_some_rows_is_told_nothing_of_the_others(hub: Node, office: FlaskClient) -> None:
    said = ask(hub, office, Grant(MNE, 1, None, "place eq 'y'")).json
    assert said is not None
    assert (said["findings"], said["held"], said["missing"]) == ([], [], 0)


def test_who_fills_forms_only_is_refused(hub: Node, office: FlaskClient) -> None:
    assert ask(hub, office, Grant(DATA_COLLECTOR, 1)).status_code == 403


@pytest.mark.parametrize("query", ["?from=yesterday", "?from=2026-11-24&to=2026-11-23", "?to=9999-12-31"])
def test_a_day_that_is_none_is_said(hub: Node, office: FlaskClient, query: str) -> None:
    answer = ask(hub, office, Grant(MNE, 1), path=NODES + query)
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, 400.8)


def test_a_node_that_is_not_there_is_said(hub: Node, office: FlaskClient) -> None:
    answer = ask(hub, office, Grant(MNE, 1), path=f"{NODES}?node=Mosul")
    assert answer.status_code == 409
    assert "shared with no node called Mosul" in answer.text


def test_one_comparison_at_a_time(hub: Node, office: FlaskClient) -> None:
    with node_completeness._turn:
        answer = ask(hub, office, Grant(MNE, 1))
    assert (answer.status_code, "Ask again in half a minute" in answer.text) == (409, True)
    assert ask(hub, office, Grant(MNE, 1), path=f"{NODES}.csv").status_code == 200
