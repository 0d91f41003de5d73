"""Fold double slashes in addresses, before any routing.

Collect removes one slash of `https://h/x//` before it adds `/submission`, and so posts to `/x//submission`. Werkzeug's
own merging answers with a redirect, at which the whole upload is sent twice. The address as sent is kept beside, since
Digest signs it.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

_DOUBLE = re.compile("/{2,}")


class FoldSlashes:
    """WSGI middleware: `//` in a path is `/`."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "//" in environ.get("PATH_INFO", ""):
            environ["PATH_INFO"] = _DOUBLE.sub("/", environ["PATH_INFO"])
        return self._application(environ, start_response)
