"""Read what a form says of entities (ODK XForms Entities 2022.1 to 2025.1): which lists it writes, from which answers.

A form declares an entity in the meta of the form itself, or, from 2025.1 on, of a group or repeat: there each row is
an entity of its own. An answer belongs to the nearest declaration around it.
Specification: https://getodk.github.io/xforms-spec/entities
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.xform import ENTITIES, XFORMS, FormDefinition

KNOWN_VERSIONS = ("2022.1", "2023.1", "2024.1", "2025.1")

# As the specification has it: a name of XML, without a period, and nothing that begins with two underscores.
_NAME = re.compile(r"(?!__)[^\W\d][\w-]*")
_NOT_FOR_PROPERTIES = frozenset(("name", "label"))


@dataclass(frozen=True, slots=True)
class EntityDeclaration:
    """One place of a form that writes entities: `path` is the group or repeat, empty for the whole form.

    `properties` maps paths of answers to the property they are saved to. `creates` and `updates` are the form's own
    conditions, empty without one; None: it never does. `label` is the expression that names the entity.
    """

    path: str
    is_repeat: bool
    list_name: str
    properties: dict[str, str] = field(default_factory=dict)
    creates: str | None = None
    updates: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """What one form version says of entities. `version` is the specification's, `root_name` the form's root element."""

    version: str
    root_name: str
    declarations: tuple[EntityDeclaration, ...]

    @property
    def is_known(self) -> bool:
        return self.version.startswith(KNOWN_VERSIONS)

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """The lists that the form writes, with their properties, as far as they may be called so."""
        found: dict[str, dict[str, None]] = {}
        for each in self.declarations:
            if is_list_name(each.list_name):
                names = filter(is_property_name, each.properties.values())
                found.setdefault(each.list_name, {}).update(dict.fromkeys(names))
        return {name: tuple(properties) for name, properties in found.items()}


def is_list_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and len(name) <= 100


def is_property_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and len(name) <= 100 and name.lower() not in _NOT_FOR_PROPERTIES


def read_entity_spec(xml: bytes, definition: FormDefinition) -> EntitySpec:
    """Read the declarations of a form that was parsed already."""
    model = next(parse_xml(xml).iter(f"{{{XFORMS}}}model"))
    binds = {_path(bind.get("nodeset", "")): bind for bind in model.iterfind(f"{{{XFORMS}}}bind")}
    primary = next(model.iterfind(f"{{{XFORMS}}}instance/*"))
    declared = dict(_declared(primary, ""))
    saved = _saved_to(binds, definition.root_name, declared)
    repeats = frozenset(definition.repeats)
    return EntitySpec(
        version=definition.entities_version or KNOWN_VERSIONS[0],
        root_name=definition.root_name,
        declarations=tuple(
            _declaration(path, entity, binds, definition.root_name, saved.get(path, {}), is_repeat=path in repeats)
            for path, entity in declared.items()
        ),
    )


def _declared(parent: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
    """Find every meta/entity with the path of what holds it; a repeat stands twice, as template and as first row."""
    for child in parent.iterchildren(etree.Element):
        if local_name(child) == "meta":
            yield from ((path, entity) for entity in child.iterchildren("{*}entity"))
        else:
            yield from _declared(child, f"{path}/{local_name(child)}")


def _saved_to(
    binds: dict[str, etree._Element], root_name: str, declared: dict[str, etree._Element]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path, bind in binds.items():
        if saved_to := bind.get(f"{{{ENTITIES}}}saveto"):
            below = path.removeprefix(f"/{root_name}")
            around = [place for place in declared if below.startswith(f"{place}/")]
            if around:
                found.setdefault(max(around, key=len), {})[below] = saved_to
    return found


def _declaration(
    path: str,
    entity: etree._Element,
    binds: dict[str, etree._Element],
    root_name: str,
    properties: dict[str, str],
    *,
    is_repeat: bool,
) -> EntityDeclaration:
    place = f"/{root_name}{path}/meta/entity"

    def condition(name: str) -> str | None:
        bind = binds.get(f"{place}/@{name}")
        calculated = bind.get("calculate") if bind is not None else None
        return (calculated or "") if calculated or is_true(entity.get(name)) else None

    label = binds.get(f"{place}/label")
    return EntityDeclaration(
        path=path,
        is_repeat=is_repeat,
        list_name=entity.get("dataset") or "",
        properties=properties,
        creates=condition("create"),
        updates=condition("update"),
        label=label.get("calculate", "") if label is not None else "",
    )


def is_true(value: str | None) -> bool:
    return value in ("1", "true")


def _path(reference: str) -> str:
    """Turn "/data/orx:meta/x" into "/data/meta/x"."""
    return "/".join(step.strip().rpartition(":")[2] for step in reference.strip().split("/"))
