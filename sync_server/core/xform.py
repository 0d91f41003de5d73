"""Read a form definition (XForm XML) into its questions.

Names, paths and types are those of ODK Central's `/fields`: paths begin below the root element and carry no prefixes.
Specification: https://getodk.github.io/xforms-spec/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.errors import UnreadableForm, UnreadableXml

XFORMS = "http://www.w3.org/2002/xforms"
XHTML = "http://www.w3.org/1999/xhtml"
JAVAROSA = "http://openrosa.org/javarosa"
ENTITIES = "http://www.opendatakit.org/xforms/entities"

_MEDIA = re.compile(r"\s*jr://(?:images|audio|video|file-csv|file)/(.+?)\s*")
_LOOKED_UP = re.compile(r"(?:search|pulldata)\(\s*['\"]([^'\"]+)['\"]")
_INSTANCE_ID = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)")


@dataclass(frozen=True, slots=True)
class Field:
    """One node of the form's primary instance: a question, a group or a repeat."""

    path: str
    name: str
    type: str
    is_binary: bool = False
    select_multiple: bool = False
    choices: tuple[str, ...] | None = None
    preload: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """What the server must know of one form version; `fields` stand in document order."""

    form_id: str
    version: str
    title: str
    fields: tuple[Field, ...]
    media: tuple[str, ...]
    languages: tuple[str, ...]
    public_key: str | None
    submission_url: str | None
    is_client_editable: bool
    entities_version: str | None
    root_name: str

    def find_field(self, path: str) -> Field | None:
        """Find the field at a path such as "/meeting/date"."""
        return next((field for field in self.fields if field.path == path), None)

    @property
    def repeats(self) -> tuple[str, ...]:
        """The paths of the repeats, outer before inner."""
        return tuple(field.path for field in self.fields if field.type == "repeat")


def parse_xform(xml: bytes) -> FormDefinition:
    """Read a form definition; raise UnreadableForm when it is not one."""
    try:
        root = parse_xml(xml)
    except UnreadableXml as error:
        raise UnreadableForm(reason=error.details["reason"]) from error
    model, body = _model_and_body(root)
    primary = _primary_instance(model)
    submission = model.find(f"{{{XFORMS}}}submission")
    return FormDefinition(
        form_id=primary.get("id") or _namespace(primary) or "",
        version=primary.get("version") or "",
        title=(root.findtext(f"{{{XHTML}}}head/{{{XHTML}}}title") or "").strip(),
        fields=tuple(_fields(primary, model, body)),
        media=_media(model, body),
        languages=tuple(item.get("lang", "") for item in model.iterfind(f"{{{XFORMS}}}itext/{{{XFORMS}}}translation")),
        public_key=_attribute(submission, "base64RsaPublicKey"),
        submission_url=_attribute(submission, "action"),
        is_client_editable=_attribute(submission, "client-editable") == "true",
        entities_version=model.get(f"{{{ENTITIES}}}entities-version"),
        root_name=local_name(primary),
    )


def _model_and_body(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    model = root.find(f"{{{XHTML}}}head/{{{XFORMS}}}model")
    body = root.find(f"{{{XHTML}}}body")
    if model is None or body is None:
        raise UnreadableForm(reason="it is XML, but not an XForm: h:head with a model, and h:body, are missing")
    return model, body


def _primary_instance(model: etree._Element) -> etree._Element:
    instance = model.find(f"{{{XFORMS}}}instance")
    primary = next(instance.iterchildren(etree.Element), None) if instance is not None else None
    if primary is None:
        raise UnreadableForm(reason="its model has no instance")
    if not (primary.get("id") or _namespace(primary)):
        raise UnreadableForm(reason="its first instance has no id; give the form an id")
    return primary


def _namespace(primary: etree._Element) -> str | None:
    """Name the instance's own namespace, which stands for the form id where there is none (OpenRosa 1.0)."""
    namespace = etree.QName(primary).namespace
    return namespace if namespace != XFORMS else None


def _attribute(element: etree._Element | None, name: str) -> str | None:
    """Read an attribute in whatever namespace: Collect does (odk:client-editable, orx:auto-send)."""
    if element is None:
        return None
    return next((str(value) for key, value in element.attrib.items() if etree.QName(str(key)).localname == name), None)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What model and body say about paths, apart from the instance itself."""

    binds: dict[str, etree._Element]
    repeats: frozenset[str]
    multiples: frozenset[str]
    choices: dict[str, tuple[str, ...]]


def _fields(primary: etree._Element, model: etree._Element, body: etree._Element) -> Iterator[Field]:
    prefix = "/" + local_name(primary)
    shape = _shape(model, body, prefix)
    seen: set[str] = set()
    for path, element in _walk(primary, ""):
        # A repeat stands twice in the instance: as jr:template, and as its first row.
        if path not in seen:
            seen.add(path)
            yield _field(path, element, shape)


def _walk(parent: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
    for child in parent.iterchildren(etree.Element):
        child_path = f"{path}/{local_name(child)}"
        yield child_path, child
        yield from _walk(child, child_path)


def _field(path: str, element: etree._Element, shape: _Shape) -> Field:
    bind = shape.binds.get(path)
    kind = _kind(path, element, bind, shape)
    preload = bind.get(f"{{{JAVAROSA}}}preload") if bind is not None else None
    params = bind.get(f"{{{JAVAROSA}}}preloadParams", "") if bind is not None else ""
    return Field(
        path=path,
        name=local_name(element),
        type=kind,
        is_binary=kind == "binary",
        select_multiple=path in shape.multiples,
        choices=shape.choices.get(path),
        preload=(preload, params) if preload else None,
    )


def _kind(path: str, element: etree._Element, bind: etree._Element | None, shape: _Shape) -> str:
    if path in shape.repeats:
        return "repeat"
    if next(element.iterchildren(etree.Element), None) is not None:
        return "structure"
    kind = bind.get("type") if bind is not None else None
    return kind.rpartition(":")[2] if kind else "unknown"


def _shape(model: etree._Element, body: etree._Element, prefix: str) -> _Shape:
    binds = {_path(bind.get("nodeset"), prefix): bind for bind in model.iterfind(f"{{{XFORMS}}}bind")}
    named = {bind.get("id"): path for path, bind in binds.items() if bind.get("id")}
    lists = _choice_lists(model)
    repeats, multiples, choices = set(), set(), {}
    for control in body.iter(etree.Element):
        name = local_name(control)
        path = named.get(control.get("bind"), "") or _path(control.get("ref") or control.get("nodeset"), prefix)
        if name == "repeat":
            repeats.add(path)
        elif name in ("select", "select1", "rank"):
            if name != "select1":
                multiples.add(path)
            if (values := _values(control, lists)) is not None:
                choices[path] = values
    return _Shape(binds, frozenset(repeats), frozenset(multiples), choices)


def _path(reference: str | None, prefix: str) -> str:
    """Turn "/data/g/q" into "/g/q"."""
    steps = [step.strip().rpartition(":")[2] for step in (reference or "").strip().split("/")]
    path = "/".join(steps)
    return path[len(prefix) :] if path.startswith(prefix + "/") else path


def _choice_lists(model: etree._Element) -> dict[str, etree._Element]:
    """Find the lists inside the form; lists in files (src) are not the form's to know."""
    return {
        name: instance
        for instance in model.iterfind(f"{{{XFORMS}}}instance")
        if (name := instance.get("id")) and not instance.get("src")
    }


def _values(control: etree._Element, lists: dict[str, etree._Element]) -> tuple[str, ...] | None:
    if "search(" in (control.get("appearance") or "") or control.get("query"):
        return None
    itemset = control.find(f"{{{XFORMS}}}itemset")
    if itemset is None:
        found = control.iterfind(f"{{{XFORMS}}}item/{{{XFORMS}}}value")
        return tuple(dict.fromkeys((value.text or "").strip() for value in found))
    match = _INSTANCE_ID.search(itemset.get("nodeset", ""))
    listed = lists.get(match.group(1)) if match else None
    value = itemset.find(f"{{{XFORMS}}}value")
    if listed is None or value is None:
        return None
    column = (value.get("ref") or "name").rpartition(":")[2]
    return tuple(
        dict.fromkeys((item.text or "").strip() for item in listed.iter(etree.Element) if local_name(item) == column)
    )


def _media(model: etree._Element, body: etree._Element) -> tuple[str, ...]:
    """Name the files the form needs, in the order it names them; never last-saved, which is the tablet's own."""
    found: dict[str, None] = {}
    for element in (*model.iter(etree.Element), *body.iter(etree.Element)):
        for text in (element.text, *element.attrib.values()):
            if text:
                found.update(dict.fromkeys(_names_in(str(text))))
    if any(control.get("query") for control in body.iter(f"{{{XFORMS}}}input")):
        found["itemsets.csv"] = None
    return tuple(name for name in found if name != "last-saved.xml")


def _names_in(text: str) -> Iterator[str]:
    if match := _MEDIA.fullmatch(text):
        yield match.group(1).rpartition("/")[2]
    if "search(" in text or "pulldata(" in text:
        yield from (name if name.endswith(".csv") else f"{name}.csv" for name in _LOOKED_UP.findall(text))
