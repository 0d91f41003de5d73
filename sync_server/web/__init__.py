"""Pages for people: `register(app)` adds them, and the languages in which this server speaks, to a Flask app."""

from pathlib import Path

from flask import Flask
from flask_babel import Babel

from sync_server.protocols.authentication import current_node
from sync_server.web.languages import current_locale
from sync_server.web.office import office

TRANSLATIONS = Path(__file__).with_name("translations")


def register(app: Flask) -> None:
    """Add the pages, and gettext for every door's messages."""
    Babel(
        app,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=current_locale,
        timezone_selector=lambda: current_node().settings.timezone,
    )
    app.register_blueprint(office)
