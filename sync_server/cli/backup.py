"""Commands that carry a node over the loss of its machine: backup, restore."""

import os
import sys
from pathlib import Path

import click

from sync_server.cli.counter import Counter
from sync_server.cli.options import load_settings, open_node
from sync_server.core.key_slot import PUBLIC_KEY, public_key_of
from sync_server.node import Node
from sync_server.services.backup import back_up
from sync_server.services.backup_keys import Secret, header_of
from sync_server.services.make_backup import Backup
from sync_server.services.prove_backup import prove_backup
from sync_server.services.restore import restore as restore_backup
from sync_server.services.unpack_backup import find_backup
from sync_server.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("target", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--prove", is_flag=True, help="Restore it into a scratch folder, verify it and compare digests.")
@click.option("--new-key", type=FILE, help="Make no back-up, but a private key in this file, and print its public key.")
@click.pass_obj
def backup(settings: Settings, target: Path | None, prove: bool, new_key: Path | None) -> None:
    """Back up the node into the folder TARGET, or the one of the settings, encrypted, while it serves."""
    if new_key is not None:
        return _make_key(new_key)
    folder = target or settings.backup_folder
    if folder is None:
        raise click.UsageError("Name the folder for the back-up, or set backup_folder.")
    if target is not None and not target.exists() and target.absolute().parent.is_dir():
        target.mkdir(mode=0o700)
    with open_node(settings) as node:
        made = _back_up(node, folder)
        if prove:
            _prove(node, made.path)
    if made.damaged:
        raise click.ClickException(
            f"{len(made.damaged)} damaged file(s) could not be backed up: sync-server verify names them."
        )


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, exists=True))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="New folder to restore into.")
@click.option("--private-key", type=FILE, help="File of the private key, for a back-up to a public key.")
@click.option("--erasures", type=FILE, multiple=True, help="Journal of erasures to apply beside the back-up's own.")
@click.pass_context
def restore(
    ctx: click.Context, backup: Path, data: Path | None, private_key: Path | None, erasures: tuple[Path, ...]
) -> None:
    """Restore BACKUP, one file or the newest in a folder, into an empty data folder, after checking all of it."""
    settings = load_settings(ctx, {"data": data})
    counter = Counter()
    restored = restore_backup(
        backup,
        settings,
        _secret(settings, find_backup(backup), private_key),
        erasures=erasures,
        progress=lambda done: counter("unpacked", done),
    )
    counter.finish()
    header = restored.header
    click.echo(f"Restored into {settings.data.absolute()}: {header.submissions} submission version(s), ", nl=False)
    click.echo(f"{restored.files} file(s).")
    if restored.erased_again:
        click.echo(f"{restored.erased_again} erasure(s) made since were applied again.")
    click.echo(
        f"This is the state of {header.made_at:%Y-%m-%d %H:%M} UTC. What came or was decided later is not in it:"
    )
    click.echo("tablets will not send it again by themselves, and access that was ended later must be ended again.")
    click.echo("Next: sync-server rebuild, then sync-server verify.")


def _back_up(node: Node, folder: Path) -> Backup:
    counter = Counter()
    made = back_up(node, folder, progress=lambda done: counter("kept", done))
    counter.finish()
    click.echo(f"Backed up {made.header.submissions} submission version(s): {made.path}")
    click.echo(f"{made.written} piece(s) written, {made.written_bytes} bytes; {made.known} were there already.")
    return made


def _prove(node: Node, made: Path) -> None:
    counter = Counter()
    proof = prove_backup(node, made, progress=lambda done: counter("checked", done))
    counter.finish()
    for fault in proof.faults:
        click.echo(fault, err=True)
    if proof.faults:
        raise click.ClickException(f"{len(proof.faults)} fault(s): do not rely on this back-up.")
    click.echo(
        f"Proven: restored beside, whole, and equal to the node as of {proof.header.made_at:%Y-%m-%d %H:%M} UTC."
    )


def _secret(settings: Settings, backup: Path, private_key: Path | None) -> Secret:
    if header_of(backup).slot["kind"] == PUBLIC_KEY:
        if private_key is None:
            raise click.UsageError("This back-up was made to a public key: name the private key with --private-key.")
        return Secret(private_key=_read_key(private_key))
    passphrase = settings.backup_passphrase
    if not passphrase and sys.stdin.isatty():
        passphrase = click.prompt("Passphrase of the back-up", hide_input=True)
    return Secret(passphrase=passphrase)


def _make_key(file: Path) -> None:
    private_key = os.urandom(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(private_key.hex() + "\n")
    click.echo(f"The private key is in {file}. Without it no back-up opens: keep it, twice, where this machine is not.")
    click.echo(f"SYNC_BACKUP_PUBLIC_KEY={public_key_of(private_key).hex()}")


def _read_key(file: Path) -> bytes:
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise click.BadParameter(f"{file} holds no private key.", param_hint="--private-key")
    return key


COMMANDS = (backup, restore)
