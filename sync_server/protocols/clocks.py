"""Say which tablets' clocks were off, and when submissions were finished instead (our own addresses; not Central's).

GET /v1/clocks · /v1/clocks.csv · /v1/clocks/submissions · /v1/clocks/submissions.csv ?project &form &device

Answers are written tablet by tablet, while they are worked out: one that ends in the middle was cut off.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from sync_server.core.scope import READ
from sync_server.core.tablet_clock import TabletClock, follow
from sync_server.exporters.clock_csv import write_offsets, write_times
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.schemas_clocks import TabletClockSchema, TabletTimesSchema
from sync_server.protocols.shapes import Asked, Content
from sync_server.services import consumers
from sync_server.services.repair_clocks import Wanted, repair_clocks

blueprint = Blueprint("clocks", __name__)

PATIENCE_SECONDS = 1.0
_ASKS = (
    Asked("project", "integer", "Only this project's submissions."),
    Asked("form", "string", "Only this form's submissions."),
    Asked("device", "string", "Only this tablet: as it calls itself, or its name or number in the list of tablets."),
)
_OFFSETS = Content(("text/csv",), "a row for each time in which a clock was off")
_TIMES = Content(("text/csv",), "a row for each submission, those left as they are too")


@blueprint.get("/v1/clocks")
@central_endpoint(verb=READ, is_somewhere=True, is_filtered=True, answers=[TabletClockSchema], asks=_ASKS)
def get_clocks() -> Response:
    """List tablets, by how much their clocks were off, since when, and for how many submissions."""
    schema = TabletClockSchema()
    return _json(schema.dump(follow(clock)) for clock in _find_clocks())


@blueprint.get("/v1/clocks/submissions")
@central_endpoint(verb=READ, is_somewhere=True, is_filtered=True, answers=[TabletTimesSchema], asks=_ASKS)
def get_clock_submissions() -> Response:
    """List tablets with their submissions: what the tablet said, when it was finished, from when to when, and why."""
    schema = TabletTimesSchema()
    return _json(schema.dump(clock) for clock in _find_clocks())


@blueprint.get("/v1/clocks.csv")
@central_endpoint(verb=READ, is_somewhere=True, is_filtered=True, answers=_OFFSETS, asks=_ASKS)
def get_clocks_csv() -> Response:
    """Write the times in which clocks were off, in local time."""
    return _csv(write_offsets(_find_clocks(), _zone()), "clocks.csv")


@blueprint.get("/v1/clocks/submissions.csv")
@central_endpoint(verb=READ, is_somewhere=True, is_filtered=True, answers=_TIMES, asks=_ASKS)
def get_clock_submissions_csv() -> Response:
    """Write the proposed time of each submission beside its own, in local time."""
    return _csv(write_times(_find_clocks(), _zone()), "clock-submissions.csv")


def _find_clocks() -> Iterator[TabletClock]:
    node = current_node()
    consumers.resolve_received(node, seconds=PATIENCE_SECONDS)
    form_id, device = request.args.get("form"), request.args.get("device")
    wanted = Wanted(project_id=read_number("project"), form_id=form_id, device=device)
    return repair_clocks(node, require_actor(), wanted)


def _zone() -> ZoneInfo:
    return ZoneInfo(current_node().settings.timezone)


def _json(things: Iterable[Any]) -> Response:
    return Response(_in_brackets(things), content_type="application/json; charset=utf-8")


def _in_brackets(things: Iterable[Any]) -> Iterator[str]:
    yield "["
    for number, thing in enumerate(things):
        yield f"{',' if number else ''}\n{json.dumps(thing, ensure_ascii=False)}"
    yield "]\n"


def _csv(pieces: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Response(pieces, content_type="text/csv; charset=utf-8", headers=headers)
