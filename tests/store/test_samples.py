"""Data folders of earlier versions open, upgrade in place, and hold and show what they did."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from sync_server.node import Node
from sync_server.operator_errors import DatabaseTooNew
from sync_server.services import consumers
from sync_server.services.digest_node import digest_node
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store.migrations import is_newest, read_revision
from sync_server.store.tables import submissions

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.zip"))
LARGEST = 300_000  # bytes: every copy of the repository carries all of them


def unpack(sample: Path, folder: Path) -> Settings:
    with zipfile.ZipFile(sample) as archive:
        archive.extractall(folder)
    return Settings(data=folder, min_free_bytes=0)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_folder_of_an_earlier_version_is_upgraded_in_place(sample: Path, tmp_path: Path) -> None:
    recorded = json.loads(sample.with_suffix(".json").read_text("utf-8"))
    with Node.open(unpack(sample, tmp_path)) as node:
        with node.database.engine.connect() as connection:
            assert is_newest(read_revision(connection))
        consumers.catch_up(node)
        assert list(verify_node(node)) == []
        assert digest_node(node) == recorded
        reviewed = review_states(node)
        consumers.rebuild(node)
        assert digest_node(node) == recorded
        assert review_states(node) == reviewed
        assert list(verify_node(node)) == []


def review_states(node: Node) -> dict[str, str | None]:
    with node.database.read() as session:
        rows = session.execute(select(submissions.c.root_id, submissions.c.review_state))
        return {row.root_id: row.review_state for row in rows}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_small(sample: Path) -> None:
    assert sample.stat().st_size < LARGEST


def test_every_revision_has_a_sample() -> None:
    """Make one with: .venv/bin/python -m tests.store.samples.make REVISION-what-is-new"""
    versions = Path(__file__).parents[2] / "sync_server" / "store" / "migrations" / "versions"
    revisions = {file.name.partition("_")[0] for file in versions.glob("[0-9]*.py")}
    assert revisions - {sample.name.partition("-")[0] for sample in SAMPLES} == set()


def test_a_folder_of_a_newer_version_is_refused_and_its_copy_from_before_still_opens(tmp_path: Path) -> None:
    """What docs/operations.md says about going back."""
    settings = unpack(SAMPLES[-1], tmp_path / "data")
    shutil.copytree(settings.data, tmp_path / "before")
    with Node.open(settings) as node, node.database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    newer = hashlib.sha256((settings.data / "sync.db").read_bytes()).digest()
    with pytest.raises(DatabaseTooNew, match="newer version"):
        Node.open(settings)
    assert hashlib.sha256((settings.data / "sync.db").read_bytes()).digest() == newer
    Node.open(Settings(data=tmp_path / "before")).close()
