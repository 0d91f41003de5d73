"""Commands about people's accounts: add, list, change a password."""

import sys

import click

from sync_server.cli.options import open_node
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import node_secrets, users
from sync_server.settings import Settings

_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input. Otherwise one is made and shown."
)


@click.group()
def user() -> None:
    """People's accounts: add, list, change a password."""


@user.command("add")
@click.argument("email")
@click.option("--name", "display_name", default="", help="What people call them. [the e-mail]")
@click.option("--admin", "is_administrator", is_flag=True, help="May publish forms, add devices and accounts.")
@click.option(
    "--digest",
    "uses_digest",
    is_flag=True,
    help="Let tablets sign in with name and password over http (Digest). The server then keeps a hash that is as good "
    "as the password: whoever reads the database or a back-up can sign in with it.",
)
@_from_stdin
@click.pass_obj
def add(
    settings: Settings, email: str, display_name: str, is_administrator: bool, uses_digest: bool, password_stdin: bool
) -> None:
    """Add an account for EMAIL."""
    password = _get_password(password_stdin)
    with Node.open(settings) as node:
        added = users.add_user(
            node,
            None,
            email,
            password,
            display_name=display_name,
            is_administrator=is_administrator,
            uses_digest=uses_digest,
        )
    click.echo(f"Added {added.email}{' (administrator)' if is_administrator else ''}.")
    if uses_digest:
        click.echo("Digest is on: the hash kept for it is as good as the password. Guard the database and back-ups.")
    _say_password(password, password_stdin)


@user.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the accounts, by e-mail."""
    with open_node(settings) as node:
        found = users.list_users(node, None)
    if not found:
        click.echo("There is no account yet: sync-server user add EMAIL --admin")
    for each in found:
        role = "administrator" if each.is_administrator else "user"
        digest = "digest" if each.uses_digest else "no digest"
        click.echo(f"{each.id}\t{each.email}\t{each.display_name}\t{role}\t{digest}")


@user.command("password")
@click.argument("email")
@_from_stdin
@click.pass_obj
def password(settings: Settings, email: str, password_stdin: bool) -> None:
    """Give EMAIL a new password and end their sessions."""
    new = _get_password(password_stdin)
    with open_node(settings) as node:
        try:
            users.change_password(node, None, email, new)
        except NotFound as error:
            raise click.UsageError(
                f"There is no account {email}. See those there are: sync-server user list"
            ) from error
    click.echo(f"The password of {email} was changed.")
    _say_password(new, password_stdin)


def _get_password(is_given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if is_given else node_secrets.make_password()


def _say_password(new: str, is_given: bool) -> None:
    if not is_given:
        click.echo(f"Password, shown this once: {new}")


COMMANDS = (user,)
