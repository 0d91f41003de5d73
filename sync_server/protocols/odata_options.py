"""Read the query options of an OData request. What this server does not know is named, never passed over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from flask import request

from sync_server.entity_errors import FormatNotOffered
from sync_server.errors import NotSupported, UnexpectedValue
from sync_server.protocols.authentication import current_node
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.shapes import Asked

ASKS = (
    Asked("$top", "integer", "So many rows at most; @odata.nextLink leads to the next."),
    Asked("$skip", "integer", "Begin behind so many rows."),
    Asked("$skiptoken", "string", "Begin where another page ended; @odata.nextLink has it."),
    Asked("$count", "string", "`true` adds how many rows there are on all pages.", ("true", "false")),
    Asked("$filter", "string", "Rows, as OData says it: __system/createdAt ge 2026-11-01 and status eq 'open'."),
    Asked("$orderby", "string", "Another order than newest first: status asc, __system/updatedAt desc."),
    Asked("$select", "string", "The fields to show: __id, label, __system/createdAt."),
    Asked("$search", "string", 'Words of the label or a property: water OR "Bardarash town" -closed.'),
)
_NAMES = tuple(asked.name for asked in ASKS)
# `st` is no option of ours: some clients sign in by it.
_ALWAYS = frozenset(("$format", "st"))


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What a table is asked for; an empty text is none."""

    top: int | None
    skip: int
    token: str | None
    has_count: bool
    filter: str | None
    order: str | None
    select: str | None
    search: str | None


def read_page_options() -> PageOptions:
    """Read the options of a table; raise NotSupported, UnexpectedValue, FormatNotOffered."""
    require_known(_NAMES, format="json")
    get = request.args.get
    return PageOptions(
        top=read_number("$top"),
        skip=read_number("$skip") or 0,
        token=get("$skiptoken") or None,
        has_count=_read_boolean("$count"),
        filter=get("$filter") or None,
        order=get("$orderby") or None,
        select=get("$select") or None,
        search=get("$search") or None,
    )


def require_known(names: Collection[str], *, format: str = "") -> None:
    """Raise NotSupported for an option that is none of these, FormatNotOffered for another format than this."""
    for name in request.args:
        if name not in names and name not in _ALWAYS:
            raise NotSupported(feature=name[:60])
    given = request.args.get("$format", "")
    if given and given.partition(";")[0].strip().lower() not in (format, f"application/{format}"):
        raise FormatNotOffered(given=given[:60], allowed=f"application/{format}, {format}")


def service_root() -> str:
    """The address of the service that was called, up to its `.svc`."""
    root = current_node().settings.public_url or request.url_root
    path, _, _ = request.path.rpartition(".svc")
    return f"{root.rstrip('/')}{quote(path, safe='/@!$')}.svc"


def next_link(token: str) -> str:
    """The address of the page behind a row: this request again, with the token in place of $skip."""
    options: Mapping[str, str] = {**request.args.to_dict(), "$skiptoken": token}
    said = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in options.items() if name != "$skip")
    return f"{service_root()}/{request.path.rpartition('/')[2]}?{said}"


def _read_boolean(name: str) -> bool:
    given = request.args.get(name, "false").lower()
    if given not in ("true", "false"):
        raise UnexpectedValue(field=name, value=given[:60], reason="write true or false.")
    return given == "true"
