"""Every message for a person is there in Arabic and in Sorani Kurdish, with the same gaps to fill."""

import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from sync_server import account_errors, entity_errors, errors, operator_errors, peer_errors
from tests.house.sources import PACKAGE

LANGUAGES = ["ar", "ckb"]


def _folder(language: str) -> Path:
    return PACKAGE / "web" / "translations" / language / "LC_MESSAGES"


def _catalogue(language: str) -> Catalog:
    with (_folder(language) / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


assert account_errors
assert entity_errors
assert operator_errors
assert peer_errors  # imported so that their Problems are among the subclasses


def _problems(of: type[errors.Problem] = errors.Problem) -> set[type[errors.Problem]]:
    return {below for problem in of.__subclasses__() for below in {problem, *_problems(problem)}}


def _gaps(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_is_said_in_the_language(language: str) -> None:
    catalogue = _catalogue(language)
    messages = {problem.message for problem in _problems() if getattr(problem, "message", "")}
    assert sorted(text for text in messages if not (catalogue.get(text) and catalogue.get(text).string)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_the_same_gaps(language: str) -> None:
    wrong = [
        message.id
        for message in _catalogue(language)
        if isinstance(message.id, str) and isinstance(message.string, str) and message.string
        if "python-format" not in message.flags and _gaps(message.string) != _gaps(message.id)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_fresh(language: str) -> None:
    """Write it anew with: .venv/bin/python setup.py compile_catalog"""
    with (_folder(language) / "messages.mo").open("rb") as file:
        compiled = {_plain(message.id): _plain(message.string) for message in read_mo(file) if message.id}
    written = {_plain(m.id): _plain(m.string) for m in _catalogue(language) if m.id and m.string and not m.fuzzy}
    assert compiled == written


def _plain(text: str | Sequence[str]) -> str | tuple[str, ...]:
    """What is said otherwise of one than of several has a text for each."""
    return text if isinstance(text, str) else tuple(text)
