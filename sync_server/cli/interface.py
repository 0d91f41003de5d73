"""sync-server openapi: write the description of the interface."""

import json
import tempfile
from pathlib import Path

import click

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.protocols.openapi import describe_interface
from sync_server.settings import Settings


@click.command()
def openapi() -> None:
    """Write the interface as OpenAPI 3.1 (JSON), as a server answers it at /openapi.json.

    The same for every node: no data folder is looked at.
    """
    with tempfile.TemporaryDirectory() as folder, Node.open(Settings(data=Path(folder))) as node:
        click.echo(json.dumps(describe_interface(create_app(node)), ensure_ascii=False, indent=2))


COMMANDS = (openapi,)
