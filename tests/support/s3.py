"""An S3 on this machine, over real HTTP (moto), whose link can be made to break and whose answers to fail."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIEnvironment

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from sync_server.blobs.s3 import S3Blobs, S3Place
from sync_server.blobs.s3_client import S3Options, connect

ACCESS_KEY, SECRET_KEY = "AKIAFORTESTSONLY", "secret-for-tests-only"
REGION = "us-east-1"
SMALLEST_PART = 5 * 1024 * 1024

Matches = Callable[[WSGIEnvironment], bool]


@dataclass(slots=True)
class Fault:
    """What to do with the next `times` requests that match: answer a status, or cut the body off after some bytes."""

    matches: Matches
    status: str = ""
    code: str = ""
    cut_after: int = 0
    times: int = 1


@dataclass(slots=True)
class Requests:
    """What was asked, and what is to go wrong."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, environ: WSGIEnvironment) -> Fault | None:
        with self.lock:
            self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
            for fault in self.faults:
                if fault.times > 0 and fault.matches(environ):
                    fault.times -= 1
                    return fault
        return None


class S3Server:
    def __init__(self) -> None:
        self.requests = Requests()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def new_bucket(self) -> str:
        """Make a bucket of its own for a test, and forget what was asked before."""
        self.requests.faults.clear()
        name = f"node-{uuid4().hex[:12]}"
        self.nodes_client.create_bucket(Bucket=name)
        self.requests.seen.clear()
        return name

    def client(self) -> Any:
        session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
        return session.client("s3", endpoint_url=self.endpoint)

    @cached_property
    def nodes_client(self) -> Any:
        """The client that a node would make; making one takes a fifth of a second."""
        return connect(S3Options(self.endpoint, REGION, ACCESS_KEY, SECRET_KEY))

    def count(self, method: str) -> int:
        return sum(seen == method for seen, _path in self.requests.seen)

    def fail(self, method: str, *, status: str = "503 Slow Down", code: str = "SlowDown", times: int = 1) -> None:
        self.requests.faults.append(Fault(lambda e: e["REQUEST_METHOD"] == method, status, code, times=times))

    def cut(self, *, after: int, times: int = 1) -> None:
        """Break the connection after so many bytes of a blob."""
        self.requests.faults.append(Fault(lambda e: e["REQUEST_METHOD"] == "GET", cut_after=after, times=times))

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        fault = self.requests.take(environ)
        if f"Credential={ACCESS_KEY}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            fault = Fault(lambda _: True, "403 Forbidden", "InvalidAccessKeyId")
        if fault and fault.status:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start(fault.status, [("Content-Type", "application/xml")])
            return [f"<Error><Code>{fault.code}</Code><Message>no</Message></Error>".encode()]
        body = self._moto(environ, start)
        return [b"".join(body)[: fault.cut_after]] if fault else body


def open_bucket(server: S3Server, folder: Path, bucket: str = "", **options: Any) -> S3Blobs:
    """Open a store in a bucket, a new one unless it is named; its parts are as small as S3 lets them be."""
    place = S3Place(bucket or server.new_bucket(), "node/", options.pop("encryption", ""))
    return S3Blobs(server.nodes_client, place, folder / "scratch", **{"part_bytes": SMALLEST_PART, **options})


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the tests look at what was asked."""
