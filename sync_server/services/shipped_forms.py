"""Find the forms that come with the program, and the lists that come with forms."""

from pathlib import Path

import sync_server

_PACKAGE = Path(sync_server.__file__).parent


def shipped_forms() -> Path:
    """Return the folder of the shipped forms.

    A wheel carries them inside the package; in a checkout they stand beside it, where people edit them.
    """
    installed = _PACKAGE / "forms"
    return installed if installed.is_dir() else _PACKAGE.parent / "forms"


def lists_beside(folder: Path) -> Path:
    """Return where the entity lists of a folder of forms lie, one CSV for each; there need be none."""
    return folder / "lists"


def demo_lists() -> Path:
    """Return the folder of lists that only a demo has: made-up people."""
    return lists_beside(shipped_forms()) / "demo"
