"""Answer submissions without storing them: the floor that the node's rate is compared with.

The same HTTP server, the same Flask, the same answer; multipart and XML are parsed and nothing is kept. What the node
takes longer is the price of its promise (durable before 201) and of its own code. `--parser node` reads the multipart
with the node's own code, `--parser flask` with Flask's, which is slower and so makes a lower floor.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
from pathlib import Path

from flask import Flask, Request, Response, request

from sync_server.blobs.memory import MemoryBlobs
from sync_server.core.instance_xml import parse_xml
from sync_server.protocols.upload import read_parts
from sync_server.server import HttpServer, listen

ANSWER = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="http://openrosa.org/http/response">'
    b'<message nature="submit_success">Received.</message></OpenRosaResponse>'
)
BLOBS = MemoryBlobs()


class UploadRequest(Request):
    max_form_memory_size = None


def create_app(parser: str) -> Flask:
    app = Flask(__name__)
    app.request_class = UploadRequest
    read_xml = read_xml_by_flask if parser == "flask" else read_xml_by_node

    @app.post("/submission")
    def post_submission() -> Response:
        root = parse_xml(read_xml())
        has_id = any(element.text for element in root.iter("instanceID"))
        headers = {"X-OpenRosa-Version": "1.0"}
        return Response(ANSWER, 201 if has_id else 400, headers, content_type="text/xml; charset=utf-8")

    return app


def read_xml_by_flask() -> bytes:
    return request.files["xml_submission_file"].stream.read()


def read_xml_by_node() -> bytes:
    with read_parts(request, BLOBS) as (xml, _files):
        return xml


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--parser", choices=("node", "flask"), default="node")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # as the node does
    listener = listen("127.0.0.1", options.port)
    app = create_app(options.parser)
    HttpServer(app, listener, threads=options.threads, scratch=Path(tempfile.gettempdir())).run()


if __name__ == "__main__":
    main()
