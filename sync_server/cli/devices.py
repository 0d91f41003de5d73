"""Commands about tablets: add one and show its QR code, list them, end one's access."""

from pathlib import Path

import click
import segno

from sync_server.cli.codes import draw_code
from sync_server.cli.options import open_node
from sync_server.core.collect_settings import encode_settings, make_settings
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.stranded_tablets import note_code
from sync_server.services.tablet_address import is_this_machine_only, root_url, tablet_url
from sync_server.settings import Settings
from sync_server.store.accounts import Actor

PICTURE_SCALE = 6  # pixels a module: fills a phone's camera from a screen or half a page


@click.group()
def device() -> None:
    """Tablets: add, list, show the QR code, end access."""


@device.command("add", short_help="Add a tablet; print its QR code and server URL.")
@click.argument("name")
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="Number of the project.")
@click.pass_obj
def add(settings: Settings, name: str, project_id: int) -> None:
    """Add the tablet NAME; print its QR code, and its server URL on the last line."""
    with Node.open(settings) as node:
        try:
            added, token = devices.add_device(node, None, name, project_id)
            note_code(node, added, root_url(settings))
        except NotFound as error:
            raise click.BadParameter(f"there is no project {project_id}", param_hint="--project") from error
    url = _tablet_url(settings, token, project_id)
    _warn_of_unreachable(settings)
    click.echo(f"Device {added.id} ({added.display_name}). In Collect: Configure with QR code, and scan this.")
    click.echo(draw_code(_make_code(settings, url)))
    click.echo(url)


@device.command("list")
@click.option("--project", "project_id", type=int, help="Only this project's.")
@click.pass_obj
def list_(settings: Settings, project_id: int | None) -> None:
    """List the tablets, newest first."""
    with open_node(settings) as node:
        found = devices.list_devices(node, None, project_id)
    if not found:
        click.echo("No tablet was added yet: sync-server device add NAME")
    for each in found:
        click.echo("\t".join(_describe(each)))


@device.command("revoke")
@click.argument("which", metavar="DEVICE")
@click.pass_obj
def revoke(settings: Settings, which: str) -> None:
    """End the access of DEVICE (its number or name). What it still sends is kept, and waits for a person."""
    with open_node(settings) as node:
        found = _find(node, which)
        devices.revoke_device(node, None, found.id)
    click.echo(f"Device {found.id} ({found.display_name}) gets no more forms. What it still sends is set aside.")


@device.command("qr")
@click.argument("which", metavar="DEVICE")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture to this file.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write a drawing to this file.")
@click.pass_obj
def qr(settings: Settings, which: str, png: Path | None, svg: Path | None) -> None:
    """Show the QR code of DEVICE (its number or name) again. Who scans it is that tablet."""
    with open_node(settings) as node:
        found = _find(node, which)
        token = devices.show_token(node, None, found.id)
        note_code(node, found, root_url(settings))
    url = _tablet_url(settings, token, found.project_id or 1)
    code = _make_code(settings, url)
    _warn_of_unreachable(settings)
    for file, kind in ((png, "png"), (svg, "svg")):
        if file is not None:
            code.save(str(file), kind=kind, scale=PICTURE_SCALE)
            click.echo(f"Wrote {file}")
    if png is None and svg is None:
        click.echo(draw_code(code))
        click.echo(url)


def _find(node: Node, which: str) -> Actor:
    """Find a device by number (7, or #7) or by a name only one has that is not revoked; a name may be a number too."""
    found = devices.list_devices(node, None)
    called = [each for each in found if each.display_name == which]
    called = [each for each in called if not each.is_revoked] or called
    numbered = [each for each in found if which in (str(each.id), f"#{each.id}")]
    named = list(dict.fromkeys((*called, *numbered)))
    if len(named) > 1:
        numbers = " or ".join(f"#{each.id} ({each.display_name})" for each in named)
        raise click.UsageError(f"Several devices may be meant by {which}. Name one by its number: {numbers}.")
    if not named:
        raise click.UsageError(f"No device is called {which}. See those there are: sync-server device list")
    return named[0]


def _describe(each: Actor) -> tuple[str, ...]:
    seen = f"{each.last_used_at:%Y-%m-%d %H:%M} UTC" if each.last_used_at else "never seen"
    state = "revoked" if each.is_revoked else "active"
    return (str(each.id), each.display_name, f"project {each.project_id}", state, seen)


def _make_code(settings: Settings, url: str) -> segno.QRCode:
    text = encode_settings(make_settings(url, project_name=settings.node_name))
    return segno.make(text, error="l", micro=False)


def _tablet_url(settings: Settings, token: str, project_id: int) -> str:
    return tablet_url(root_url(settings), token, project_id)


def _warn_of_unreachable(settings: Settings) -> None:
    root = root_url(settings)
    if is_this_machine_only(root):
        click.echo(
            f"Tablets cannot reach {root}: it means 'this machine'. Serve with --host 0.0.0.0, or set --public-url.",
            err=True,
        )


COMMANDS = (device,)
