"""A running server is asked all that its description allows, and what it does not: no accident, no undescribed answer.

Schemathesis makes the requests from /openapi.json: half of each route's follow the schema, half break it; half name
things that are there, half whatever comes. As a stranger, as a reader of one district, as an administrator.
"""

import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import Failure, FailureGroup

from sync_server.node import Node
from sync_server.settings import Settings
from tests.protocols.fuzzed_hub import FuzzedHub, fill_hub
from tests.support.server import LiveServer

PEOPLE = ("stranger", "reader", "administrator")
CASES, LONG_CASES = 700, 2_000
NAMES = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
QUIET = tuple(HealthCheck)


@dataclass
class Asked:
    """What was asked, and what was wrong with the answers."""

    of: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FuzzedHub]]:
    data = tmp_path_factory.mktemp("fuzzed") / "hub"
    with Node.open(Settings(data=data)) as node:
        filled = fill_hub(node)
    with LiveServer(data) as server:
        yield server.url, filled


def test_server_answers_whatever_it_is_asked(fuzzed: tuple[str, FuzzedHub]) -> None:
    ask_everything(*fuzzed, CASES)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))  # of other seeds; in parts, so that a hanging one is noticed
def test_server_answers_whatever_it_is_asked_for_long(fuzzed: tuple[str, FuzzedHub], part: int) -> None:
    ask_everything(*fuzzed, LONG_CASES)


def ask_everything(url: str, hub: FuzzedHub, cases: int) -> None:
    number = random.randrange(2**32)
    print(f"seed {number}")
    schema = schemathesis.openapi.from_dict(requests.get(f"{url}/openapi.json", timeout=30).json())
    operations = [result.ok() for result in schema.get_all_operations()]
    asked = Asked()
    for place, operation in enumerate(operations):
        _ask(operation, -(-cases // len(operations)), number + place, _caller(url, hub, asked))
    print(sorted(asked.of.items()))
    assert asked.of.total() >= cases * 0.95, "some routes have fewer requests than were asked for"
    assert asked.of["administrator", 200] > asked.of["reader", 200] > asked.of["stranger", 200], "are they signed in?"
    assert asked.wrong == [], "\n".join(asked.wrong)


def _ask(operation: Any, cases: int, number: int, ask: Callable[[Case, bool], None]) -> None:
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if _can_be_wrong(operation) else right

    @seed(number)
    @settings(max_examples=cases, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=QUIET)
    @given(case=st.one_of(right, wrong), is_there=st.booleans())
    def run(case: Case, is_there: bool) -> None:
        ask(case, is_there)

    run()


def _can_be_wrong(operation: Any) -> bool:
    return bool(operation.body) or any(True for _ in operation.iter_parameters())


def _caller(url: str, hub: FuzzedHub, asked: Asked) -> Callable[[Case, bool], None]:
    session = requests.Session()

    def ask(case: Case, is_there: bool) -> None:
        person = PEOPLE[asked.of.total() % len(PEOPLE)]
        hub.aim(case, is_there=is_there)
        hub.sign_in(person, case)
        response = case.call(base_url=url, session=session, allow_redirects=False, timeout=60)
        session.cookies.clear()
        hub.look_after(person, case)
        asked.of[person, response.status_code] += 1
        said = _judge(case, response)
        if said:
            asked.wrong.append(f"{person}: {case.as_curl_command()}\n    {response.status_code} {said}")

    return ask


def _judge(case: Case, response: Any) -> str:
    """Say what is wrong with an answer; 501 says that this server does not do it, and is no accident."""
    if response.status_code >= 500 and response.status_code != 501:
        return f"accident: {response.text[:300]}"
    if response.status_code in (404, 405) and not _is_address(case):
        return ""  # no route took it: it is described by none
    try:
        case.validate_response(response, checks=[CHECKS.get_one(name) for name in NAMES])
    except (FailureGroup, Failure) as failure:
        found = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
        return "; ".join(str(each)[:300].replace("\n", " ") for each in found)
    return ""


def _is_address(case: Case) -> bool:
    """Tell whether what stands in the address is what the description says may."""
    described = case.operation.definition.raw["parameters"]
    named = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    numbers = {each["name"] for each in described if each["schema"]["type"] == "integer"}
    return all(_is_number(value) if name in numbers else _is_name(value) for name, value in named.items())


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and int(value) < 2**31


def _is_name(value: str) -> bool:
    return bool(value) and not any(letter in "/\0" or unicodedata.category(letter) == "Cs" for letter in value)
