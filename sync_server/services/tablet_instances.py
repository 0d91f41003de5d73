"""Judge each instance in a copy of a tablet: finished, draft, deleted, undecided, damaged; and by which rule.

The tablet's list decides where it came along and names the instance. Else only what the files prove counts, and what
they do not prove stays undecided: a draft that is taken for a submission is a report that nobody made.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sync_server.core import collect_folder as collect
from sync_server.core.instance_xml import Instance, read_instance
from sync_server.core.xform import parse_xform
from sync_server.errors import UnreadableXml
from sync_server.node import Node
from sync_server.services.tablet_copy import TabletProject, list_names, open_plain
from sync_server.store import forms
from sync_server.store.tablet_list import ListedInstance, ListUnreadable, read_list

DAMAGED = "damaged"
LARGEST_XML = 64_000_000  # bytes, held in memory; what is larger holds no answers
EMPTY = "nothing was saved in it"
LINK = "it is a link, and links are not followed"
SENT = "submitted"  # Collect deletes the folders of those, at once or later


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletInstance:
    """One filled form in the copy. `problem` says what of it cannot be read; with `xml` the rest can be taken."""

    folder: Path
    standing: str
    rule: str = ""
    form_id: str = ""
    saved_at: datetime | None = None
    xml: bytes | None = field(default=None, repr=False)
    device_id: str | None = None
    files: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class TabletList:
    """What the list of a project says, or why it could not be asked."""

    instances: Mapping[str, ListedInstance]
    is_here: bool
    problem: str | None = None


def read_tablet_list(node: Node, project: TabletProject) -> TabletList:
    """Read a project's list, from a copy in the scratch folder: opening the tablet's would write beside it."""
    if project.list_path is None:
        return TabletList({}, is_here=False)
    with TemporaryDirectory(prefix="tablet-", dir=node.scratch) as scratch:
        try:
            return TabletList(read_list(project.list_path, Path(scratch), open_plain), is_here=True)
        except ListUnreadable as error:
            return TabletList({}, is_here=False, problem=str(error))


def iter_instances(node: Node, project_id: int, project: TabletProject, known: TabletList) -> Iterator[TabletInstance]:
    """Judge every instance of a project, one at a time; then those of the list whose folders are not there."""
    judge = _Judge(node, project_id)
    for folder in project.folders:
        listed = known.instances.get(folder.name)
        try:
            found = _damaged(folder, LINK, listed) if folder.is_symlink() else judge.instance(folder, listed)
        except OSError as error:
            found = _damaged(folder, f"it cannot be read: {error.strerror or error}", listed)
        if found is not None:
            yield found
    if project.is_whole:
        here = {folder.name for folder in project.folders}
        yield from (_gone(project, listed) for name, listed in known.instances.items() if name not in here)


class _Judge:
    """Remembers which forms have to be sealed: a form is asked for once, not for each of its instances."""

    def __init__(self, node: Node, project_id: int) -> None:
        self._node = node
        self._project_id = project_id
        self._sealing: dict[tuple[str, str], bool] = {}

    def instance(self, folder: Path, listed: ListedInstance | None) -> TabletInstance | None:
        """Judge one folder; None for one with nothing in it. Raises OSError."""
        names, strange = list_names(folder)
        instance_xml = collect.find_instance_xml(folder.name, names, listed.file if listed else None)
        name = collect.find_submission_xml(instance_xml, names)
        if name is None:
            return _without_xml(folder, names, listed)
        xml, saved_at = _read_xml(folder / name)
        found = TabletInstance(
            folder=folder,
            standing=listed.standing if listed else collect.UNDECIDED,
            rule=collect.BY_LIST if listed else "",
            form_id=listed.form_id if listed else "",
            saved_at=listed.saved_at if listed and listed.saved_at else saved_at,
            xml=xml,
        )
        try:
            instance = read_instance(xml)
        except UnreadableXml as problem:
            if found.standing in (collect.DRAFT, collect.DELETED):
                return found  # it is left as it is
            return replace(found, problem=f"it is not readable XML: {problem.details['reason']}")
        return self._with_meaning(found, instance, names, strange, {name, instance_xml})

    def _with_meaning(
        self, found: TabletInstance, instance: Instance, names: list[str], strange: list[str], xmls: set[str | None]
    ) -> TabletInstance | None:
        if not collect.is_filled_form(instance.root):
            return None
        going, staying = collect.sort_files(names, besides=xmls, sealed=instance.is_sealed)
        standing, rule = found.standing, found.rule
        if standing == collect.UNDECIDED:
            standing, rule = self._by_files(found.folder, instance, names)
        return replace(
            found,
            standing=standing,
            rule=rule,
            form_id=instance.form_id,
            device_id=collect.read_device_id(instance.root),
            files=tuple(going),
            left=tuple(staying + strange),
        )

    def _by_files(self, folder: Path, instance: Instance, names: list[str]) -> tuple[str, str]:
        if instance.is_sealed:
            return collect.FINISHED, collect.BY_SEAL
        if self._has_to_be_sealed(instance):
            return collect.DRAFT, collect.BY_KEY
        if collect.AUDIT_LOG in names and _is_finalised(folder / collect.AUDIT_LOG):
            return collect.FINISHED, collect.BY_LOG
        return collect.UNDECIDED, ""

    def _has_to_be_sealed(self, instance: Instance) -> bool:
        key = instance.form_id, instance.form_version
        if key not in self._sealing:
            with self._node.database.read() as session:
                version = forms.find_version(session, self._project_id, *key)
                xform = forms.get_xml(session, version.row_id) if version else None
            self._sealing[key] = xform is not None and parse_xform(xform).public_key is not None
        return self._sealing[key]


def _read_xml(path: Path) -> tuple[bytes, datetime]:
    with open_plain(path) as file:
        xml = file.read(LARGEST_XML + 1)
    if len(xml) > LARGEST_XML:
        raise OSError("it is too large for a filled form")
    return xml, datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _is_finalised(log: Path) -> bool:
    try:
        with open_plain(log) as file, io.TextIOWrapper(file, "utf-8", "replace", newline="") as lines:
            return collect.is_finalised(lines)
    except OSError:  # said when it is to be taken
        return False


def _without_xml(folder: Path, names: list[str], listed: ListedInstance | None) -> TabletInstance | None:
    """Judge a folder without answers: a form that was opened and never saved, or one that lost them."""
    if listed is None and not any(map(collect.is_sent, names)):
        return None
    if listed is not None and listed.standing in (collect.FINISHED, collect.UNDECIDED):
        return _damaged(folder, "the file with the answers is not there", listed)
    if len([name for name in names if name.lower().endswith(".xml")]) > 1:
        return _damaged(folder, "several XML files are in it, and none has the folder's name", listed)
    standing = listed.standing if listed else collect.DRAFT
    form_id = listed.form_id if listed else ""
    rule = collect.BY_LIST if listed else EMPTY
    return TabletInstance(
        folder=folder, standing=standing, rule=rule, form_id=form_id, saved_at=listed.saved_at if listed else None
    )


def _gone(project: TabletProject, listed: ListedInstance) -> TabletInstance:
    folder = project.path / listed.folder
    if listed.standing == collect.FINISHED and listed.status != SENT:
        return _damaged(folder, "the tablet's list names it, and its folder was not copied", listed)
    standing = collect.DELETED if listed.status == SENT else listed.standing
    return TabletInstance(
        folder=folder, standing=standing, rule=collect.BY_LIST, form_id=listed.form_id, saved_at=listed.saved_at
    )


def _damaged(folder: Path, problem: str, listed: ListedInstance | None) -> TabletInstance:
    return TabletInstance(
        folder=folder,
        standing=DAMAGED,
        form_id=listed.form_id if listed else "",
        saved_at=listed.saved_at if listed else None,
        problem=problem,
    )
