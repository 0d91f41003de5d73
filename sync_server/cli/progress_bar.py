"""Show how far a synchronisation is: a bar that moves where somebody watches, a line now and then where nobody does."""

import sys
import time

import click

from sync_server.services.peer_status import Movement

WIDTH = 20
LINE_SECONDS = 10.0  # in a log, a bar would be a thousand lines


class ProgressBar:
    """Shows movements on stderr."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._said_at = time.monotonic()

    def __call__(self, movement: Movement) -> None:
        if self._is_watched:
            click.echo(f"\r\033[K{draw_bar(movement)} {describe(movement)}", err=True, nl=False)
        elif time.monotonic() - self._said_at >= LINE_SECONDS:
            self._said_at = time.monotonic()
            click.echo(describe(movement), err=True)

    def clear(self) -> None:
        """Make way for a line of output."""
        if self._is_watched:
            click.echo("\r\033[K", err=True, nl=False)


def draw_bar(movement: Movement) -> str:
    """Draw how much is done: of records and files together, each as its part of the way."""
    parts = [(movement.records_done, movement.records_total), (movement.files_done, movement.files_total)]
    shares = [done / total for done, total in parts if total]
    filled = round(WIDTH * (sum(shares) / len(shares) if shares else 0.0))
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}]"


def describe(movement: Movement) -> str:
    """Say a movement in words: records, files, bytes, speed, time left."""
    said = [f"records {movement.records_done:,} of {movement.records_total:,}"]
    if movement.files_total:
        said.append(f"files {movement.files_done:,} of {movement.files_total:,}")
    said.append(write_bytes(movement.bytes_done))
    if movement.bytes_per_second >= 1:
        said.append(f"{write_bytes(movement.bytes_per_second)}/s")
    if movement.seconds_left is not None:
        said.append(f"{write_seconds(movement.seconds_left)} left")
    return ", ".join(said)


def write_bytes(count: float) -> str:
    """Write bytes as people say them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def write_seconds(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
