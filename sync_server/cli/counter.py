"""Count on one line of the terminal while a long command works."""

import sys
import time

import click


class Counter:
    """Counts on one line of the terminal, a few times a second; silent where nobody watches."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._counts: dict[str, int] = {}
        self._said_at = 0.0

    def __call__(self, what: str, done: int) -> None:
        self._counts[what] = done
        now = time.monotonic()
        if self._is_watched and now - self._said_at > 0.2:
            self._said_at = now
            self._say()

    def finish(self) -> None:
        if self._is_watched:
            self._say()
            click.echo(err=True)

    def clear(self) -> None:
        """Make way for a line of output."""
        if self._is_watched:
            click.echo("\r\033[K", err=True, nl=False)

    def _say(self) -> None:
        click.echo("\r" + ", ".join(f"{done} {what}" for what, done in self._counts.items()), err=True, nl=False)
