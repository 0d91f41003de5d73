"""The page Bundles: made for one peer, taken in one go with all volumes, and nothing for whom it is none of theirs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.app import create_app
from sync_server.core.roles import COORDINATOR, VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.replication.bundle_desk import make_on_desk
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.services.projects import add_project
from sync_server.store import assignments, peers
from tests.support.paired_nodes import WHEN, held, open_node, pair
from tests.support.people import add_person
from tests.support.samples import publish, send, submission
from tests.support.stick import Stick
from tests.web.conftest import csrf_of, sign_in

PHOTO = bytes(range(256)) * 4000


@pytest.fixture
def office_hub(hub: Node, tmp_path: Path) -> Iterator[Node]:
    """An office that sends to this node, here the centre, and has heard of it once."""
    with open_node(tmp_path / "office") as other:
        publish(hub, "1", {"/place": "string", "/photo": "binary"})
        pair(other, hub, name="Sinjar")
        Stick(tmp_path / "first").carry(hub, other)
        yield other


@pytest.fixture
def desk(app: Flask, hub: Node) -> Iterator[FlaskClient]:
    """Bob's browser: he coordinates the project that both have."""
    add_person(hub, "bob", Grant(COORDINATOR, 1))
    with app.test_client() as client:
        assert sign_in(client, "bob@example.org").status_code == 303
        yield client


def fill(node: Node, first: int, count: int = 2) -> None:
    for number in range(first, first + count):
        xml = submission(f"uuid:{number}", f"<place>{number}</place><photo>{number}.jpg</photo>")
        send(node, xml, {f"{number}.jpg": PHOTO + bytes([number])})


def take(client: FlaskClient, *paths: Path, csrf: str = "", names: tuple[str, ...] = ()) -> TestResponse:
    """Send files as a browser does: the page's word first."""
    shown = names or tuple(path.name for path in paths)
    files = [(BytesIO(path.read_bytes()), name) for path, name in zip(paths, shown, strict=True)]
    word = csrf or csrf_of(client, "/bundles")
    data = {"__csrf": word, "files": files}
    answer = client.post("/bundles/take", data=data, content_type="multipart/form-data", buffered=True)
    answer.request.environ["wsgi.input"].close()  # where it is large, the test's client has it in a file
    return answer


def words(answer: TestResponse) -> str:
    return (
        re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", answer.text))).replace("\u2068", "").replace("\u2069", "")
    )


def links(answer: TestResponse) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="(/bundles/file[^"]+)"', answer.text)]


def volumes_of(path: Path) -> list[Path]:
    return [each for each in sorted(path.parent.iterdir()) if each.name.startswith(path.name) and each.suffix != ".ack"]


def test_bob_takes_a_bundle_with_its_volumes_and_carries_the_acknowledgement_back(
    desk: FlaskClient, hub: Node, office_hub: Node, tmp_path: Path
) -> None:
    fill(office_hub, 0)
    made = make_bundle(office_hub, hub.id, Stick(tmp_path / "up").folder / "b", volume_bytes=1_000_000)
    assert made.volumes > 1
    answer = take(desk, *reversed(volumes_of(made.path)))
    assert re.search(r"Taken from Sinjar\. New: [1-9]\d*, known already: \d+, files: 2\.", words(answer)), words(answer)
    assert held(hub).files == held(office_hub).files
    (link,) = set(links(answer))
    downloaded = desk.get(link, buffered=True)
    assert downloaded.headers["Content-Disposition"].startswith("attachment")
    back = tmp_path / "up" / "back.ack"
    back.write_bytes(downloaded.data)
    assert take_bundle(office_hub, back).is_acknowledgement
    fill(office_hub, 10, 1)
    assert make_bundle(office_hub, hub.id, tmp_path / "up" / "c").files == 1


def test_names_do_not_matter_and_the_order_neither(
    desk: FlaskClient, hub: Node, office_hub: Node, tmp_path: Path
) -> None:
    """A browser calls the second of one name b (1).001; the second bundle begins where the first one ends."""
    folder = Stick(tmp_path / "up").folder
    fill(office_hub, 0)
    first = make_bundle(office_hub, hub.id, folder / "a", volume_bytes=1_000_000)
    files = volumes_of(first.path)
    names = tuple(f"../../{number} (1).bundle" for number, _ in enumerate(files))
    answer = take(desk, *files, names=names)
    assert "Taken from Sinjar" in words(answer)
    assert f"{len(files) - 1} (1).bundle" in words(answer) or "0 (1).bundle" in words(answer)
    assert "../" not in answer.text
    assert [path.name for path in hub.scratch.glob("bundle-*")] == []


def test_bob_makes_a_bundle_and_downloads_it(desk: FlaskClient, hub: Node, office_hub: Node, tmp_path: Path) -> None:
    fill(hub, 50)
    word = csrf_of(desk, "/bundles")
    made = desk.post("/bundles/make", data={"__csrf": word, "peer": office_hub.id})
    assert made.status_code == 303
    page = desk.get("/bundles")
    (link,) = links(page)
    assert (hub.id in link, "bundle" in words(page)) == (False, True)
    stick = tmp_path / "carried"
    stick.write_bytes(desk.get(link, buffered=True).data)
    part = desk.get(link, headers={"Range": "bytes=10-19"}, buffered=True)
    assert (part.status_code, part.data) == (206, stick.read_bytes()[10:20])
    assert take_bundle(office_hub, stick).name == "centre"
    assert desk.get("/bundles/file?peer=" + office_hub.id + "&name=../../node.key").status_code == 303


def test_volumes_of_a_bundle_that_is_not_ended_are_not_offered(desk: FlaskClient, hub: Node, office_hub: Node) -> None:
    fill(hub, 0, 3)
    made = make_on_desk(hub, None, office_hub.id, volume_bytes=1_000_000)
    made.path.with_name(made.path.name + ".001").write_bytes(b"of before")
    made.path.unlink()
    assert links(desk.get("/bundles")) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "is damaged or not complete: its end is missing"),
        ("ar", "نهايتها مفقودة"),
        ("ckb", "کۆتاییەکەی نییە"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_the_page(
    desk: FlaskClient, hub: Node, office_hub: Node, tmp_path: Path, language: str, said: str
) -> None:
    fill(office_hub, 0)
    made = make_bundle(office_hub, hub.id, tmp_path / "b")
    made.path.write_bytes(made.path.read_bytes()[:-1])
    desk.get(f"/bundles?lang={language}")
    answer = take(desk, made.path, names=("رزمة.bundle",))
    assert (said in words(answer), "رزمة.bundle" in words(answer)) == (True, True), words(answer)


def test_each_kind_of_refusal_names_the_file_as_bob_knows_it(
    desk: FlaskClient, hub: Node, office_hub: Node, tmp_path: Path
) -> None:
    fill(office_hub, 0)
    folder = Stick(tmp_path / "up").folder
    made = make_bundle(office_hub, hub.id, folder / "b", volume_bytes=1_000_000)
    letter = folder / "letter.txt"
    letter.write_bytes(b"Dear all, " * 50)
    for files, name, text in (
        ((letter,), "letter.txt", "its end is missing"),
        ((made.path,), "b", "the volume .001 is missing"),
        ((made.path.with_name("b.001"),), "b.001", "whose last volume, which has no number, is missing"),
    ):
        answer = words(take(desk, *files))
        assert (text in answer, f"{name} " in answer) == (True, True), answer
    down = make_bundle(hub, office_hub.id, folder / "down")
    assert "was made for another node" in words(take(desk, down.path))
    assert held(hub).versions == set()


def test_no_file_and_no_page_of_ours_change_nothing(desk: FlaskClient, hub: Node, office_hub: Node) -> None:
    word = csrf_of(desk, "/bundles")
    parts = (f'name="__csrf"\r\n\r\n{word}', 'name="files"; filename=""\r\nContent-Type: x/y\r\n\r\n')  # as browsers do
    body = "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--b--\r\n"
    empty = desk.post("/bundles/take", data=body, content_type="multipart/form-data; boundary=b")
    assert "No file was chosen" in words(empty)
    foreign = desk.post(
        "/bundles/take", data={"__csrf": "x" * 32, "files": (BytesIO(b"x" * 90_000), "b")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert foreign.status_code == 403
    assert desk.post("/bundles/take", data={"files": (BytesIO(b"x"), "b")}).status_code == 403
    assert desk.post("/bundles/make", data={"peer": office_hub.id}).status_code == 403
    assert list(hub.scratch.glob("bundle-*")) == []


def test_a_disk_that_has_not_so_much_to_spare_is_said_before_anything_is_kept(
    office_hub: Node, tmp_path: Path, hub: Node
) -> None:
    with Node.open(replace(hub.settings, min_free_bytes=10**18)) as full:
        add_person(full, "carol", Grant(COORDINATOR, 1))
        client = create_app(full).test_client()
        sign_in(client, "carol@example.org")
        made = make_bundle(office_hub, hub.id, tmp_path / "b")
        answer = take(client, made.path)
        assert (answer.status_code, "disk has not so much to spare" in words(answer)) == (507, True)
        word = csrf_of(client, "/bundles")
        refused = client.post("/bundles/make", data={"__csrf": word, "peer": office_hub.id})
        assert (refused.status_code, "are free" in words(refused)) == (507, True)


def test_who_looks_after_a_part_of_what_is_shared_makes_and_takes_none(
    app: Flask, hub: Node, office_hub: Node, tmp_path: Path
) -> None:
    second = add_project(hub, None, "Second")

    def share(session: object) -> None:
        actor_id = peers.get_peer(session, office_hub.id).actor_id  # type: ignore[arg-type]
        grant = Grant(assignments.find_grants(session, actor_id)[0].role, second.id)  # type: ignore[arg-type]
        assignments.put_assignment(session, actor_id, grant, now=WHEN, by=None)  # type: ignore[arg-type]

    hub.write(share)
    hub.grants.forget()
    add_person(hub, "dara", Grant(COORDINATOR, 1))
    add_person(hub, "vera", Grant(VIEWER, 1))
    client = app.test_client()
    sign_in(client, "dara@example.org")
    page = words(client.get("/bundles"))
    assert ("Sinjar" in page, "not paired with another whose projects you look after" in page) == (False, True)
    word = csrf_of(client, "/bundles")
    assert client.post("/bundles/make", data={"__csrf": word, "peer": office_hub.id}).status_code == 403
    made = make_bundle(office_hub, hub.id, tmp_path / "b")
    assert "New:" not in words(take(client, made.path))
    assert held(hub).receipts == set()
    viewer = app.test_client()
    sign_in(viewer, "vera@example.org")
    assert viewer.get("/bundles").status_code == 403
