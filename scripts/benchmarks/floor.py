"""Answer submissions without storing them: the floor that the node's rate is compared with.

The same HTTP server, the same Flask, the multipart form and the XML parsed by the same libraries, the same answer. What the node takes longer
is the price of its promise (durable before 201) and of its own code.
"""

from __future__ import annotations

import argparse
from typing import IO

from flask import Flask, Request, Response, request
from lxml import etree

ANSWER = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="http://openrosa.org/http/response">'
    b'<message nature="submit_success">Form Received!</message></OpenRosaResponse>'
)


class UploadRequest(Request):
    max_form_memory_size = None


def create_app() -> Flask:
    app = Flask(__name__)
    app.request_class = UploadRequest

    @app.post("/submission")
    def post_submission() -> Response:
        root = parse(request.files["xml_submission_file"].stream)
        instance_id = next(element.text for element in root.iter("instanceID"))
        status = 201 if instance_id and root.get("id") else 400
        return Response(ANSWER, status, {"X-OpenRosa-Version": "1.0"}, content_type="text/xml; charset=utf-8")

    @app.get("/ready")
    def get_ready() -> str:
        return "ready"

    return app


def parse(stream: IO[bytes]) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(stream.read(), parser)


def main() -> None:
    from granian import Granian
    from granian.constants import Interfaces

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=64)
    options = parser.parse_args()
    Granian(
        "benchmarks.floor:create_app",
        factory=True,
        port=options.port,
        interface=Interfaces.WSGI,
        blocking_threads=options.threads,
    ).serve()


if __name__ == "__main__":
    main()
