"""A disk that fills up during an upload: a clear error, nothing acknowledged lost, and it goes on when there is space.

The disk is real and small: a tmpfs in a mount namespace of its own, which needs no privileges.
"""

import shutil
import uuid
from pathlib import Path

import requests
from sqlalchemy import select

from sync_server.node import Node
from sync_server.services.devices import add_device
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store.tables import submission_versions
from tests.support.samples import publish_visit, visit
from tests.support.server import LiveServer

DISK = "24m"
PHOTO = b"\xff\xd8" + b"j" * 1_500_000


def test_a_full_disk_loses_nothing_and_is_survived(tmp_path: Path) -> None:
    data = tmp_path / "node"
    prepared = tmp_path / "prepared"
    with Node.open(Settings(data=prepared, min_free_bytes=0)) as node:
        publish_visit(node)
        _, token = add_device(node, None, "tablet", 1)
    data.mkdir()
    script = (
        f"mount -t tmpfs -o size={DISK} tmpfs '{data}' && cp -r '{prepared}/.' '{data}' && "
        f"head -c 4000000 /dev/zero > '{data}/ballast' && exec \"$@\""
    )
    private = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh")
    with LiveServer(data, wrapper=private) as server, requests.Session() as session:
        url = f"{server.url}/v1/key/{token}/projects/1/submission"
        sent, refused = [], None
        while refused is None:
            instance = str(uuid.uuid4())
            answer = send(session, url, instance)
            if answer.status_code == 201:
                sent.append(instance)
            else:
                refused = answer
            assert len(sent) < 100
        assert sent
        assert refused.status_code == 507
        assert "OpenRosaResponse" in refused.text
        assert "send it again" in refused.text
        inside = Path(f"/proc/{server.pid}/root") / data.relative_to("/")
        (inside / "ballast").unlink()
        assert send(session, url, instance).status_code == 201
        for known in sent:
            assert send(session, url, known).status_code in (201, 202)
        shutil.copytree(inside, tmp_path / "copy")  # nothing is being sent; the mount ends with the server
    check(tmp_path / "copy", {*sent, instance})


def send(session: requests.Session, url: str, instance: str) -> requests.Response:
    photo = PHOTO + instance.encode()
    parts = [
        ("xml_submission_file", ("visit.xml", visit(instance, photo="p.jpg"), "text/xml")),
        ("p.jpg", ("p.jpg", photo, "image/jpeg")),
    ]
    return session.post(url, files=parts, headers={"X-OpenRosa-Version": "1.0"}, timeout=60)


def check(data: Path, instances: set[str]) -> None:
    """Every acknowledged submission is there once, with its photo whole."""
    with Node.open(Settings(data=data, min_free_bytes=0)) as node:
        assert list(verify_node(node)) == []
        with node.database.read() as session:
            stored = list(session.scalars(select(submission_versions.c.instance_id)))
    assert sorted(stored) == sorted(f"uuid:{instance}" for instance in instances)
