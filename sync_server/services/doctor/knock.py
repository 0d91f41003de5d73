"""Ask who answers at an address of this machine: one GET of the first page. It never leaves the machine."""

import socket
from enum import StrEnum
from http.client import HTTPConnection, HTTPException

SECONDS = 5
OURS = "sync-server"  # what the server calls itself in the header Server


class Answer(StrEnum):
    OURS = "ours"
    FAILS = "fails"  # ours, with an error of its own
    STRANGER = "stranger"
    SILENT = "silent"
    NOBODY = "nobody"


def knock(host: str, port: int) -> Answer:
    connection = HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        is_ours = (response.getheader("Server") or "").startswith(OURS)
    except TimeoutError:
        return Answer.SILENT
    except ConnectionResetError:
        return Answer.STRANGER
    except OSError:
        return Answer.NOBODY
    except HTTPException:
        return Answer.STRANGER
    finally:
        connection.close()
    if not is_ours:
        return Answer.STRANGER
    return Answer.FAILS if response.status >= 500 else Answer.OURS


def is_an_address_here(host: str) -> bool:
    """Tell whether a server could listen at this address: by taking any free port there for a moment."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
