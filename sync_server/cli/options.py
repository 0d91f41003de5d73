"""The settings as flags of the command, made from the one table."""

from collections.abc import Callable
from typing import Any

import click

from sync_server.settings import SETTINGS


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one flag for each setting. Secrets have none: a command line can be read by everybody on the machine."""
    for setting in reversed(SETTINGS):
        if not setting.metadata["secret"]:
            flag = f"--{setting.name.replace('_', '-')}"
            command = click.option(flag, default=None, help=setting.metadata["help"])(command)
    return command
