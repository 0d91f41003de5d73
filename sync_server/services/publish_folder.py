"""Publish a folder of forms, `<form>/<form>.xlsx` and `<form>/media/`, as the program does at its start.

What is published already is known by the hash of its file, so that a second start neither loads pyxform nor converts.
Media are only added where they are missing: a list that somebody replaced since stays. The lists that came as files in
the first versions are entity lists now (seed_lists.py), and are not taken over by newer versions.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from sync_server.core.ids import sha256_hex
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_media import keep_media
from sync_server.services.project_home import is_led_here
from sync_server.services.publish_form import publish_form
from sync_server.services.served_lists import SUFFIX, find_form_lists
from sync_server.store import forms
from sync_server.store.forms import FormVersion

log = logging.getLogger(__name__)

SOURCES = (".xlsx", ".md", ".xml")

# forums, participants, concerns and trainings as they lay in media/ of the shipped forms until version 2026113001. A
# file beside a form wins over the list of its name. One that an office put in their place has another hash, and stays.
ONCE_SHIPPED = frozenset((
    "153edb03b5960a0d9e0b24b3aba27ba74663cfab7276c347c97f024508910d9b",
    "9c4266f79333dae2c32f910d834912b61cdb4cd63d1bbf55548295d1c35f463c",
    "501827f50bb9a9cf1425515089e23246e2a78c000c4f3bc00abcc478f1b289ed",
    "fa2ff9ffdc23d9f9375b27e05386a0d92dc8a5c33f03b3563d30726ddc61404b",
))  # fmt: skip


def publish_folder(node: Node, folder: Path, *, project_id: int = 1) -> list[FormVersion]:
    """Publish every form of a folder that is not published yet; return those, warnings and all.

    A form that cannot be published is said in the log and keeps neither the others nor the server from their work. Of a
    project that another node leads nothing is published: its forms come from there.
    """
    if not is_led_here(node, project_id):
        log.info("no form published project=%d node=%s reason=led elsewhere", project_id, node.id)
        return []
    return [version for path in iter_sources(folder) if (version := _try_to_publish(node, path, project_id))]


def iter_sources(folder: Path) -> Iterator[Path]:
    """List the forms of a folder: those in it, and one in each folder below."""
    for path in sorted(folder.iterdir()):
        # Excel and LibreOffice leave lock files beside an open workbook.
        if path.name.startswith((".", "~")):
            continue
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if is_source(file))
        elif is_source(path):
            yield path


def is_source(path: Path) -> bool:
    return path.suffix.lower() in SOURCES and not path.name.startswith((".", "~")) and path.is_file()


def add_missing_media(node: Node, version: FormVersion, folder: Path) -> list[str]:
    """Add the files of a folder that the version names and does not have; return their names."""
    named, present = _media(node, version)
    return _put(node, version, [folder / name for name in named if name not in present])


def put_changed_media(node: Node, version: FormVersion, folder: Path) -> list[str]:
    """Bring a version's files to what a folder holds; return the names of those that changed."""
    named, present = _media(node, version)
    files = [folder / name for name in named if (folder / name).is_file()]
    return _put(node, version, [file for file in files if sha256_hex(file.read_bytes()) != present.get(file.name)])


def find_missing_media(node: Node, version: FormVersion) -> list[str]:
    """Name the files that a version needs and the server does not have, neither as files nor as entity lists."""
    named, present = _media(node, version)
    consumers.fold_received(node)
    with node.database.read() as session:
        lists = {f"{each.name}{SUFFIX}" for each in find_form_lists(session, version.project_id, version.row_id)}
    return [name for name in named if name not in present and name not in lists]


def _media(node: Node, version: FormVersion) -> tuple[tuple[str, ...], dict[str, str]]:
    with node.database.read() as session:
        present = {file.name: str(file.sha256) for file in forms.iter_attachments(session, version.row_id)}
        return get_definition(session, version).media, present


def _put(node: Node, version: FormVersion, paths: list[Path]) -> list[str]:
    found = [path for path in paths if path.is_file()]
    for path in found:
        _add_media(node, version, path)
    return [path.name for path in found]


def _add_media(node: Node, version: FormVersion, path: Path) -> None:
    attachment = keep_media(node, path.name, [path.read_bytes()])
    node.write(lambda session: forms.put_attachment(session, version.row_id, attachment))


def _try_to_publish(node: Node, path: Path, project_id: int) -> FormVersion | None:
    try:
        return _publish(node, path, project_id)
    except Problem as problem:
        log.error("not published file=%s node=%s reason=%s", path.name, node.id, problem.text)
    except OSError as error:  # open in Excel, on Windows
        log.error("not published file=%s node=%s reason=%s", path.name, node.id, error.strerror)
    return None


def _publish(node: Node, path: Path, project_id: int) -> FormVersion | None:
    """Publish one form; None when it was published before."""
    source = path.read_bytes()
    with node.database.read() as session:
        known = forms.find_version_by_source(session, project_id, sha256_hex(source))
    version = known or publish_form(
        node,
        None,
        source,
        project_id=project_id,
        source_name=path.name,
        fallback_form_id=path.stem,
        ignore_warnings=True,
        left_behind=ONCE_SHIPPED,
    )
    for warning in [] if known else version.warnings:
        log.warning("form_id=%s version=%s warning=%s", version.form_id, version.version, warning)
    add_missing_media(node, version, path.parent / "media")
    return None if known else version
