"""A tablet for end-to-end tests: runs the Java client of tests/clients/tablet against a server.

The client is compiled once for each state of its sources, outside the repository. The form engine is the one inside
ODK Collect; it comes with pyxform.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyxform

SOURCES = Path(__file__).parent.parent / "clients" / "tablet"
ENGINE = Path(pyxform.__file__).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
RUN_SECONDS = 240
COMPILE_SECONDS = 120
NEEDS_JAVA = "The tablet needs a JDK 17 ({} is not there): run ./scripts/test, or install openjdk-17-jdk-headless."

Event = dict[str, Any]


class TabletFailed(AssertionError):
    """A step of the tablet went wrong: says which, and what the client wrote on stderr. `events` has them all."""

    def __init__(self, reason: str, events: "Events", stderr: str) -> None:
        steps = [json.dumps(event, ensure_ascii=False) for event in events if event.get("ok") is False]
        parts = [reason, *(steps or [json.dumps(event, ensure_ascii=False) for event in events[-3:]]), stderr[-6000:]]
        super().__init__("\n".join(part for part in parts if part))
        self.events = events


class Events(tuple[Event, ...]):
    """What happened in one run, in order."""

    __slots__ = ()

    def of(self, kind: str) -> "Events":
        return Events(event for event in self if event["event"] == kind)

    def filled(self) -> "Events":
        """The instances that were made: filled forms and edits of them."""
        return Events(event for event in self if event["event"] in ("fill", "edit"))

    def fetched(self, method: str = "GET") -> Iterator[tuple[str, int]]:
        """Address and status of each request that went over the network."""
        for event in self.of("http"):
            if event["method"] == method and "from_cache" not in event:
                yield event["url"], event["code"]


@dataclass(frozen=True, slots=True)
class Tablet:
    """One tablet: `work` is its storage, and with it its device id, forms and unsent instances."""

    work: Path
    base_url: str
    user: str = ""
    password: str = ""

    def sync(self) -> Events:
        """Fetch what is new: forms, media, entity lists."""
        return self.run("--no-fill")

    def fill_and_send(
        self,
        *,
        forms: Iterable[str] = (),
        n: int = 1,
        seed: int = 1,
        edits: int = 0,
        edit_first: bool = False,
        resend: bool = False,
        lose_response: bool = False,
        answers: Path | None = None,
    ) -> Events:
        """Sync, fill `n` of each form (none named: all), send; then edit and send again.

        `edit_first`: when all are sent, open the first one again.
        """
        switches = ["--resend"] * resend + ["--lose-response"] * lose_response + ["--edit-first"] * edit_first
        return self.run(*_filling(forms, n, seed, answers), "--edits", str(edits), *switches)

    def fill(self, *, forms: Iterable[str] = (), n: int = 1, seed: int = 1, answers: Path | None = None) -> Events:
        """Sync and fill, and keep what is finalised: there is no network to send it by."""
        return self.run(*_filling(forms, n, seed, answers), "--no-send")

    def send_pending(self) -> Events:
        """Send what is finalised and not sent, in the order of finalisation."""
        return self.run("--only-pending")

    def run(self, *options: str) -> Events:
        """Run the client with these options besides the tablet's own; TabletFailed unless every step is ok."""
        who = ["--user", self.user, "--password", self.password] if self.user else []
        command = [
            *(_java("java"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-cp"),
            *(os.pathsep.join([str(ENGINE), str(_classes())]), "tablet.Tablet"),
            *("--base-url", self.base_url, "--work", str(self.work.resolve()), *who, *options),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=RUN_SECONDS, env=_environ(), check=False)
        except subprocess.TimeoutExpired as error:
            stopped = f"The tablet was stopped after {RUN_SECONDS} s: {' '.join(options)}"
            raise TabletFailed(stopped, _parsed(error.stdout or b""), _text(error.stderr)) from error
        events = _parsed(done.stdout)
        if done.returncode:
            raise TabletFailed(f"The tablet failed: {' '.join(options)}", events, _text(done.stderr))
        return events


def _filling(forms: Iterable[str], n: int, seed: int, answers: Path | None) -> list[str]:
    print(f"tablet seed {seed}")
    chosen = ",".join(forms)
    options = ["--n", str(n), "--seed", str(seed)]
    return options + ["--forms", chosen] * bool(chosen) + ["--answers", str(answers)] * bool(answers)


def _parsed(stdout: bytes) -> Events:
    return Events(json.loads(line) for line in stdout.decode().splitlines() if line.endswith("}"))


def _text(stderr: bytes | None) -> str:
    return (stderr or b"").decode(errors="replace")


def _environ() -> dict[str, str]:
    # Java names files in the locale's character set; forms have Arabic titles.
    return {**os.environ, "LC_ALL": "C.UTF-8"}


@cache
def _java(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise RuntimeError(NEEDS_JAVA.format(program))
    return found


@cache
def _classes() -> Path:
    """Compile the client, or find it compiled: the folder is named by the sources and the engine."""
    sources = sorted(SOURCES.glob("*.java"))
    key = hashlib.sha256(b"".join(source.read_bytes() for source in sources) + str(ENGINE.stat().st_size).encode())
    in_venv = sys.prefix != sys.base_prefix
    home = Path(sys.prefix) / "tablet-classes" if in_venv else Path(tempfile.gettempdir()) / "tablet-classes"
    classes = home / key.hexdigest()[:16]
    if not classes.exists():
        home.mkdir(exist_ok=True)
        _compile(sources, classes)
    return classes


def _compile(sources: list[Path], classes: Path) -> None:
    """Compile beside and rename: another test process may be doing the same."""
    beside = Path(tempfile.mkdtemp(dir=classes.parent))
    command = [
        _java("javac"),
        "--release",
        "17",
        "-nowarn",
        "-encoding",
        "UTF-8",
        "-cp",
        str(ENGINE),
        "-d",
        str(beside),
    ]
    done = subprocess.run(
        [*command, *map(str, sources)], capture_output=True, timeout=COMPILE_SECONDS, env=_environ(), check=False
    )
    if done.returncode:
        raise RuntimeError(f"The tablet does not compile:\n{_text(done.stderr)}")
    try:
        beside.rename(classes)
    except OSError:  # the other one was first
        shutil.rmtree(beside)
