"""The wheel, installed alone in an empty environment, is the whole server: pages, forms and their media included."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.house.sources import ROOT

pytestmark = pytest.mark.long  # builds, and installs everything a hub needs: a minute or two

SOURCES = ["pyproject.toml", "setup.py", "setup.cfg", "README.md", "LICENSE", "sync_server", "forms"]
ANSWERS_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy: an older build's leftovers in the source tree would come along otherwise."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    pip_wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    _run(*pip_wheel, "-w", copy / "dist", copy)
    [built] = (copy / "dist").glob("sync_server-*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with the locked packages of a hub, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "hub.lock")
    _run(*pip, "--no-deps", wheel)
    return programs / "sync-server"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of somebody who has nothing: an empty home, an empty working folder."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNC_", "PYTHON"))}
    return {**kept, "HOME": str(home), "SYNC_DATA": str(home / "data"), "SYNC_PORT": port, "SYNC_MIN_FREE_BYTES": "0"}


@pytest.fixture(scope="module")
def address(command: Path, environment: dict[str, str]) -> Iterator[str]:
    address = f"http://127.0.0.1:{environment['SYNC_PORT']}"
    log = Path(environment["HOME"]) / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen([command, "serve"], env=environment, cwd=environment["HOME"], stdout=out, stderr=out)
    try:
        _wait_for(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_wheel_carries_forms_media_pages_and_migrations(wheel: Path) -> None:
    listing = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True)
    carried = set(re.findall(r"^(sync_server/\S+)", listing.stdout, re.MULTILINE))
    folders = {"sync_server/web", "sync_server/store/migrations", "forms"}
    wanted = {
        (Path("sync_server", relative) if folder == "forms" else relative).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".po", ".pot"}
        for relative in [path.relative_to(ROOT)]
    }
    assert wanted - carried == set()


def test_first_page_answers(address: str) -> None:
    page = requests.get(address, timeout=30)
    assert page.status_code == 200
    assert "text/html" in page.headers["Content-Type"]


def test_tablet_finds_the_shipped_forms(address: str, command: Path, environment: dict[str, str]) -> None:
    added = _run(command, "device", "add", "Tablet 1", "--project", "1", environment=environment)
    server_url = added.strip().splitlines()[-1]
    form_list = requests.get(f"{server_url}/formList", timeout=30)
    assert form_list.status_code == 200
    shipped = {path.stem for path in (ROOT / "forms").glob("*/*.xlsx")}
    assert set(re.findall("<formID>(.+?)</formID>", form_list.text)) == shipped


def _run(*words: str | Path, environment: dict[str, str] | None = None) -> str:
    cwd = environment["HOME"] if environment else None
    done = subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            requests.get(address, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"no answer from {address}: {log.read_text()}")
