"""Find the forms that come with the program."""

from pathlib import Path

import sync_server

_PACKAGE = Path(sync_server.__file__).parent


def shipped_forms() -> Path:
    """Return the folder of the shipped forms.

    A wheel carries them inside the package; in a checkout they stand beside it, where people edit them.
    """
    installed = _PACKAGE / "forms"
    return installed if installed.is_dir() else _PACKAGE.parent / "forms"
