"""The background work of a serving process: it follows the feed, and nothing that passes stops it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sync_server import worker as worker_module
from sync_server.node import Node
from sync_server.services import consumers, erase_submissions
from sync_server.services.erase_submissions import erase_submission
from sync_server.store.segments import get_manifest
from sync_server.worker import WAREHOUSE_SECONDS, Worker, next_build
from tests.support.backups import with_settings
from tests.support.samples import publish_visit, send, visit


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_what_arrives_is_worked_out_without_anybody_asking(node: Node) -> None:
    publish_visit(node)
    worker = Worker(node)
    worker.start()
    for number in range(20):
        send(node, visit(str(number)))
    wait_until(lambda: consumers.count_behind(node) == 0)
    worker.stop()


def test_on_a_slow_disk_resolving_has_as_much_time_as_building() -> None:
    assert next_build(began=10.0, ended=10.1) == 10.1 + WAREHOUSE_SECONDS
    assert next_build(began=10.0, ended=15.0) == 20.0


def test_a_fault_that_passes_does_not_stop_the_consumers(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter([OSError(28, "No space left on device")])
    run_slice = consumers.Runner.run_slice

    def fail_once(runner: consumers.Runner) -> float | None:
        for fault in faults:
            raise fault
        return run_slice(runner)

    monkeypatch.setattr(worker_module, "RECOVERY_SECONDS", 0.01)
    monkeypatch.setattr(consumers.Runner, "run_slice", fail_once)
    worker = Worker(hub)
    worker.start()
    send(hub, visit())
    wait_until(lambda: consumers.count_behind(hub) == 0)
    worker.stop()


def test_what_arrives_one_by_one_ends_up_in_one_segment(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MAINTENANCE_SECONDS", 0.05)
    publish_visit(hub)
    for number in range(8):
        send(hub, visit(str(number)), minutes=number)
        consumers.catch_up(hub)
    worker = Worker(hub)
    worker.start()

    def is_one() -> bool:
        with hub.database.read() as session:
            return [s.submissions for s in get_manifest(session, 1, "visit").segments] == [8]

    wait_until(is_one)
    worker.stop()


def test_a_worker_that_never_started_can_be_stopped(hub: Node) -> None:
    Worker(hub).stop()


def test_a_back_up_is_made_by_itself(hub: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BACKUP_START_SECONDS", 0)
    worker = Worker(with_settings(hub, backup_passphrase="barley", backup_folder=tmp_path / "disk"))
    (tmp_path / "disk").mkdir()
    worker.start()
    wait_until(lambda: bool(list((tmp_path / "disk").rglob("*.backup"))))
    worker.stop()


def test_an_erasure_that_a_crash_interrupted_is_finished_at_the_start(
    hub: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_visit(hub)
    send(hub, visit(photo="p.jpg"), [("p.jpg", b"photo" * 9000)])
    with monkeypatch.context() as crash:
        crash.setattr(erase_submissions, "finish", lambda node, request: None)
        erase_submission(hub, None, "uuid:one", reason="consent withdrawn")
    monkeypatch.setattr(worker_module, "RETENTION_START_SECONDS", 0)
    worker = Worker(hub)
    worker.start()
    wait_until(lambda: list(hub.blobs.iter_ids()) == [])
    worker.stop()
