"""`sync-server serve`: prepare the node, then answer tablets and people until stopped."""

import atexit
import logging
import os
from typing import Any

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings

from sync_server.app import create_app
from sync_server.cli.options import load_settings, settings_options
from sync_server.node import Node
from sync_server.services.access import FIRST_ADMINISTRATOR, ensure_administrator
from sync_server.services.publish_folder import publish_folder
from sync_server.services.shipped_forms import shipped_forms
from sync_server.settings import SETTINGS, Settings
from sync_server.worker import Worker

# The integrity request of a tablet names every entity it made offline: 39 bytes each, 10,000 of them.
LONGEST_REQUEST_HEAD = 512 * 1024


@click.command()
@click.option("--demo", is_flag=True, help="Add three devices and a few hundred synthetic submissions.")
@settings_options
@click.pass_context
def serve(ctx: click.Context, demo: bool, **flags: Any) -> None:
    """Serve tablets, people and programs. Makes the data folder, publishes the forms and prints the first
    administrator's password, once."""
    settings = load_settings(ctx, flags)
    with Node.open(settings) as node:
        _prepare(node)
        if demo:
            from sync_server.services.make_demo import make_demo  # only when asked for: it reads the word lists

            make_demo(node)
    click.echo(f"Serving at {settings.public_url or _address(settings)}  (stop with Ctrl-C)")
    _run(settings)


def application() -> Flask:
    """Make the application of one serving process; its node closes when the process ends."""
    settings = Settings.load()
    logging.basicConfig(level=settings.log_level, format=LOG_FORMAT)
    node = Node.open(settings)
    worker = Worker(node)
    worker.start()
    atexit.register(node.close)
    atexit.register(worker.stop)  # runs before the node is closed
    return create_app(node)


LOG_FORMAT = "%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"


def _prepare(node: Node) -> None:
    for published in publish_folder(node, node.settings.forms or shipped_forms()):
        click.echo(f"Published {published.form_id} version {published.version}")
    if password := ensure_administrator(node):
        click.echo("The first administrator may sign in now. This password is shown once; change it after signing in:")
        click.echo(f"  e-mail    {node.settings.admin_email or FIRST_ADMINISTRATOR}")
        click.echo(f"  password  {password}")


def _run(settings: Settings) -> None:
    _pass_to_processes(settings)
    Granian(
        "sync_server.cli.serve:application",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.processes,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        http1_settings=HTTP1Settings(max_buffer_size=LONGEST_REQUEST_HEAD),
        log_access=False,  # addresses hold tokens
        log_level="warning",
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,  # tablets before Android 10 know no newer one
    ).serve()


def _pass_to_processes(settings: Settings) -> None:
    """Serving processes read their settings from the environment, as an operator would set them."""
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        if value is not None:
            os.environ[f"SYNC_{setting.name.upper()}"] = str(value)


def _address(settings: Settings) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{settings.host}:{settings.port}"
