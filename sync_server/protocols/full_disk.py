"""What whoever sends is told when their body cannot be set down: in the dialect of the address, before the application.

A tablet's holder is told to keep the form, a program and another node what an operator has to make space for.
"""

import json

from sync_server.core.openrosa_xml import write_response
from sync_server.errors import DiskFull, SubmissionNotStored
from sync_server.protocols.addresses import is_openrosa_path


def write_full(path: str) -> tuple[str, bytes]:
    """Write the answer for an address: its content type, and its body."""
    if is_openrosa_path(path):
        return "text/xml; charset=utf-8", write_response(SubmissionNotStored.message, nature="submit_error")
    told = {"message": DiskFull.message, "code": float(DiskFull.code), "details": {}}
    return "application/json; charset=utf-8", json.dumps(told).encode()
