"""Tidy addresses before any routing: fold double slashes, take out NUL.

Collect removes one slash of `https://h/x//` before it adds `/submission`, and so posts to `/x//submission`. Werkzeug's
own merging answers with a redirect, at which the whole upload is sent twice. No client sends NUL on purpose, and
PostgreSQL keeps no text with it: as U+FFFD it is a character like any other. A number that no row can have is no
address.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule

_DOUBLE = re.compile("/{2,}")
# As WSGI writes UTF-8: one character for each byte.
_REPLACEMENT = "\u00ef\u00bf\u00bd"

# Last parts of the addresses where tablets expect XML, whatever went wrong.
OPENROSA_NAMES = frozenset({"formlist", "submission", "manifest", "integrity", "xformsmanifest", "xformsmedia"})

_LARGEST_NUMBER = 2**31 - 1  # a project's; to ask a database for more is an error, not an empty answer


class RowNumber(IntegerConverter):
    """The number of a row in an address."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=_LARGEST_NUMBER)


class LazyRule(Rule):
    """An address for which the code that writes it is made when it is first written.

    Werkzeug compiles two functions for each of two hundred addresses, which was two thirds of the time an application
    took to make; most are never written.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        make = cache(partial(super()._compile_builder, append_unknown))
        return lambda rule, **values: make()(rule, **values)


class TidyAddress:
    """WSGI middleware: `//` in a path is `/`, NUL in path and query is U+FFFD."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        if "//" in path or "\0" in path:
            environ["PATH_INFO"] = _DOUBLE.sub("/", path).replace("\0", _REPLACEMENT)
        if "%00" in query:
            environ["QUERY_STRING"] = query.replace("%00", "%EF%BF%BD")
        return self._application(environ, start_response)


def is_openrosa_path(path: str) -> bool:
    """Tell whether a tablet asks: it expects XML at addresses that lead nowhere, too."""
    is_of_a_token = path.startswith(("/v1/key/", "/collector/"))
    return is_of_a_token or path.endswith(".xml") or any(part.lower() in OPENROSA_NAMES for part in path.split("/"))
