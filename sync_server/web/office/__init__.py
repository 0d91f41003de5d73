"""The field office's pages: the first page, signing in, tablets, the centre, bundles, people, the interface."""

from sync_server.web.office import (
    account,
    all_received,
    bundles,
    cards,
    centre,
    clocks,
    end_of_day,
    entity,
    first_page,
    interface_pages,
    lists,
    people,
    reset,
    roles,
    sign_in,
    tablets,
    two_factor,
)
from sync_server.web.office.blueprint import office

__all__ = [
    "account",
    "all_received",
    "bundles",
    "cards",
    "centre",
    "clocks",
    "end_of_day",
    "entity",
    "first_page",
    "interface_pages",
    "lists",
    "office",
    "people",
    "reset",
    "roles",
    "sign_in",
    "tablets",
    "two_factor",
]
