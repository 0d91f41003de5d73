"""Read the entity actions of one submission's document, as the form version it was made with declares them.

Nothing is refused: an action that cannot be carried out is given back with the reason. A row of a repeat from a client
that knows nothing of entities in repeats (2025.1) has no action in it, or one without an id: it registers what the form
says it registers, under the form's own condition, and its id is made of the submission's and the place of the row.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

from lxml import etree

from sync_server.core.entity_draft import read_entity_id
from sync_server.core.entity_event import CREATE, LABEL, UPDATE, UPSERT
from sync_server.core.entity_spec import EntityDeclaration, EntitySpec, is_list_name, is_property_name, is_true
from sync_server.core.field_path import named_children
from sync_server.core.form_expression import evaluate, is_fulfilled
from sync_server.core.ids import bounded
from sync_server.core.instance_xml import local_name

# Why an action failed; what a person reads of it is in docs/entities.md.
BAD_ID, NO_LABEL, NO_VERSION, BAD_VERSION = "bad_id", "no_label", "no_version", "bad_version"
UNKNOWN_LIST, UNKNOWN_PROPERTY, UNKNOWN_SPEC = "unknown_list", "unknown_property", "unknown_specification"
CANNOT_TELL, NOT_APPROVED = "cannot_tell", "not_approved"

_ROWS = UUID("5b3dbb13-2b5c-5a6e-9c31-0f6a1d1e7c52")  # the name space of ids made for plain repeat rows
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityAction:
    """What one place of a submission does to one entity; `failure` says why it cannot be done.

    `values` are the properties it says something of, and the label. Numbers as in `EntityEvent`.
    """

    place: str
    list_name: str
    entity_id: str
    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    base: int | None = None
    trunk: int | None = None
    branch: str | None = None
    failure: str | None = None


def read_entity_actions(spec: EntitySpec, root: etree._Element, *, root_id: str) -> list[EntityAction]:
    """Read every action, in the order of the form's declarations and of the rows.

    Takes the document over: its elements lose their namespaces, which differ between clients.
    """
    for element in root.iter(etree.Element):
        element.tag = local_name(element)
    return [
        action
        for declaration in spec.declarations
        for place, holder in _holders(root, declaration.path)
        if (action := _Reader(spec, declaration, holder, place, f"{root_id}{place}").read()) is not None
    ]


def _holders(root: etree._Element, path: str) -> Iterator[tuple[str, etree._Element]]:
    """Find the rows (or the one group) that a declaration is about, each with its place: /visit[2]/guest[1]."""
    found = [("", root)]
    for step in path.split("/")[1:]:
        found = [
            (f"{place}/{step}[{number}]", child)
            for place, parent in found
            for number, child in enumerate(named_children(parent, step), start=1)
        ]
    return iter(found)


@dataclass(slots=True)
class _Reader:
    spec: EntitySpec
    declaration: EntityDeclaration
    holder: etree._Element
    place: str
    row_name: str

    def read(self) -> EntityAction | None:
        entity = next((e for meta in named_children(self.holder, "meta") for e in named_children(meta, "entity")), None)
        if self.declaration.is_repeat and (entity is None or not (entity.get("id") or "").strip()):
            action = self._of_plain_row(entity)
        else:
            action = None if entity is None else self._written(entity)
        return None if action is None else self._checked(action)

    def _written(self, entity: etree._Element) -> EntityAction | None:
        creates, updates = is_true(entity.get("create")), is_true(entity.get("update"))
        if not creates and not updates:
            return None
        kind = UPSERT if creates and updates else CREATE if creates else UPDATE
        given = (entity.get("id") or "").strip()
        entity_id = read_entity_id(given)
        action = EntityAction(
            place=self.place,
            list_name=entity.get("dataset") or "",
            entity_id=entity_id or bounded(given),
            kind=kind,
            values=self._values(_text_of(entity, "label"), kind),
            failure=None if entity_id else BAD_ID,
        )
        return action if kind == CREATE else _with_version(action, entity)

    def _of_plain_row(self, entity: etree._Element | None) -> EntityAction | None:
        """Do for a client what the form says and it did not; of an update it did not say of which version."""
        creates = is_fulfilled(self.declaration.creates, self.holder, self.spec.root_name, self.declaration.path)
        updates = is_fulfilled(self.declaration.updates, self.holder, self.spec.root_name, self.declaration.path)
        if creates is False and updates is False:
            return None
        written = _text_of(entity, "label") if entity is not None else None
        label = written or evaluate(self.declaration.label, self.holder, self.spec.root_name, self.declaration.path)
        action = EntityAction(
            place=self.place,
            list_name=self.declaration.list_name,
            entity_id=str(uuid5(_ROWS, self.row_name)),
            kind=CREATE if creates else UPDATE,
            values=self._values(label, CREATE),
        )
        if creates is None or updates is None:
            return replace(action, kind=CREATE, failure=CANNOT_TELL)
        return action if creates else replace(action, failure=NO_VERSION)

    def _values(self, label: str | None, kind: str) -> dict[str, str]:
        """An answer that is not relevant is absent, and leaves its property alone; an empty one makes it empty."""
        values: dict[str, str] = {}
        for path, name in self.declaration.properties.items():
            for _, element in _holders(self.holder, path.removeprefix(self.declaration.path)):
                values.setdefault(name, element.text or "")
        if label or kind == CREATE:
            values[LABEL] = label or ""
        return values

    def _checked(self, action: EntityAction) -> EntityAction:
        """Say what is wrong with an action, the gravest first."""
        failure = action.failure
        if action.kind != UPDATE and not action.values.get(LABEL):
            failure = failure or NO_LABEL
        if not all(map(is_property_name, self.declaration.properties.values())):
            failure = UNKNOWN_PROPERTY
        if action.list_name != self.declaration.list_name or not is_list_name(action.list_name):
            failure = UNKNOWN_LIST
        if not self.spec.is_known:
            failure = UNKNOWN_SPEC
        return replace(action, failure=failure)


def _with_version(action: EntityAction, entity: etree._Element) -> EntityAction:
    """Add which version the person had; one that creates what is not there yet needs none."""
    base, trunk, branch = ((entity.get(name) or "").strip() for name in ("baseVersion", "trunkVersion", "branchId"))
    if not base:
        return action if action.kind == UPSERT else replace(action, failure=action.failure or NO_VERSION)
    if not _NUMBER.fullmatch(base) or (trunk and not _NUMBER.fullmatch(trunk)):
        return replace(action, failure=action.failure or BAD_VERSION)
    if not branch:
        return replace(action, base=int(base))
    # A tablet that updates what it made itself, and no server has served yet, has an empty trunk.
    return replace(action, base=int(base), trunk=int(trunk or 0), branch=bounded(branch))


def _text_of(parent: etree._Element, name: str) -> str | None:
    return next(((child.text or "").strip() for child in named_children(parent, name)), None)
