"""The command `sync-server`: one module per noun, joined here."""

import logging
import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from sync_server import logs
from sync_server.cli import (
    backup,
    bundle,
    checks,
    clocks,
    completeness,
    demo,
    devices,
    doctor,
    entities,
    erasure,
    form_variants,
    forms,
    interface,
    pair,
    projects,
    serve,
    submissions,
    sync,
    tablets,
    users,
)
from sync_server.cli.options import load_settings, settings_options
from sync_server.errors import Problem
from sync_server.store.engine import unusable


class _Group(click.Group):
    """Says a Problem in one sentence instead of a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(problem.text) from problem
        except DBAPIError as error:
            raise click.ClickException(unusable(error).text) from error
        except BrokenPipeError:
            raise  # whoever reads the output has seen enough
        except OSError as error:  # a file that cannot be read or written: its name says enough
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file with settings.")
@settings_options
@click.version_option(package_name="sync-server")
@click.pass_context
def main(ctx: click.Context, /, config: Path | None, **flags: Any) -> None:
    """Offline-first sync server for field data collected with XLSForms.

    Every setting is a flag here, an environment variable (SYNC_ and its name) or a line in a TOML file.
    """
    ctx.obj = load_settings(ctx, flags, file=config)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=logs.FORMAT)


for command in (
    serve.serve,
    *forms.COMMANDS,
    *form_variants.COMMANDS,
    *projects.COMMANDS,
    *devices.COMMANDS,
    *clocks.COMMANDS,
    *completeness.COMMANDS,
    *users.COMMANDS,
    *submissions.COMMANDS,
    *entities.COMMANDS,
    *checks.COMMANDS,
    *backup.COMMANDS,
    *erasure.COMMANDS,
    *demo.COMMANDS,
    *doctor.COMMANDS,
    *interface.COMMANDS,
    *sync.COMMANDS,
    *bundle.COMMANDS,
    *pair.COMMANDS,
    *tablets.COMMANDS,
):
    main.add_command(command)
