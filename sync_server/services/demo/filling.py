"""Fill a form as a tablet would: the form's own empty instance, with answers at their paths.

Answers are given by path. None takes a question (or a whole group) out, as a tablet does with what is not relevant;
a repeat takes a list with one set of answers for each of its rows. Questions without an answer get one that fits
their type: any of the choices, a small number; text stays empty.
"""

import copy
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.xform import JAVAROSA, XFORMS, Field, FormDefinition, parse_xform

OPENROSA = "http://openrosa.org/xforms"

Answers = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A published form version, ready to be filled any number of times."""

    definition: FormDefinition
    fields: Mapping[str, Field]
    template: etree._Element

    @classmethod
    def read(cls, xform: bytes) -> "BlankForm":
        definition = parse_xform(xform)
        template = copy.deepcopy(next(parse_xml(xform).iterfind(f".//{{{XFORMS}}}instance/*")))
        for element in template.iter(etree.Element):
            if element.tag.startswith(f"{{{XFORMS}}}"):
                element.tag = local_name(element)  # tablets write a form's own names without a namespace
        return cls(definition, {field.path: field for field in definition.fields}, template)

    def fill(self, answers: Answers, *, chance: random.Random) -> bytes:
        """Return the XML of one filled form. The same answers and chance give the same bytes."""
        root = copy.deepcopy(self.template)
        _Filling(self.fields, chance).fill(root, "", answers)
        _name_original(root, answers.get("/meta/deprecatedID"))
        etree.cleanup_namespaces(root, top_nsmap={"orx": OPENROSA, "jr": JAVAROSA})
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _name_original(root: etree._Element, deprecated_id: object) -> None:
    """Say which instance an edit replaces; a form as published has no place for it."""
    instance_id = next(e for e in root.iter(etree.Element) if local_name(e) == "instanceID")
    if deprecated_id:
        original = etree.Element(instance_id.tag.replace("instanceID", "deprecatedID"))
        original.text = str(deprecated_id)
        instance_id.addnext(original)


@dataclass(frozen=True, slots=True)
class _Filling:
    fields: Mapping[str, Field]
    chance: random.Random

    def fill(self, parent: etree._Element, path: str, answers: Answers) -> None:
        seen: set[str] = set()
        for child in list(parent.iterchildren(etree.Element)):
            child_path = f"{path}/{local_name(child)}"
            if child_path in seen or (child_path in answers and answers[child_path] is None):
                parent.remove(child)  # a repeat stands twice in a form: as its template, and as its first row
            else:
                seen.add(child_path)
                self._answer(parent, child, child_path, answers)

    def _answer(self, parent: etree._Element, child: etree._Element, path: str, answers: Answers) -> None:
        field = self.fields[path]
        if field.type == "repeat":
            self._repeat(parent, child, path, answers.get(path, ()))
        elif field.type == "structure":
            self._identify(child, answers.get(f"{path}/@id"), answers.get(f"{path}/@baseVersion"))
            self.fill(child, path, answers)
        else:
            child.text = str(answers[path]) if path in answers else self._guess(field, child.text)

    def _repeat(self, parent: etree._Element, template: etree._Element, path: str, rows: object) -> None:
        template.attrib.pop(f"{{{JAVAROSA}}}template", "")
        assert isinstance(rows, Sequence)
        for answers in rows:
            row = copy.deepcopy(template)
            self.fill(row, path, answers)
            template.addprevious(row)
        parent.remove(template)

    def _identify(self, element: etree._Element, given: object, version: object) -> None:
        """Say which entity it is, a new one unless told, and which version of it the tablet had."""
        if "dataset" not in element.attrib:
            return
        element.set("id", str(given or UUID(int=self.chance.getrandbits(128), version=4)))
        if "create" not in element.attrib:
            element.set("baseVersion", str(version or ""))
        elif "update" in element.attrib:
            element.set("update", "")

    def _guess(self, field: Field, default: str | None) -> str | None:
        if default:
            return default
        if field.choices and not field.name.startswith(("generated_", "reserved_")):
            return self.chance.choice(field.choices)
        if field.type == "int":
            return str(self.chance.randint(0, 5))
        return None
