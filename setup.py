"""Say which packages there are; all else about the build stands in pyproject.toml."""

from setuptools import find_namespace_packages, setup

setup(
    packages=[
        *find_namespace_packages(include=["sync_server", "sync_server.*"], exclude=["*.__pycache__"]),
        "sync_server.forms",
    ],
    # Form makers find forms/ at the top of the repository; an installed package carries it as its own folder.
    package_dir={"sync_server.forms": "forms"},
)
