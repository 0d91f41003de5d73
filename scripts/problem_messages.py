"""Collect for translation what stands where Babel sees no call of gettext: Problems, and what tablets are told."""

import ast
from collections.abc import Iterator
from typing import IO, Any

Found = tuple[int, str, str, list[str]]  # line, function, message, comments: what Babel wants of an extractor


def extract(file: IO[bytes], _keywords: object, _tags: object, options: dict[str, Any]) -> Iterator[Found]:
    """Yield the `message` of every class in the file, and its constants that are sentences."""
    for node in ast.parse(file.read()).body:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                yield from _messages(statement, node.name)
        yield from _sentences(node)


def _messages(statement: ast.stmt, name: str) -> Iterator[Found]:
    match statement:
        case ast.Assign(targets=[ast.Name(id="message")], value=ast.Constant(value=str(text))):
            yield statement.lineno, "gettext", text, [name]
        case ast.AnnAssign(target=ast.Name(id="message"), value=ast.Constant(value=str(text))):
            yield statement.lineno, "gettext", text, [name]


def _sentences(statement: ast.stmt) -> Iterator[Found]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
            if name.isupper() and " " in text:
                yield statement.lineno, "gettext", text, [name]
