"""Nobody gets an answer that is not for them: every route is called as everybody, and the bytes are searched for marks.

Each answer of the data set carries a mark of its sensitivity and its district (support/marked_answers.py). A mark in an
answer, a header, a zip or a log, where the caller may not have it, is a leak.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from sync_server.core.roles import MNE, VIEWER
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.protocols.authorisation import ONE_DISTRICT, PERSONAS, Persona, Route, iter_routes
from tests.protocols.test_authorisation import Caller, admit, call
from tests.support.marked_answers import DISTRICTS, HOME, MARKS, Mark, find_marks, instance_of, photo_of

FORM = "/v1/projects/1/forms/visit"
EVERYBODY = (
    *PERSONAS,
    Persona("M&E reader of a district, highly", "user", (Grant(MNE, 1, "visit", ONE_DISTRICT, Level.HIGH),)),
    Persona("of two levels", "user", (Grant(VIEWER, 1), Grant(MNE, 1, None, ONE_DISTRICT, Level.HIGH))),
    Persona("of rows that no form has", "user", (Grant(MNE, 1, None, "nothing/here eq 'x'"),)),
)
# Called last: behind them there is nothing left to look at.
ENDING = (".delete_project", "post_erase", "delete_session", "delete_current_session", "sign_out")


@dataclass(frozen=True)
class Answer:
    address: str
    status: int
    marks: set[Mark]


def may_have(persona: Persona, *, looks_at_one: bool) -> set[Mark]:
    """The marks that somebody may get; severe ones only when they look at one submission."""
    view = persona.scope.view(1, "visit")
    if view is None or persona.kind != "user":
        return set()
    found = set()
    for part in view.parts:
        if "nothing" in (part.rows or ""):
            continue
        districts = DISTRICTS if part.rows is None else (HOME,)
        level = part.level if looks_at_one else min(part.level, Level.HIGH)
        found |= {
            (mark_level, district) for mark_level, district in MARKS if mark_level <= level and district in districts
        }
    return found


@pytest.mark.parametrize("persona", EVERYBODY, ids=lambda persona: persona.name)
def test_nobody_gets_an_answer_that_is_not_for_them(
    app: Flask, marked: Node, persona: Persona, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    leaks, got = [], set()
    for answer, looks_at_one in fetch_everything(app, marked, persona):
        allowed = may_have(persona, looks_at_one=looks_at_one)
        got |= answer.marks
        if answer.marks - allowed:
            leaks.append((answer.address, answer.status, sorted(answer.marks - allowed)))
    assert leaks == []
    assert got == may_have(persona, looks_at_one=True), "what one may have is there to be had"
    assert find_marks(caplog.text.encode()) == set()


def test_what_is_hidden_is_not_told_by_a_filter(app: Flask, marked: Node) -> None:
    two_levels = next(persona for persona in EVERYBODY if persona.name == "of two levels")
    viewer = Persona("viewer", "user", (Grant(VIEWER, 1),))
    for persona, question, status in (
        (viewer, "moderate", 200), (viewer, "high", 501), (viewer, "severe", 501), (viewer, "unasked", 501),
        (two_levels, "moderate", 200), (two_levels, "high", 501),
    ):  # fmt: skip
        caller = admit(marked, persona)
        for kind in ("csv", "csv.zip"):
            address = f"{FORM}/submissions.{kind}?{urlencode({'$filter': f'{question} ne null'})}"
            assert (question, get(app, caller, address).status_code) == (question, status)


def test_a_download_is_nobody_elses(app: Flask, marked: Node) -> None:
    """The tag of one reader's file gives another reader nothing of it."""
    manager = admit(marked, next(persona for persona in PERSONAS if persona.name == "manager"))
    viewer = Persona("viewer", "user", (Grant(VIEWER, 1),))
    whole = get(app, manager, f"{FORM}/submissions.csv")
    assert (Level.HIGH, HOME) in find_marks(whole.data)
    for header in ("If-Match", "If-Range"):
        begun = {header: whole.headers["ETag"], "Range": "bytes=1-"}
        answer = get(app, admit(marked, viewer), f"{FORM}/submissions.csv", begun)
        assert all(level <= Level.MODERATE for level, _ in find_marks(answer.data))
        assert answer.headers.get("ETag") != whole.headers["ETag"] or answer.status_code == 412
    known = get(app, admit(marked, viewer), f"{FORM}/submissions.csv", {"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 200


def test_columns_left_out_are_named_and_cells_of_lower_rows_are_empty(app: Flask, marked: Node) -> None:
    two_levels = next(persona for persona in EVERYBODY if persona.name == "of two levels")
    answer = get(app, admit(marked, two_levels), f"{FORM}/submissions.csv")
    header, *lines = answer.data.decode().splitlines()
    assert ("high" in header.split(","), "severe" in header.split(",")) == (True, False)
    assert find_marks(lines[0].encode()) | find_marks(lines[1].encode()) == may_have(two_levels, looks_at_one=False)
    assert "/severe" in answer.headers["X-Left-Out"]
    assert "/high" in answer.headers["X-Left-Out"]


def fetch_everything(app: Flask, hub: Node, persona: Persona) -> Iterator[tuple[Answer, bool]]:
    caller = admit(hub, persona)
    for address in (*_exports(), *_lists()):
        yield _seen(address, get(app, caller, address)), False
    for address in _single():
        answer = get(app, caller, address, {"X-Extended-Metadata": "true"})
        yield _seen(address, answer), address.endswith(".xml") or "/attachments" in address
    for route in sorted(iter_routes(app), key=_order):
        fresh = admit(hub, persona) if any(name in route.endpoint for name in ENDING) else caller
        yield _seen(f"{route.method} {route.path}", call(app, hub, route, fresh, 1)), False


def get(app: Flask, caller: Caller, address: str, headers: dict[str, str] | None = None) -> TestResponse:
    return app.test_client().get(address, headers={**caller.headers, **(headers or {})}, buffered=True)


def _order(route: Route) -> tuple[bool, bool, bool]:
    is_ending = any(name in route.endpoint for name in ENDING)
    return route.endpoint.endswith(".delete_project"), is_ending, route.method != "GET"


def _exports() -> Iterator[str]:
    switches = ("attachments", "groupPaths", "splitSelectMultiples", "deletedFields")
    for values in product(("true", "false"), repeat=len(switches)):
        yield f"{FORM}/submissions.csv.zip?{urlencode(dict(zip(switches, values, strict=True)))}"
    for wanted in (
        "low ne null",
        "__system/submissionDate ge 2020-01-01",
        "adm2 eq 'IQ-NI-04'",
        "high ne null",
        "x eq",
    ):
        for kind in ("csv", "csv.zip"):
            yield f"{FORM}/submissions.{kind}?{urlencode({'$filter': wanted})}"
    yield f"{FORM}/submissions.csv"
    for kind in ("csv", "csv.zip"):
        yield f"/v1/projects/1/forms/never_published/submissions.{kind}"


def _lists() -> Iterator[str]:
    yield from (f"{FORM}/submissions", f"{FORM}/submissions?limit=1&offset=1", "/v1/audits", "/v1/erasures", "/")


def _single() -> Iterator[str]:
    for instance in (*map(instance_of, DISTRICTS), "uuid:held", "uuid:stray", f"{instance_of(HOME)}-edit"):
        one = f"{FORM}/submissions/{quote(instance, safe='')}"
        yield from (one, f"{one}.xml", f"{one}/comments", f"{one}/attachments")
        for level, district in product(Level, DISTRICTS):
            yield f"{one}/attachments/{photo_of(level, district)}"
        yield from (f"{one}/attachments/log{district[-2:]}.csv" for district in DISTRICTS)


def _seen(address: str, answer: Any) -> Answer:
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    return Answer(address, answer.status_code, find_marks(answer.data) | find_marks(headers.encode()))
