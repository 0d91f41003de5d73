"""How sensitive a question is: the highest word of any version, and of any group around it."""

import pytest

from sync_server.core.row_scope import district_rows, name_questions
from sync_server.core.sensitivity import Level, highest_level, rate_questions, read_level


@pytest.mark.parametrize(
    ("word", "level"),
    [
        (None, Level.LOW),
        ("", Level.LOW),
        (" Moderate ", Level.MODERATE),
        ("severe", Level.SEVERE),
        ("hihg", Level.SEVERE),
    ],
)
def test_a_word_nobody_knows_is_rather_severe_than_open(word: str | None, level: Level) -> None:
    assert read_level(word) == level


def test_a_later_version_without_the_column_opens_nothing() -> None:
    rated = rate_questions(
        ["/name", "/place"], [{"/name": {"sensitivity": "high"}}, {"/name": {"sensitivity": "low"}}, {}]
    )
    assert rated["/name"] == Level.HIGH
    assert rated["/place"] == Level.LOW


def test_a_group_hands_its_level_down() -> None:
    rated = rate_questions(["/g/a", "/g/b", "/ga"], [{"/g": {"sensitivity": "severe"}, "/g/b": {"sensitivity": "low"}}])
    assert (rated["/g/a"], rated["/g/b"], rated["/ga"]) == (Level.SEVERE, Level.SEVERE, Level.LOW)


def test_the_log_of_a_filling_and_its_title_are_as_sensitive_as_the_most_sensitive_question() -> None:
    rated = rate_questions(["/name"], [{"/name": {"sensitivity": "high"}, "/meta/audit": {"sensitivity": "low"}}])
    assert rated["/meta/audit"] == rated["/meta/instanceName"] == highest_level(rated) == Level.HIGH


def test_a_question_that_only_an_old_version_had_is_rated_too() -> None:
    assert rate_questions([], [{"/gone": {"sensitivity": "severe"}}])["/gone"] == Level.SEVERE


def test_districts_are_written_once_for_all_forms() -> None:
    rows = district_rows(["IQ-NI-03", "O'Hara"])
    assert name_questions(rows, {"#adm2+code": "/g/adm2"}) == "g/adm2 eq 'IQ-NI-03' or g/adm2 eq 'O''Hara'"
    with pytest.raises(ValueError, match="no district"):
        district_rows([])
