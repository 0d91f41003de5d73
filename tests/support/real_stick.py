"""A stick that fills up, takes no writing, or is pulled out: a file system of its own, in a mount namespace of its own.

That needs no privileges. It is reached by way of the shell that holds the namespace; when that ends, so does the stick.
"""

import subprocess
from pathlib import Path
from types import TracebackType


class RealStick:
    """A tmpfs of so many bytes below a folder, which is only its name in there."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir()
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh"]
        self._shell = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._inner = folder
        self._tell(f"mount -t tmpfs -o size={size} stick '{folder}'")
        self.folder = Path(f"/proc/{self._shell.pid}/root") / folder.relative_to("/")

    def protect(self) -> None:
        """Push the little switch by which a stick takes no more writing."""
        self._tell(f"mount -o remount,ro '{self._inner}'")

    def fill(self) -> Path:
        """Fill it to the last byte with a film."""
        film = self.folder / "film"
        with film.open("wb", 0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return film

    def pull_out(self) -> None:
        self._shell.kill()
        self._shell.wait()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def _tell(self, command: str) -> None:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{command}\necho done $?\n")
        self._shell.stdin.flush()
        assert self._shell.stdout.readline() == "done 0\n", f"{command}: is util-linux installed?"

    def __enter__(self) -> "RealStick":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.pull_out()
        for pipe in (self._shell.stdin, self._shell.stdout):
            if pipe is not None:
                pipe.close()
