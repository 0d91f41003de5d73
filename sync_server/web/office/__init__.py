"""The field office's pages: the first page, signing in, tablets."""

from sync_server.web.office import first_page, sign_in, tablets
from sync_server.web.office.blueprint import office

__all__ = ["first_page", "office", "sign_in", "tablets"]
