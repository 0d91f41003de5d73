"""Collect the messages of errors.py for translation: they stand in a class, where Babel sees no call of gettext."""

import ast
from collections.abc import Iterator
from typing import IO, Any

Found = tuple[int, str, str, list[str]]  # line, function, message, comments: what Babel wants of an extractor


def extract(file: IO[bytes], _keywords: object, _tags: object, options: dict[str, Any]) -> Iterator[Found]:
    """Yield the `message` of every class in the file."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                yield from _messages(statement, node.name)


def _messages(statement: ast.stmt, name: str) -> Iterator[Found]:
    match statement:
        case ast.Assign(targets=[ast.Name(id="message")], value=ast.Constant(value=str(text))):
            yield statement.lineno, "gettext", text, [name]
        case ast.AnnAssign(target=ast.Name(id="message"), value=ast.Constant(value=str(text))):
            yield statement.lineno, "gettext", text, [name]
