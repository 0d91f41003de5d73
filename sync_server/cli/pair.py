"""Commands about other nodes: offer to pair, accept, list, end, replace, change what a hub has, a new identity."""

from collections.abc import Callable
from typing import Any

import click
import segno

from sync_server.cli.codes import draw_code
from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.roles import write_grant
from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.row_scope import district_rows
from sync_server.replication.pairing_call import post_pairing
from sync_server.services import pair_nodes, peer_offers
from sync_server.services.accept_pairing import NEW, Join, Joined, accept_pairing
from sync_server.services.pair_nodes import ShownPeer
from sync_server.services.peer_offers import Offer
from sync_server.services.renew_identity import renew_identity
from sync_server.settings import Settings


@click.group()
def pair() -> None:
    """Other nodes: pair with one, list them, end a pairing, change what a hub has."""


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that lay down what a hub has."""
    for option in reversed(
        (
            click.option("--project", "projects", type=int, multiple=True, default=(1,), show_default=True,
                         help="A project it has; may be given several times."),
            click.option("--form", "forms", multiple=True, help="Only this form of it; may be given several times."),
            click.option("--district", "districts", multiple=True,
                         help="It also gets the submissions of this district (P-code); may be given several times."),
            click.option("--rows", help="It also gets these submissions, such as: #adm2+code eq 'IQG15Q03'"),
            click.option("--all", "has_all", is_flag=True, help="It also gets every submission."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@pair.command("offer")
@click.argument("name")
@scope_options
@click.pass_obj
def offer(settings: Settings, /, name: str, **scope: Any) -> None:
    """Offer to pair with a hub, to be called NAME; print the code on the last line.

    Without --district, --rows or --all it sends what it receives, and gets forms, accounts and what concerns its own.
    """
    laid_down = _make_scope(**scope)
    with open_node(settings) as node, when_not_found("There is no such project or form here."):
        made = peer_offers.offer_pairing(node, None, name, laid_down)
    _print_offer(settings, made)


@pair.command("accept")
@click.argument("url")
@click.argument("code")
@click.option("--join", metavar="N|new", help="Which project here joins. [the only one that is led here]")
@click.pass_obj
def accept(settings: Settings, url: str, code: str, join: str | None) -> None:
    """Pair with the centre at URL by the CODE it printed."""
    wanted = _read_join(join)
    with open_node(settings) as node, when_not_found(f"There is no project {join} here."):
        paired = accept_pairing(node, None, url, code, post=post_pairing, join=wanted)
    click.echo(f"Paired with {paired.peer.name} ({paired.peer.id}).")
    for project in paired.projects:
        click.echo(_tell_project(project))


@pair.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the paired nodes, and the codes that can still be used."""
    with open_node(settings) as node:
        found, offered = pair_nodes.list_peers(node, None), peer_offers.list_offers(node, None)
    if not found and not offered:
        click.echo("No node is paired yet: sync-server pair offer NAME")
    for shown in found:
        click.echo("\t".join(_describe(shown)))
    for each in offered:
        click.echo(f"{each.name}\toffered\tuntil {each.expires_at:%Y-%m-%d %H:%M} UTC")


@pair.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(settings: Settings, name: str) -> None:
    """End the pairing with NAME, or the code that was offered under it. What it sent stays."""
    with open_node(settings) as node, when_not_found(_no_peer(name)):
        ended = pair_nodes.revoke_peer(node, None, name)
    click.echo(f"The pairing with {name} has ended." if ended else f"The code for {name} is good no more.")


@pair.command("replace")
@click.argument("name")
@click.pass_obj
def replace(settings: Settings, name: str) -> None:
    """Offer to pair with the machine that takes the place of NAME; print the code on the last line.

    It gets all that NAME received. NAME itself ends when the code is used.
    """
    with open_node(settings) as node, when_not_found(_no_peer(name)):
        made = peer_offers.replace_peer(node, None, name)
    _print_offer(settings, made)


@pair.command("scope")
@click.argument("name")
@scope_options
@click.pass_obj
def scope(settings: Settings, /, name: str, **scope: Any) -> None:
    """Replace what the hub NAME has, by all that is said here."""
    laid_down = _make_scope(**scope)
    with open_node(settings) as node, when_not_found(f"There is no such project or form, or no node called {name}."):
        pair_nodes.set_peer_scope(node, None, name, laid_down)
    click.echo(f"{name}: {'; '.join(write_grant(grant) for grant in laid_down.grants)}")


@pair.command("renew")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def renew(settings: Settings, yes: bool) -> None:
    """Give this machine an identity of its own, when it is a copy of another. Stop its server first."""
    with open_node(settings) as node:
        if not yes:
            click.confirm("All pairings of this machine end, and it is paired anew by a code. Go on?", abort=True)
        renewed = renew_identity(node, None)
    click.echo(f"This node is {renewed} now. Nothing it holds is lost. If its server runs, start it again.")


def _make_scope(
    *, projects: tuple[int, ...], forms: tuple[str, ...], districts: tuple[str, ...], rows: str | None, has_all: bool
) -> PeerScope:
    if bool(districts) + (rows is not None) + has_all > 1:
        raise click.UsageError("Say which submissions in one way only: --district, --rows or --all.")
    if forms and len(projects) > 1:
        raise click.UsageError("--form is of one project: name only one, and offer the others without.")
    only = district_rows(districts) if districts else rows
    role = PEER if has_all or only is not None else PEER_UP
    return PeerScope(
        tuple(PeerPlace(project_id=id, forms=forms or None, role=role, rows=only) for id in dict.fromkeys(projects))
    )


def _read_join(join: str | None) -> Join:
    if join is None or join == NEW:
        return NEW if join else None
    if not join.isdecimal():
        raise click.BadParameter("the number of a project, or new", param_hint="--join")
    return int(join)


def _print_offer(settings: Settings, made: Offer) -> None:
    address = settings.public_url.rstrip("/")
    click.echo(f"For {made.name}: one machine, until {made.expires_at:%Y-%m-%d %H:%M} UTC. There, type:")
    click.echo(f"  sync-server pair accept {address or 'ADDRESS'} CODE")
    if address:
        click.echo(draw_code(segno.make(f"{address} {made.code}", error="l", micro=False)))
    click.echo(made.code)


def _tell_project(project: Joined) -> str:
    if project.was_here:
        return f"Project {project.project_id} ({project.title}) has joined; nothing in it was changed."
    return f"Project {project.project_id} ({project.title}) was added; its forms come with the first synchronisation."


def _describe(shown: ShownPeer) -> tuple[str, ...]:
    peer = shown.peer
    seen = f"seen {peer.seen_at:%Y-%m-%d %H:%M} UTC" if peer.seen_at else "never seen"
    has = "; ".join(write_grant(grant) for grant in shown.grants) or "nothing"
    told = (peer.name, peer.side, peer.state, seen, has, peer.url or peer.id)
    return (*told, peer.state_reason) if peer.state_reason else told


def _no_peer(name: str) -> str:
    return f"No node is called {name}. See those there are: sync-server pair list"


COMMANDS = (pair,)
