"""Which release of this program runs."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Return the version; "?" when it is run from a folder that was never installed."""
    try:
        return version("sync-server")
    except PackageNotFoundError:
        return "?"
