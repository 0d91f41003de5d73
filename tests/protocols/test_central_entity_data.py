"""Programs and people read entity lists in bulk: OData, CSV and GeoJSON at ODK Central's addresses."""

import csv
import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from sync_server.core.roles import VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace, delete_entities
from sync_server.store.accounts import Actor
from tests.support.forums import add_forums, change_forum, forum_id, make_forums, number_of
from tests.support.people import PASSWORD, add_person

BASE = "/v1/projects/1/datasets/forums"
TABLE = f"{BASE}.svc/Entities"
FORUMS = ListPlace(1, "forums")
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


class Reader:
    """Somebody who is signed in, and asks."""

    def __init__(self, client: FlaskClient, actor: Actor) -> None:
        signed_in = client.post("/v1/sessions", json={"email": actor.email, "password": PASSWORD})
        self.client = client
        self.headers = {"Authorization": f"Bearer {signed_in.json['token']}"}

    def get(self, path: str, headers: dict[str, str] | None = None, **options: str) -> TestResponse:
        query = {f"${name}": value for name, value in options.items()} or None
        return self.client.get(path, query_string=query, headers={**self.headers, **(headers or {})}, buffered=True)

    def rows(self, **options: str) -> list[dict[str, Any]]:
        answer = self.get(TABLE, **options)
        assert answer.status_code == 200, answer.text
        return answer.json["value"]

    def labels(self, **options: str) -> list[str]:
        return [row["label"] for row in self.rows(**options)]


@pytest.fixture
def mina(client: FlaskClient, hub: Node) -> Reader:
    return Reader(client, add_person(hub, "mina", Grant(VIEWER, 1)))


@pytest.fixture
def forums(hub: Node, alice: Actor) -> list[str]:
    """Bardarash and Zummar, made by Alice; then Sinjar, which was changed, by the operator."""
    make_forums(hub)
    place = "36.5 43.6 300 4.5"
    ids = add_forums(hub, {"label": "Bardarash", "adm2": "a", "geometry": place, "meets-on": "Monday"}, actor=alice)
    ids += add_forums(hub, {"label": "Zummar", "adm2": "b", "status": "open"}, first=1, actor=alice)
    ids += add_forums(hub, {"label": "Sinjar", "adm2": "b", "status": "open"}, first=2)
    change_forum(hub, ids[2], status="closed")
    return ids


def test_the_table_has_each_entity_with_its_properties_newest_first(
    mina: Reader, hub: Node, alice: Actor, forums: list[str]
) -> None:
    answer = mina.get(TABLE, count="true")
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.json["@odata.context"] == f"http://localhost{BASE}.svc/$metadata#Entities"
    assert (answer.json["@odata.count"], "@odata.nextLink" in answer.json) == (3, False)
    newest, _, oldest = answer.json["value"]
    assert (newest["label"], newest["status"], newest["geometry"]) == ("Sinjar", "closed", None)
    assert newest["__system"]["updates"] == 1
    assert newest["__system"]["updatedAt"] > newest["__system"]["createdAt"]
    assert (newest["__system"]["creatorId"], newest["__system"]["creatorName"]) == (None, None)
    system = oldest.pop("__system")
    assert oldest == {
        "__id": forums[0], "label": "Bardarash", "adm2": "a", "geometry": "36.5 43.6 300 4.5", "meets_on": "Monday",
        "status": None,
    }  # fmt: skip
    assert system.pop("createdAt").endswith("Z")
    assert system == {
        "creatorId": str(alice.id), "creatorName": "Alice", "updates": 0, "updatedAt": None, "deletedAt": None,
        "version": number_of(hub, forums[0]), "conflict": None,
    }  # fmt: skip


def test_a_reader_follows_the_links_and_has_all_once(mina: Reader, hub: Node, forums: list[str]) -> None:
    add_forums(hub, *({"label": f"More {n}"} for n in range(5)), first=3)
    for order in ("", "adm2 desc", "__system/updatedAt", "__system/creatorId desc,status"):
        options = {"top": "3", **({"orderby": order} if order else {})}
        answer = mina.get(TABLE, count="true", skip="0", **options)
        found, pages = list(answer.json["value"]), 1
        while link := answer.json.get("@odata.nextLink"):
            path = urlsplit(link)
            answer = mina.get(f"{path.path}?{path.query}")
            assert answer.json["@odata.count"] == 8
            found, pages = found + answer.json["value"], pages + 1
        whole = mina.rows(**({"orderby": order} if order else {}))
        assert (found, pages) == (whole, 3), order
    assert mina.get(TABLE, top="0").json["value"] == []
    assert "@odata.nextLink" not in mina.get(TABLE, top="0").json


def test_what_comes_in_between_two_pages_moves_nothing(mina: Reader, hub: Node, forums: list[str]) -> None:
    link = urlsplit(mina.get(TABLE, top="2").json["@odata.nextLink"])
    add_forums(hub, {"label": "New"}, first=9)
    delete_entities(hub, FORUMS, [forums[1]])  # the row behind which the next page begins
    (rest,) = mina.get(f"{link.path}?{link.query}").json["value"]
    assert rest["label"] == "Bardarash"


def test_rows_are_chosen_by_what_the_server_knows_and_by_properties(
    mina: Reader, hub: Node, alice: Actor, forums: list[str]
) -> None:
    assert mina.labels(filter="adm2 eq 'b' and status ne 'closed'") == ["Zummar"]
    assert mina.labels(filter="meets_on eq 'Monday'") == mina.labels(filter="meets-on eq 'Monday'") == ["Bardarash"]
    assert mina.labels(filter="status eq null") == ["Bardarash"]
    assert mina.labels(filter=f"__id eq '{forums[1]}'") == ["Zummar"]
    assert mina.labels(filter=f"__system/creatorId eq {alice.id}", orderby="label") == ["Bardarash", "Zummar"]
    assert mina.labels(filter="__system/updatedAt ne null") == ["Sinjar"]
    assert mina.labels(filter="year(__system/createdAt) lt year(now())") == []
    assert len(mina.labels(filter="__system/createdAt le now() and second(__system/createdAt) lt 60")) == 3
    assert mina.labels(filter="__system/createdAt gt 2999-01-01") == []
    assert mina.labels(filter="__system/conflict eq 'hard' or __system/version lt 10") == []
    delete_entities(hub, FORUMS, forums[:1])
    assert mina.labels(filter="__system/deletedAt ne null") == ["Bardarash"]
    assert mina.labels() == ["Sinjar", "Zummar"]


def test_words_are_looked_for_in_label_and_properties(mina: Reader, forums: list[str]) -> None:
    assert mina.labels(search="zummar") == ["Zummar"]
    assert mina.labels(search="open OR monday") == ["Zummar", "Bardarash"]
    assert mina.labels(search="b -closed -monday") == ["Zummar"]
    assert mina.labels(search='"36.5 43.6"') == ["Bardarash"]
    assert mina.labels(search="%") == []
    assert mina.get(f"{BASE}/entities.csv", search="zummar").text.count("\n") == 2


def test_only_the_fields_that_are_asked_for_are_shown(mina: Reader, forums: list[str]) -> None:
    assert mina.rows(select="label, adm2", top="1") == [{"label": "Sinjar", "adm2": "b"}]
    (row,) = mina.rows(select="__id,__system/updates", top="1")
    assert row == {"__id": forums[2], "__system": {"updates": 1}}
    assert mina.get(TABLE, select="label,shoe").json["code"] == 501.5


@pytest.mark.parametrize(
    "options, status, code",
    [
        ({"filter": "shoe eq 'x'"}, 501, 501.5),
        ({"filter": "$root/Submissions/label eq 'x'"}, 501, 501.5),
        ({"filter": "label eq"}, 400, 400.18),
        ({"filter": "label"}, 400, 400.18),
        ({"filter": "__system/createdAt eq 'monday'"}, 400, 400.18),
        ({"filter": "year(label) eq 5"}, 400, 400.18),
        ({"filter": "contains(label, 'x')"}, 501, 501.4),
        ({"orderby": "shoe"}, 501, 501.5),
        ({"orderby": "label down"}, 400, 400.18),
        ({"skiptoken": "nonsense"}, 400, 400.35),
        ({"skiptoken": "01eyJ1dWlkIjoieCIsImFmdGVyIjpbIngiXX0="}, 400, 400.35),  # {"uuid":"x","after":["x"]}
        ({"skiptoken": "01eyJ1dWlkIjoieCIsImFmdGVyIjpbNV19"}, 400, 400.35),  # {"uuid":"x","after":[5]}
        ({"top": "many"}, 400, 400.8),
        ({"skip": "-1"}, 400, 400.8),
        ({"count": "perhaps"}, 400, 400.8),
        ({"apply": "x"}, 501, 501.1),
        ({"expand": "x"}, 501, 501.1),
        ({"format": "atom"}, 406, 406.1),
    ],
)
def test_what_cannot_be_answered_is_named(
    mina: Reader, forums: list[str], options: dict[str, str], status: int, code: float
) -> None:
    answer = mina.get(TABLE, **options)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_an_option_without_a_dollar_is_named_too(mina: Reader, forums: list[str]) -> None:
    answer = mina.get(f"{TABLE}?top=5")
    assert (answer.status_code, answer.json["details"]) == (501, {"feature": "top"})
    assert mina.get(f"{BASE}/entities.csv?$top=5").status_code == 501


def test_metadata_names_every_field_that_rows_have(mina: Reader, forums: list[str]) -> None:
    service = mina.get(f"{BASE}.svc").json
    assert [table["url"] for table in service["value"]] == ["Entities"]
    assert service["@odata.context"].endswith("/forums.svc/$metadata")
    document = etree.fromstring(mina.get(f"{BASE}.svc/$metadata").data)
    described = {type.get("Name"): [p.get("Name") for p in type.iter(f"{EDM}Property")] for type in document.iter()
                 if type.tag in (f"{EDM}EntityType", f"{EDM}ComplexType")}  # fmt: skip
    row = mina.rows(top="1")[0]
    assert set(described["Entities"]) == row.keys()
    assert set(described["metadata"]) == row["__system"].keys()
    assert mina.get(f"{BASE}.svc/$metadata", format="json").status_code == 406


def test_the_csv_has_centrals_columns_and_the_rows_of_the_table(mina: Reader, forums: list[str]) -> None:
    answer = mina.get(f"{BASE}/entities.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=forums.csv"
    assert answer.content_length == len(answer.data)
    read = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert list(read[0]) == [
        "__id", "label", "adm2", "geometry", "meets-on", "status", "__createdAt", "__creatorId", "__creatorName",
        "__updates", "__updatedAt", "__version",
    ]  # fmt: skip
    for shown, row in zip(read, mina.rows(), strict=True):
        assert shown.pop("meets-on") == (row.pop("meets_on") or "")
        flat = {**row, **{f"__{name}": value for name, value in row.pop("__system").items()}}
        assert shown == {name: str("" if flat[name] is None else flat[name]) for name in shown}
    chosen = mina.get(f"{BASE}/entities.csv", filter="adm2 eq 'a'").text
    assert ("Bardarash" in chosen, "Sinjar" in chosen) == (True, False)


@pytest.mark.parametrize("path", [TABLE, f"{BASE}/entities.csv", f"{BASE}/entities.geojson", f"{BASE}.svc"])
def test_what_did_not_change_is_not_sent_again(mina: Reader, hub: Node, forums: list[str], path: str) -> None:
    first = mina.get(path)
    again = mina.get(path, {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    change_forum(hub, forums[0], geometry="36 43")
    changed = mina.get(path, {"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == (304 if path.endswith(".svc") else 200)


def test_places_are_features_and_what_is_no_place_is_none(mina: Reader, hub: Node, forums: list[str]) -> None:
    change_forum(hub, forums[1], geometry="36 43 0 0; 36 44 0 0; 37 44 0 0; 36 43 0 0")
    change_forum(hub, forums[2], geometry="beside the mosque")
    shown = mina.get(f"{BASE}/entities.geojson").json
    area, point = shown["features"]
    assert area["geometry"] == {
        "type": "Polygon", "coordinates": [[[43, 36, 0], [44, 36, 0], [44, 37, 0], [43, 36, 0]]],
    }  # fmt: skip
    assert point == {
        "type": "Feature", "id": forums[0], "properties": None,
        "geometry": {"type": "Point", "coordinates": [43.6, 36.5, 300]},
    }  # fmt: skip
    assert mina.get(f"{BASE}/entities.geojson", filter="adm2 eq 'a'").json["features"] == [point]
    assert mina.get(f"{BASE}/entities.geojson?limit=1").json["features"] == [area]
    assert mina.get(f"{BASE}/entities/{forums[0]}/geojson").json["features"] == [point]
    assert mina.get(f"{BASE}/entities/{forums[2]}/geojson").json["features"] == []
    assert mina.get(f"{BASE}/entities/{forum_id(99)}/geojson").status_code == 404


def test_who_may_not_list_entities_reads_none(client: FlaskClient, hub: Node, forums: list[str], mina: Reader) -> None:
    stranger = Reader(client, add_person(hub, "chelsea"))
    for path in (TABLE, f"{BASE}.svc", f"{BASE}.svc/$metadata", f"{BASE}/entities.csv", f"{BASE}/entities.geojson"):
        assert stranger.get(path).status_code == 404, path
        assert mina.get(path.replace("forums", "nothing")).status_code == 404, path


def test_who_is_limited_to_a_district_reads_its_entities_everywhere_and_no_others(
    client: FlaskClient, hub: Node, forums: list[str]
) -> None:
    viewer = Reader(client, add_person(hub, "dana", Grant(VIEWER, 1, rows="#adm2+code eq 'a'")))
    assert [row["__id"] for row in viewer.rows()] == [forums[0]]
    assert viewer.get(TABLE, count="true").json["@odata.count"] == 1
    assert viewer.get(TABLE, filter="adm2 eq 'b'").json["value"] == []
    assert viewer.get(f"{BASE}/entities.csv").text.count("\n") == 2
    assert len(viewer.get(f"{BASE}/entities.geojson").json["features"]) == 1
    assert viewer.get(f"{BASE}/entities/{forums[0]}/geojson").status_code == 200
    assert viewer.get(f"{BASE}/entities/{forums[1]}/geojson").status_code == 404


def test_who_is_limited_to_a_district_reads_none_of_a_list_that_knows_none(
    client: FlaskClient, hub: Node, forums: list[str]
) -> None:
    viewer = Reader(client, add_person(hub, "dana", Grant(VIEWER, 1, rows="#country+code eq 'a'")))
    assert viewer.rows() == []
    assert viewer.get(TABLE, count="true").json["@odata.count"] == 0
    assert viewer.get(f"{BASE}/entities.csv").text.count("\n") == 1
    assert viewer.get(f"{BASE}/entities.geojson").json["features"] == []
    assert viewer.get(f"{BASE}/entities/{forums[0]}/geojson").status_code == 404


def test_the_service_is_found_with_a_slash_and_by_its_head(mina: Reader, forums: list[str]) -> None:
    assert mina.get(f"{BASE}.svc/").json == mina.get(f"{BASE}.svc").json
    for path in (TABLE, f"{BASE}/entities.csv"):
        answer, whole = mina.client.head(path, headers=mina.headers, buffered=True), mina.get(path)
        assert (answer.status_code, answer.data) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type"):
            assert answer.headers[name] == whole.headers[name]
