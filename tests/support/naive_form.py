"""What the versions of a form ask for, read with lxml alone: the oracle's own reading, which shares no code with ours.

A place of the form keeps every shape that any version gave it: a row of its own, a text, a point, or only a group.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

ROW, TEXT, POINT, GROUP = "row", "text", "point", "group"


@dataclass(frozen=True)
class NaiveForm:
    """The union of all versions: path → the shapes it has had, and path → the types its text has had."""

    shapes: dict[str, set[str]] = field(default_factory=dict)
    types: dict[str, set[str]] = field(default_factory=dict)
    binary: dict[str, set[str]] = field(default_factory=dict)  # version → paths of its files

    def is_known(self, path: str) -> bool:
        return path in self.shapes

    def has(self, path: str, shape: str) -> bool:
        return shape in self.shapes.get(path, ())

    def has_children(self, path: str) -> bool:
        return any(other.startswith(f"{path}/") for other in self.shapes)

    def tables(self) -> list[str]:
        return ["", *(path for path, shapes in self.shapes.items() if ROW in shapes)]


def read_form(versions: Iterable[bytes]) -> NaiveForm:
    """Unite the XForms of all versions."""
    form = NaiveForm()
    for xml in versions:
        _read_version(form, etree.fromstring(xml))
    return form


def _read_version(form: NaiveForm, root: etree._Element) -> None:
    primary = root.xpath("//*[local-name()='model']/*[local-name()='instance'][1]/*")[0]
    start = len(f"/{etree.QName(primary).localname}")
    kinds = {bind.get("nodeset")[start:]: bind.get("type") for bind in root.xpath("//*[local-name()='bind']")}
    repeats = {repeat.get("nodeset")[start:] for repeat in root.xpath("//*[local-name()='repeat']")}
    binary = form.binary.setdefault(primary.get("version") or "", set())
    for element in primary.iterdescendants(etree.Element):
        path = _path(element, primary)
        shapes = form.shapes.setdefault(path, set())
        if path in repeats:
            shapes.add(ROW)
        elif len(element):
            shapes.add(GROUP)
        elif kinds.get(path) == "geopoint":
            shapes.add(POINT)
        else:
            shapes.add(TEXT)
            form.types.setdefault(path, set()).add(kinds.get(path) or "string")
        if kinds.get(path) == "binary" and path not in repeats and not len(element):
            binary.add(path)


def _path(element: etree._Element, primary: etree._Element) -> str:
    steps = [etree.QName(element).localname]
    while (parent := element.getparent()) is not primary:
        element = parent
        steps.append(etree.QName(element).localname)
    return "/" + "/".join(reversed(steps))
