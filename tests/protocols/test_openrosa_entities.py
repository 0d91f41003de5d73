"""A tablet finds entity lists in the manifest, gets them whole, and is told what was deleted (conformance E)."""

import csv
import io

from lxml import etree

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.store import entities
from tests.protocols.conftest import Tablet, put_media
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, publish_picker, publish_wells, update, well

MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


def manifest(tablet: Tablet, version_id: int) -> dict[str, etree._Element]:
    answer = tablet.get(f"/xformsManifest/{version_id}")
    assert answer.status_code == 200
    return {str(file.findtext(f"{MANIFEST}filename")): file for file in etree.fromstring(answer.data)}


def text(file: etree._Element, name: str) -> str:
    return file.findtext(MANIFEST + name) or ""


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8"), newline="")))


def test_a_form_that_picks_from_a_list_gets_it_in_the_manifest(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    version_id = publish_picker(hub)
    send(hub, well("a", place='Bartella, "old"\ntown'))
    consumers.catch_up(hub)
    assert b"xformsManifest" in tablet.get("/formList").data
    file = manifest(tablet, version_id)["wells.csv"]
    assert file.get("type") == "entityList"
    answer = tablet.get(text(file, "downloadUrl"))
    assert answer.content_length == len(answer.data)
    (row,) = rows(answer.data)
    number = row.pop("__version")
    assert number.isdecimal()
    assert row == {"name": WELL, "label": "Bartella", "place": 'Bartella, "old"\ntown', "reason": "", "status": "open"}


def test_the_hash_is_the_same_from_every_form_and_changes_with_what_is_served_alone(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    forms = [publish_picker(hub), publish_picker(hub, "checks")]

    def hashes() -> set[str]:
        consumers.catch_up(hub)
        return {text(manifest(tablet, form)["wells.csv"], "hash") for form in forms}

    send(hub, well("a"))
    (first,) = hashes()
    send(hub, well("b", id="seven"), minutes=1)  # fails
    send(hub, well("a"), minutes=2)  # was here
    assert hashes() == {first}
    send(hub, well("c", id=OTHER), minutes=3)
    (second,) = hashes()
    assert second != first
    consumers.rebuild(hub)
    assert hashes() == {second}


def test_an_unchanged_list_costs_nothing(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    file = manifest_after(hub, tablet)
    url = text(file, "downloadUrl")
    etag = tablet.get(url).headers["ETag"]
    assert etag.strip('"') == text(file, "hash").removeprefix("md5:")
    unchanged = tablet.client.get(url, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    send(hub, well("c", id=OTHER), minutes=3)
    consumers.catch_up(hub)
    assert tablet.client.get(url, headers={"If-None-Match": etag}, buffered=True).status_code == 200


def manifest_after(hub: Node, tablet: Tablet) -> etree._Element:
    version_id = publish_picker(hub)
    send(hub, well("a"))
    consumers.catch_up(hub)
    return manifest(tablet, version_id)["wells.csv"]


def test_what_is_in_conflict_is_served_with_its_provisional_value(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    file = manifest_after(hub, tablet)
    number = int(rows(tablet.get(text(file, "downloadUrl")).data)[0]["__version"])
    for minutes, branch in enumerate(("one", "two"), start=1):
        send(hub, well(branch, update(number, branch), state=branch), minutes=minutes)
    consumers.catch_up(hub)
    (row,) = rows(tablet.get(text(file, "downloadUrl")).data)
    assert row["status"] in ("one", "two")
    assert int(row["__version"]) > number


def test_a_file_that_somebody_put_there_is_served_as_it_is(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    version_id = publish_picker(hub)
    put_media(hub, version_id, "wells.csv", b"name,label\nx,X\n")
    consumers.catch_up(hub)
    file = manifest(tablet, version_id)["wells.csv"]
    assert file.get("type") is None
    assert tablet.get(text(file, "downloadUrl")).data == b"name,label\nx,X\n"


def test_integrity_tells_of_what_is_known_alone_and_takes_ten_thousand_ids(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    url = text(manifest_after(hub, tablet), "integrityUrl")
    unknown = [f"0190a1b2-0000-4000-9000-{n:012d}" for n in range(9_999)]
    answer = tablet.client.get(f"{url}?id={','.join([WELL, *unknown])}&deviceID=collect%3Aabc")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    told = {e.get("id"): e.findtext("deleted") for e in etree.fromstring(answer.data).iterfind("entities/entity")}
    assert told == {WELL: "false"}


def test_a_list_that_a_form_does_not_name_is_not_served_with_it(tablet: Tablet, hub: Node) -> None:
    version_id = publish_wells(hub).row_id
    consumers.catch_up(hub)
    assert manifest(tablet, version_id) == {}
    assert tablet.get(f"/xformsMedia/{version_id}/wells.csv").status_code == 404
    assert tablet.get(f"/xformsMedia/{version_id}/wells.csv/integrity").status_code == 404


def test_a_list_of_many_is_served_whole_and_in_one_order(tablet: Tablet, hub: Node) -> None:
    publish_wells(hub)
    version_id = publish_picker(hub)
    for n in range(30):
        send(hub, well(f"m{n}", id=f"{sha256_hex(str(n).encode())[:8]}-0000-4000-8000-000000000000"), minutes=n)
    consumers.catch_up(hub)
    served = rows(tablet.get(text(manifest(tablet, version_id)["wells.csv"], "downloadUrl")).data)
    assert len(served) == 30
    assert [row["name"] for row in served] == sorted(row["name"] for row in served)
    with hub.database.read() as session:
        assert [each.entity_id for each in entities.iter_served(session, 1, "wells")] == [row["name"] for row in served]
