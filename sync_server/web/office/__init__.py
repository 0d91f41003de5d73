"""The field office's pages: the first page, signing in, tablets, one's own account, people, the interface."""

from sync_server.web.office import (
    account,
    first_page,
    interface_pages,
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
    "first_page",
    "interface_pages",
    "office",
    "people",
    "reset",
    "roles",
    "sign_in",
    "tablets",
    "two_factor",
]
