"""What every command starts from: the settings, as flags made from the one table, then the node they name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.operator_errors import NoNodeHere
from sync_server.settings import SETTINGS, Settings


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one flag for each setting. Secrets have none: a command line can be read by everybody on the machine."""
    for setting in reversed(SETTINGS):
        if not setting.metadata["secret"]:
            flag = f"--{setting.name.replace('_', '-')}"
            command = click.option(flag, default=None, help=setting.metadata["help"])(command)
    return command


def load_settings(ctx: click.Context, flags: dict[str, Any], *, file: Path | None = None) -> Settings:
    """Load the settings from flags, of this command and of the group before it, environment and file."""
    given = {name: value for name, value in flags.items() if value is not None}
    merged = {**ctx.meta.get("settings", {}), **given}
    ctx.meta["settings"] = merged
    ctx.meta["file"] = file or ctx.meta.get("file")
    return Settings.load(merged, file=ctx.meta["file"])


def open_node(settings: Settings) -> Node:
    """Open the node that is there; raise NoNodeHere rather than begin one.

    A command that only looks would else answer "all is whole" for a folder whose name was misspelt.
    """
    marks = ("node.key",) if settings.database_url else ("node.key", "sync.db")
    is_elsewhere = bool(settings.database_url and settings.node_key)  # a further machine has no folder of its own yet
    if not is_elsewhere and not any((settings.data / mark).exists() for mark in marks):
        raise NoNodeHere(folder=settings.data.absolute())
    return Node.open(settings)


@contextmanager
def when_not_found(said: str) -> Iterator[None]:
    """Say what is not there: at a terminal, "check the address" helps nobody."""
    try:
        yield
    except NotFound as error:
        raise click.ClickException(said) from error


def no_form(form_id: str, project_id: int) -> str:
    return f"There is no form {form_id} in project {project_id}. See those there are: sync-server form list"
