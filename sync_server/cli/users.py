"""Commands about people's accounts: add, list, change a password, hand over a code for one, end the access."""

import sys

import click

from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.roles import get_person, role, write_grant
from sync_server.node import Node
from sync_server.services import access, change_account, node_secrets, reset_password, two_factor, users
from sync_server.services.tablet_address import root_url
from sync_server.settings import Settings
from sync_server.store.accounts import Actor

_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input. Otherwise one is made and shown."
)


@click.group()
def user() -> None:
    """People's accounts: add, list, passwords, roles, two-factor sign-in."""


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
    """List the accounts, by e-mail, with what each may."""
    with open_node(settings) as node:
        found = users.list_users(node, None)
        lines = [_line(node, each) for each in found]
    if not found:
        click.echo("There is no account yet: sync-server user add EMAIL --admin")
    for line in lines:
        click.echo(line)


@user.command("password")
@click.argument("email")
@_from_stdin
@click.pass_obj
def password(settings: Settings, email: str, password_stdin: bool) -> None:
    """Give EMAIL a new password and end their sessions."""
    new = _get_password(password_stdin)
    with open_node(settings) as node:
        get_person(node, email)
        users.change_password(node, None, email, new)
    click.echo(f"The password of {email} was changed.")
    _say_password(new, password_stdin)


@user.command("reset-link")
@click.argument("email")
@click.pass_obj
def reset_link(settings: Settings, email: str) -> None:
    """Make a code with which EMAIL sets a password themselves: for a day, once. It ends codes made before."""
    with open_node(settings) as node:
        code = reset_password.make_reset_code(node, None, get_person(node, email).id)
        root = root_url(settings)
    click.echo(f"Page, for {email} to open within a day: {root}{reset_password.PAGE}")
    click.echo(f"Code, shown this once:  {code}")
    click.echo(f"Both in one link:  {reset_password.make_link(root, code)}")


@user.command("delete")
@click.argument("email")
@click.pass_obj
def delete(settings: Settings, email: str) -> None:
    """End the access of EMAIL: sessions and roles. What they did keeps their name."""
    with open_node(settings) as node:
        change_account.delete_user(node, None, get_person(node, email).id)
    click.echo(f"The access of {email} was ended.")


@user.group("two-factor")
def two_factor_() -> None:
    """Sign-in with a code from an app."""


@two_factor_.command("off")
@click.argument("email")
@click.pass_obj
def two_factor_off(settings: Settings, email: str) -> None:
    """Turn it off for EMAIL, whose phone is lost. Be sure that it is them who ask."""
    with open_node(settings) as node, when_not_found(f"{email} signs in by password alone already."):
        two_factor.turn_off(node, None, get_person(node, email))
    click.echo(f"{email} signs in by password alone now.")


def _line(node: Node, person: Actor) -> str:
    role = "administrator" if person.is_administrator else "user"
    digest = "digest" if person.uses_digest else "no digest"
    second = "two-factor" if two_factor.is_on(node, person) else "password alone"
    grants = ", ".join(write_grant(grant) for grant in access.scope_of(node, person).grants) or "no role"
    return "\t".join([str(person.id), str(person.email), person.display_name, role, digest, second, grants])


def _get_password(is_given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if is_given else node_secrets.make_password()


def _say_password(new: str, is_given: bool) -> None:
    if not is_given:
        click.echo(f"Password, shown this once: {new}")


user.add_command(role)
COMMANDS = (user,)
