"""Commands about other nodes: pair by a line or by stick, list, end, replace, change what a hub has, a new identity."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import segno

from sync_server.cli.codes import draw_code
from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.pair_stick import FILE, accept_from_stick, admit_from_stick, tell_paired
from sync_server.cli.roles import write_grant
from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.row_scope import district_rows
from sync_server.replication.pairing_by_stick import ask_by_stick
from sync_server.replication.pairing_call import post_pairing
from sync_server.services import pair_nodes, peer_offers
from sync_server.services.accept_pairing import NEW, Join, accept_pairing
from sync_server.services.pair_nodes import ShownPeer
from sync_server.services.peer_offers import Offer
from sync_server.services.renew_identity import renew_identity
from sync_server.settings import Settings

_NO_SUCH = "There is no such project or form here."


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
    laid_down = make_scope(**scope)
    with open_node(settings) as node, when_not_found(_NO_SUCH):
        made = peer_offers.offer_pairing(node, None, name, laid_down)
    _print_offer(settings, made)


@pair.command("accept")
@click.argument("where", metavar="URL|FILE")
@click.argument("code")
@click.option("--join", metavar="N|new", help="Which project here joins. [the only one that is led here]")
@click.pass_obj
def accept(settings: Settings, where: str, code: str, join: str | None) -> None:
    """Pair with the centre at URL by the CODE it printed, or by its answer to the question in FILE.

    By FILE, the CODE is the one that "pair ask" printed here, and the first bundle, which lies beside it, is taken too.
    """
    wanted = read_join(join)
    with open_node(settings) as node, when_not_found(f"There is no project {join} here."):
        if "://" not in where:
            accept_from_stick(node, Path(where), code, wanted)
            return
        paired = accept_pairing(node, None, where, code, post=post_pairing, join=wanted)
    for line in tell_paired(paired):
        click.echo(line)


@pair.command("ask")
@click.argument("file", type=FILE)
@click.pass_obj
def ask(settings: Settings, file: Path) -> None:
    """Without any network: write to FILE, on a stick, that this hub asks to be paired; print the code.

    The code goes to the centre another way than the stick: by telephone, or on paper in another pocket.
    """
    with open_node(settings) as node:
        code = ask_by_stick(node, None, file)
    click.echo(f"Written to {file}. Carry it to the centre. There, with the code below, told another way, type:")
    click.echo(f"  sync-server pair admit {file.name} CODE")
    click.echo(f"When the stick is back, here:  sync-server pair accept {file.name} CODE")
    click.echo(code)


@pair.command("admit")
@click.argument("file", type=FILE)
@click.argument("code")
@click.option("--name", help="What the hub is called here. [what it calls itself]")
@click.option("--replaces", metavar="NAME", help="It takes the place of this hub, and has what that one had.")
@scope_options
@click.pass_obj
def admit(settings: Settings, /, file: Path, code: str, name: str | None, replaces: str | None, **scope: Any) -> None:
    """Take in the hub whose question is in FILE by the CODE it printed; leave the answer and its first bundle beside.

    The options say what it has, as with "pair offer".
    """
    laid_down = make_scope(**scope)
    with open_node(settings) as node, when_not_found(_no_peer(replaces) if replaces else _NO_SUCH):
        admit_from_stick(node, file, code, name=name, replaces=replaces, scope=laid_down)


@pair.command("address")
@click.argument("name")
@click.argument("url")
@click.pass_obj
def address(settings: Settings, name: str, url: str) -> None:
    """Lay down that the centre NAME answers at URL: when it has moved, or was paired by stick."""
    with open_node(settings) as node, when_not_found(_no_peer(name)):
        found = pair_nodes.set_peer_address(node, None, name, url)
    click.echo(f"{found.name} is called at {found.url} from now on.")


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
    laid_down = make_scope(**scope)
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


def make_scope(
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


def read_join(join: str | None) -> Join:
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


def _describe(shown: ShownPeer) -> tuple[str, ...]:
    peer = shown.peer
    seen = f"seen {peer.seen_at:%Y-%m-%d %H:%M} UTC" if peer.seen_at else "never seen"
    has = "; ".join(write_grant(grant) for grant in shown.grants) or "nothing"
    told = (peer.name, peer.side, peer.state, seen, has, peer.url or peer.id)
    return (*told, peer.state_reason) if peer.state_reason else told


def _no_peer(name: str) -> str:
    return f"No node is called {name}. See those there are: sync-server pair list"


COMMANDS = (pair,)
