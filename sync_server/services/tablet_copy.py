"""Find what lies in a copy of a tablet: Collect's projects, their instance folders, their list. Nothing is written.

The copy is a stranger's folder. Links are never followed, and only plain files are opened: a pipe would wait for ever.
Layouts: Android/data/org.odk.collect.android/files/projects/<uuid>/ (since 2021), …/files/ (2020), /sdcard/odk/ before.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sync_server.operator_errors import NoTabletFolder

INSTANCES, METADATA, LIST = "instances", "metadata", "instances.db"
DEEPEST = 9  # folders between the one named and `instances`; a whole tablet has seven
# Neither is there on Windows, which has no pipes in folders.
_PLAIN_ONLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class TabletProject:
    """One of Collect's projects: the folders of its instances and, if it came along, its list."""

    name: str
    path: Path
    folders: tuple[Path, ...]
    list_path: Path | None
    is_whole: bool = True  # False: one instance was named, and the list's others are not looked for


def find_projects(folder: Path) -> list[TabletProject]:
    """Find every project with instances, or a list of them, at or below a folder.

    Raises NoTabletFolder if there is none, and OSError when the folder or one of instances cannot be read.
    """
    root = folder.resolve()
    found = [_project(path) for path in _iter_instance_roots(root, 0)]
    # Collect makes a list for every project, also for those that were never used.
    if projects := [project for project in found if project.folders] or [each for each in found if each.list_path]:
        return projects
    if any(_has_xml(path) for path in _subfolders(root)):  # `instances` under another name
        return [TabletProject(root.name, root, tuple(_subfolders(root)), None)]
    if _has_xml(root):
        return [TabletProject(root.name, root, (root,), _list_beside(root.parent), is_whole=False)]
    raise NoTabletFolder(folder=folder)


def list_names(folder: Path) -> tuple[list[str], list[str]]:
    """List the plain files of a folder, and all else in it: links, folders, pipes."""
    with os.scandir(folder) as entries:
        plain = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    return sorted(name for name in plain if plain[name]), sorted(name for name in plain if not plain[name])


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading; raise OSError for anything else."""
    if path.is_symlink():
        raise OSError("it is a link")
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _PLAIN_ONLY))  # noqa: SIM115 given on
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError("it is not a file")


def _iter_instance_roots(folder: Path, depth: int) -> Iterator[Path]:
    if folder.name == INSTANCES:
        yield folder
    elif depth < DEEPEST:
        for below in _subfolders_on_the_way(folder, depth):
            yield from _iter_instance_roots(below, depth + 1)


def _subfolders_on_the_way(folder: Path, depth: int) -> list[Path]:
    """Pass over what cannot be read beside the way; the folder that was named has to be readable."""
    try:
        return _subfolders(folder)
    except OSError:
        if depth == 0:
            raise
        return []


def _project(instances: Path) -> TabletProject:
    folders = tuple(_folders_or_links(instances))  # links are not followed, and said
    return TabletProject(_name(instances.parent), instances.parent, folders, _list_beside(instances))


def _name(project: Path) -> str:
    """Collect writes its projects' names as names of empty files: the folders are called by a random id."""
    empty = (name for name in _names(project) if not name.startswith(".") and not (project / name).lstat().st_size)
    return next(empty, project.name)


def _list_beside(instances: Path) -> Path | None:
    if instances.name != INSTANCES:
        return None
    path = instances.parent / METADATA / LIST
    return path if path.is_file() and not path.is_symlink() and not path.parent.is_symlink() else None


def _has_xml(folder: Path) -> bool:
    return any(name.lower().endswith(".xml") for name in _names(folder))


def _names(folder: Path) -> list[str]:
    try:
        return list_names(folder)[0]
    except OSError:  # said when its turn comes
        return []


def _subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder that are no links and not hidden."""
    return [path for path in _folders_or_links(folder) if not path.is_symlink()]


def _folders_or_links(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if entry.is_symlink() or entry.is_dir(follow_symlinks=False)]
    return [folder / name for name in sorted(found) if not name.startswith(".")]
