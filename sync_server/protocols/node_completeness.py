"""Say whether everything is on both nodes (docs/completeness.md), as JSON and as CSV (our own addresses).

GET /v1/projects/{id}/completeness/nodes ?node &from &to · …/completeness/nodes.csv

The centre is called while the request waits. A CSV is finished before its first byte is sent: an error is a Problem,
never a short file. One comparison at a time in a process: each costs both nodes a look through all they hold.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from sync_server.core.held_version import HeldCount, Period, period_of_days
from sync_server.errors import UnexpectedValue
from sync_server.peer_errors import ComparisonUnderWay
from sync_server.protocols.central_sessions import write_time
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.query_arguments import read_day
from sync_server.protocols.schemas_nodes import ComparisonSchema
from sync_server.protocols.shapes import Asked, Content
from sync_server.replication.compare_nodes import Comparison, Finding
from sync_server.replication.comparison_csv import write_csv
from sync_server.replication.open_comparison import VERB, open_comparison

blueprint = Blueprint("node_completeness", __name__)

MOST_SHOWN = 10_000  # findings in JSON; the CSV has all
_NODES = "/v1/projects/<int:project_id>/completeness/nodes"
_NEED: dict[str, Any] = {"verb": VERB, "is_somewhere": True, "is_filtered": True, "also": (409, 501)}
_ASKS = (
    Asked("node", "string", "The name of the node to compare with; by default the centre."),
    Asked("from", "string", "From this day on, such as 2026-11-23, in the node's time zone."),
    Asked("to", "string", "Up to this day, which is included."),
)
_CSV = Content(("text/csv",), "a row for each count, then one for each thing that only one node holds")
_IN_MEMORY, _PIECE = 1_000_000, 65_536
_turn = threading.BoundedSemaphore()


@blueprint.get(_NODES)
@central_endpoint(**_NEED, answers=ComparisonSchema, asks=_ASKS)
def get_nodes(project_id: int) -> Any:
    """Compare with another node: what each holds, and what only one of them does."""
    with _compare(project_id) as found:
        shown: list[dict[str, Any]] = []
        left_out = 0
        for finding in found.read():
            if len(shown) < MOST_SHOWN:
                shown.append(_write_finding(finding))
            else:
                left_out += 1
        return {
            **{"node": found.there_name, "is_complete": not found.missing, "missing": found.missing},
            **{"held": [_write_pair(*pair) for pair in found.pairs], "findings": shown, "left_out": left_out},
        }


@blueprint.get(f"{_NODES}.csv")
@central_endpoint(**_NEED, answers=_CSV, asks=_ASKS)
def get_nodes_csv(project_id: int) -> Response:
    """The same as CSV, with all findings."""
    spool = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 it is closed with the answer
    try:
        with _compare(project_id) as found:
            for line in write_csv(found, _zone()):
                spool.write(line.encode())
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    response = Response(_pieces(spool), content_type="text/csv; charset=utf-8")
    response.call_on_close(spool.close)
    response.headers["Content-Disposition"] = 'attachment; filename="completeness.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(_PIECE):
            yield piece


@contextmanager
def _compare(project_id: int) -> Iterator[Comparison]:
    node, actor, period = current_node(), require_actor(), _period()
    if not _turn.acquire(blocking=False):
        raise ComparisonUnderWay
    try:
        name = request.args.get("node", "")
        with open_comparison(node, actor, project_id=project_id, name=name, period=period) as found:
            yield found
    finally:
        _turn.release()


def _period() -> Period:
    first, last = read_day("from"), read_day("to")
    if first and last and first > last:
        raise UnexpectedValue(field="to", value=last, reason="it is before the day to begin with.")
    return period_of_days(first, last, _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(current_node().settings.timezone)


def _write_pair(here: HeldCount, there: HeldCount) -> dict[str, Any]:
    return {
        **{"form_id": here.form_id, "device_id": here.device_id},
        **{"here": _write_count(here), "there": _write_count(there)},
    }


def _write_count(count: HeldCount) -> dict[str, int]:
    return {"submissions": count.submissions, "edits": count.edits, "files": count.files}


def _write_finding(finding: Finding) -> dict[str, Any]:
    held = finding.held
    return {
        **{"what": finding.what, "form_id": held.form_id, "instance_id": held.instance_id, "edits": held.edits},
        **{"version": held.version, "device_id": held.device_id, "received_at": write_time(held.received_at)},
        **{"file": finding.file, "size": finding.size, "present": finding.present},
    }
