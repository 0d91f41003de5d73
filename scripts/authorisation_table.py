"""Write the table of docs/authorisation.md: every route, what it needs, and what each role is answered."""

import sys
import tempfile
from pathlib import Path

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.protocols.authorisation import ALLOWED, FILTERED, HELD, PERSONAS, REFUSED, Route, decide, iter_routes
from sync_server.settings import Settings

SIGNS = {ALLOWED: "✓", REFUSED: "–", FILTERED: "part", HELD: "held"}


def write_table() -> str:
    with tempfile.TemporaryDirectory() as folder, Node.open(Settings(data=Path(folder))) as node:
        routes = list(iter_routes(create_app(node)))
    head = ["route", "needs", *(persona.name for persona in PERSONAS)]
    lines = [_line(head), _line(["---"] * len(head)), *(_line(_row(route)) for route in routes)]
    return "\n".join(lines)


def _row(route: Route) -> list[str]:
    path = route.path.replace("<", "{").replace(">", "}").replace("|", "\\|")
    return [f"`{route.method} {path}`", _need(route), *(SIGNS[decide(route, persona)] for persona in PERSONAS)]


def _need(route: Route) -> str:
    need = route.need
    if need is None:
        return "**not declared**"
    if need.anyone:
        return f"anyone: {need.anyone}"
    of_others = ", or of oneself" if need.own else ""
    return f"`{need.verb}`{of_others}" if need.verb else f"signed in: {need.signed_in}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(write_table() + "\n")
