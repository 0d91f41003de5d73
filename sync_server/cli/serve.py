"""`sync-server serve`: prepare the node, then answer tablets and people until stopped."""

import logging
import signal
import socket
import sys
from contextlib import closing
from typing import Any

import click

from sync_server import logs
from sync_server.app import create_app
from sync_server.cli.options import load_settings, settings_options
from sync_server.cli.processes import run_processes
from sync_server.node import Node
from sync_server.operator_errors import AddressTaken
from sync_server.protocols.early_refusal import EarlyRefusal
from sync_server.protocols.full_disk import write_full
from sync_server.server import HttpServer, listen, share_arenas
from sync_server.services.publish_folder import publish_folder
from sync_server.services.seed_lists import seed_lists
from sync_server.services.shipped_forms import lists_beside, shipped_forms
from sync_server.services.users import FIRST_ADMINISTRATOR, ensure_administrator
from sync_server.settings import Settings
from sync_server.worker import Worker


@click.command()
@click.option("--demo", is_flag=True, help="Add three devices and a few hundred synthetic submissions.")
@settings_options
@click.pass_context
def serve(ctx: click.Context, /, demo: bool, **flags: Any) -> None:
    """Serve tablets, people and programs. Makes the data folder, publishes the forms and prints the first
    administrator's password, once."""
    settings = load_settings(ctx, flags)
    with closing(_listen(settings)) as listener:  # first: a second start by mistake must not touch the database
        with Node.open(settings) as node:
            _prepare(node)
            if demo:
                _add_demo(node)
        click.echo(f"Serving at {settings.public_url or _address(listener)}  (stop with Ctrl-C)")
        if settings.processes == 1:
            serve_until_stopped(settings, listener)
        else:
            run_processes(serve_until_stopped, settings, listener)


def serve_until_stopped(settings: Settings, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C; then finish what is under way and close the node."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logs.configure(settings.log_level, sys.stderr)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests do queue: that is what group commit is for
    share_arenas()
    with Node.open(settings) as node:
        worker = Worker(node)
        worker.start()
        try:
            app = create_app(node)
            HttpServer(
                app, listener, threads=settings.threads, scratch=node.scratch, has_room=node.has_room,
                write_full=write_full, answer_early=EarlyRefusal(app, node),
            ).run()  # fmt: skip
        finally:
            worker.stop()


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise AddressTaken(host=settings.host, port=settings.port, reason=error.strerror or str(error)) from error


def _prepare(node: Node) -> None:
    folder = node.settings.forms or shipped_forms()
    for published in publish_folder(node, folder):
        click.echo(f"Published {published.form_id} version {published.version}")
    for seeded in seed_lists(node, lists_beside(folder)):
        click.echo(f"List {seeded.name}: {seeded.created} made")
    if password := ensure_administrator(node):
        email = node.settings.admin_email or FIRST_ADMINISTRATOR
        click.echo("The first administrator may sign in now. This password is shown once; write it down:")
        click.echo(f"  e-mail    {email}")
        click.echo(f"  password  {password}")
        click.echo(f"For another one: sync-server user password {email}")


def _add_demo(node: Node) -> None:
    from sync_server.services.make_demo import make_demo  # only when asked for: it reads the word lists

    made = make_demo(node)
    click.echo(f"Demo: {made.tablets} tablet(s) and {made.submissions} upload(s) added. Nobody in it is real.")


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
