"""Clocks over the network: as JSON and CSV, to whoever reads every row of a form."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import COORDINATOR, MNE
from sync_server.core.scope import Grant
from sync_server.node import Node
from tests.support.clock_forms import DAY, send_filled
from tests.support.people import PASSWORD, add_person
from tests.support.samples import publish


@pytest.fixture
def fleet(hub: Node) -> None:
    """A right tablet that sent one form, and one three hours ahead that sent two."""
    publish(hub, "0", {"/start": "dateTime", "/end": "dateTime"})
    send_filled(hub, "uuid:right", finished=0, sent=60, off=timedelta(), device_id="collect:right")
    for day in (1, 2):
        send_filled(hub, f"uuid:{day}", finished=day * DAY, sent=day * DAY + 60, off=timedelta(hours=3))


@pytest.fixture
def mina(hub: Node) -> dict[str, Any]:
    """An M&E reader of every district."""
    return caller(hub, "mina", Grant(MNE, 1))


def caller(hub: Node, name: str, *grants: Grant) -> dict[str, Any]:
    add_person(hub, name, *grants)
    return {"auth": (f"{name}@example.org", PASSWORD), "base_url": "https://localhost"}


@pytest.mark.usefixtures("fleet")
def test_it_says_by_how_much_each_clock_was_off(client: FlaskClient, mina: dict[str, Any]) -> None:
    wrong, right = client.get("/v1/clocks", **mina).json
    assert (right["device"], right["submissions"], right["repaired"], right["wrong"]) == ("collect:right", 1, 0, [])
    assert (wrong["device"], wrong["submissions"], wrong["repaired"]) == ("collect:abc", 2, 2)
    (off,) = wrong["wrong"]
    assert off["offsetFrom"] <= 10_800 <= off["offsetTo"]
    assert (off["submissions"], off["reason"]) == (2, "measured")
    assert off["since"].startswith("2026-11-23T08:59")


@pytest.mark.usefixtures("fleet")
def test_each_submission_has_its_own_time_beside_the_proposed(client: FlaskClient, mina: dict[str, Any]) -> None:
    (tablet,) = client.get("/v1/clocks/submissions?device=collect:abc", **mina).json
    first = tablet["submissions"][0]
    assert (first["instanceId"], first["projectId"], first["xmlFormId"]) == ("uuid:1", 1, "visit")
    assert first["original"] == "2026-11-23T12:00:00.000Z"
    assert first["earliest"] <= first["proposed"] <= first["latest"] < first["receivedAt"]
    assert (first["reason"], "its own time" in first["why"]) == ("measured", True)


@pytest.mark.usefixtures("fleet")
def test_the_same_as_csv_in_local_time(client: FlaskClient, mina: dict[str, Any]) -> None:
    (off,) = rows(client.get("/v1/clocks.csv", **mina).text)
    assert (off["device"], off["submissions"]) == ("collect:abc", "2")
    times = rows(client.get("/v1/clocks/submissions.csv?form=visit&project=1", **mina).text)
    assert [row["instance"] for row in times] == ["uuid:1", "uuid:2", "uuid:right"]
    assert times[0]["original"] == "2026-11-23T15:00:00.000+03:00"
    assert rows(client.get("/v1/clocks/submissions.csv?form=another", **mina).text) == []


@pytest.mark.usefixtures("fleet")
def test_who_sees_one_district_is_told_of_no_tablet(client: FlaskClient, hub: Node) -> None:
    basma = caller(hub, "basma", Grant(COORDINATOR, 1, None, "place eq 'Bartella'"))
    assert client.get("/v1/clocks", **basma).json == []
    assert client.get("/v1/clocks.csv", **basma).text.count("\n") == 1


def test_a_project_that_is_no_number_is_refused_in_words(client: FlaskClient, mina: dict[str, Any]) -> None:
    answer = client.get("/v1/clocks?project=first", **mina)
    assert answer.status_code == 400
    assert "must be a number" in answer.json["message"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
