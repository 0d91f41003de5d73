"""An entity among the subjects of peers: what a peer had whole, and what it is told to remove.

There a submission goes by its project, form and root instance. An entity goes by its project, its list and its id, with
a mark before the list: a form and a list may have the same name, and a tablet may choose an instanceID as it likes. No
form's id has this letter in it, since XML cannot say it.
"""

MARK = "\x1f"

EntityKey = tuple[int, str, str]
Root = tuple[int, str, str]


def root_of(key: EntityKey) -> Root:
    """Write an entity (project, list, id) as a subject of peers."""
    project_id, list_name, entity_id = key
    return project_id, MARK + list_name, entity_id


def entity_of(root: Root) -> EntityKey | None:
    """Read an entity out of a subject of peers; None for a submission."""
    project_id, form_id, root_id = root
    list_name = list_of(form_id)
    return None if list_name is None else (project_id, list_name, root_id)


def list_of(form_id: str) -> str | None:
    """Return the list that stands in the place of a form; None for a form."""
    return form_id[len(MARK) :] if form_id.startswith(MARK) else None
