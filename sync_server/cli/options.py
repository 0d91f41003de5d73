"""The settings as flags of the command, made from the one table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

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
