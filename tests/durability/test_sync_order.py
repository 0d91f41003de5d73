"""The disk is told to keep the bytes before the tablet is told that we have them (strace, a real server)."""

import re
from pathlib import Path

import requests

from sync_server.node import Node
from sync_server.services.devices import add_device
from sync_server.settings import Settings
from tests.support.new_folder import new_folder
from tests.support.samples import publish_visit, visit
from tests.support.senders import post
from tests.support.server import LiveServer

CALLS = "fsync,fdatasync,rename,renameat,renameat2,write,writev,pwrite64,sendto,sendmsg"


def test_every_sync_comes_before_the_201(tmp_path: Path) -> None:
    settings = Settings(data=new_folder(tmp_path / "node"), min_free_bytes=0)
    with Node.open(settings) as node:
        publish_visit(node)
        _, token = add_device(node, None, "tablet", 1)
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-y", "-s", "64", "-e", f"trace={CALLS}", "-o", str(trace))
    with LiveServer(settings.data, wrapper=strace) as server, requests.Session() as session:
        url = f"{server.url}/v1/key/{token}/projects/1/submission"
        assert post(session, url, visit(photo="p.jpg"), {"p.jpg": b"jpeg" * 100_000}) == 201
    lines = finished(trace.read_text(errors="replace").splitlines())
    answer = next(n for n, line in enumerate(lines) if "HTTP/1.1 201" in line)
    before = lines[:answer]
    rename = last(before, r"rename\w*\(.*blobs/incoming/\w+.*blobs/[0-9a-f]{2}/[0-9a-f]{64}")
    blob = last(before, r"(fsync|fdatasync)\(\d+<.*blobs/incoming/\w+>")
    folder = last(before, r"fsync\(\d+<.*blobs/[0-9a-f]{2}>")
    log_written = last(before, r"pwrite64\(\d+<.*sync\.db-wal>")
    log_synced = last(before, r"(fsync|fdatasync)\(\d+<.*sync\.db-wal>")
    assert blob < rename < folder < log_written < log_synced < answer


def last(lines: list[str], pattern: str) -> int:
    found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    assert found, f"no call like {pattern} before the answer"
    return found[-1]


def finished(lines: list[str]) -> list[str]:
    """Join calls that strace split into 'unfinished' and 'resumed', at the place where they ended."""
    begun: dict[str, str] = {}
    whole = []
    for line in lines:
        thread = line.split(maxsplit=1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
            if "HTTP/1.1" in line:  # an answer counts from when it begins
                whole.append(line)
        elif "resumed>" in line:
            whole.append(begun.pop(thread, "") + line.partition("resumed>")[2])
        else:
            whole.append(line)
    return whole
