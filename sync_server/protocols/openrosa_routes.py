"""Register one OpenRosa view under every prefix a door has, with what it needs."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response

from sync_server.protocols.endpoint import openrosa_endpoint

View = Callable[..., Response]


class Routes:
    """`@routes.add("/formList", verb="open_form.list")` adds a view's rule behind each prefix, as OpenRosa endpoint."""

    def __init__(self, blueprint: Blueprint, prefixes: Sequence[str]) -> None:
        self._blueprint = blueprint
        self._prefixes = prefixes

    def add(self, *rules: str, methods: Sequence[str] = ("GET",), **need: Any) -> Callable[[View], View]:
        def register(view: View) -> View:
            endpoint = openrosa_endpoint(**need)(view)
            for prefix in self._prefixes:
                for rule in rules:
                    # Without Flask's automatic OPTIONS: its answer would be HTML.
                    self._blueprint.add_url_rule(
                        prefix + rule, view_func=endpoint, methods=list(methods), provide_automatic_options=False
                    )
            return endpoint

        return register
