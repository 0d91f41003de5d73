"""Pairing by stick at the terminal: admit a hub and make its first bundle; accept the answer and take that bundle."""

from collections.abc import Iterator
from pathlib import Path

import click

from sync_server.cli.bundle import tell_made, tell_taken
from sync_server.cli.progress_bar import ProgressBar
from sync_server.core.peer_places import PeerScope
from sync_server.node import Node
from sync_server.replication.bundle_make import make_bundle
from sync_server.replication.bundle_take import take_bundle
from sync_server.replication.pairing_by_stick import (
    ANSWERED,
    FIRST_BUNDLE,
    accept_by_stick,
    admit_by_stick,
    beside,
    read_question,
)
from sync_server.services.accept_pairing import Join, Joined, Paired
from sync_server.services.peer_offers import find_replaced

FILE = click.Path(path_type=Path, dir_okay=False)


def admit_from_stick(
    node: Node, file: Path, code: str, *, name: str | None, replaces: str | None, scope: PeerScope
) -> None:
    """Answer a hub's question, and make its first bundle; say both."""
    question, old = read_question(file, code), None
    if replaces:
        old, scope = find_replaced(node, None, replaces)
    called = name or (old.name if old else question.request.name)
    _answer, number = admit_by_stick(node, None, file, code, question, name=called, scope=scope, replaces=old)
    click.echo(f"{called} ({question.request.node}), which asked at {question.asked_at:%Y-%m-%d %H:%M} UTC, is paired.")
    click.echo(f"The answer is in {beside(file, ANSWERED).name}. Both ends show this number: {number}")
    bar = ProgressBar()
    try:
        made = make_bundle(node, question.request.node, beside(file, FIRST_BUNDLE), progress=bar)
    finally:
        bar.clear()
    for line in tell_made(made, called):
        click.echo(line)
    click.echo(f"Carry all back to the hub. There:  sync-server pair accept {file.name} CODE")


def accept_from_stick(node: Node, file: Path, code: str, join: Join) -> None:
    """Take a centre's answer, and the first bundle, if it is there; say both."""
    paired, number = accept_by_stick(node, None, file, code, join=join)
    for line in tell_paired(paired):
        click.echo(line)
    click.echo(f"The centre showed this number: {number}. If it was another, end the pairing: sync-server pair revoke")
    first = beside(file, FIRST_BUNDLE)
    if not first.exists():
        click.echo(f"{first.name} is not here. When it comes: sync-server bundle take {first.name}")
        return
    bar = ProgressBar()
    try:
        taken = take_bundle(node, first, progress=bar)
    finally:
        bar.clear()
    for line in tell_taken(taken):
        click.echo(line)


def tell_paired(paired: Paired) -> Iterator[str]:
    yield f"Paired with {paired.peer.name} ({paired.peer.id})."
    yield from (_tell_project(project) for project in paired.projects)


def _tell_project(project: Joined) -> str:
    if project.was_here:
        return f"Project {project.project_id} ({project.title}) has joined; nothing in it was changed."
    return f"Project {project.project_id} ({project.title}) was added; its forms come with the first synchronisation."
