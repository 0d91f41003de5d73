"""Group commit: many callers, one transaction, and one bad item takes nobody with it."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import changes as feed


def append_all(session: Session, keys: Sequence[str]) -> list[int]:
    last = changes.append(session, [Change("test", key, "1") for key in keys])
    return list(range(last - len(keys) + 1, last + 1))


def test_every_caller_gets_its_own_result(node: Node) -> None:
    with ThreadPoolExecutor(32) as pool:
        numbers = list(pool.map(lambda n: node.writer.submit(append_all, f"k{n}"), range(200)))
    assert sorted(numbers) == list(range(1, 201))
    with node.database.read() as session:
        stored = dict(session.execute(select(feed.c.seq, feed.c.key)).all())
    assert [stored[number] for number in numbers] == [f"k{n}" for n in range(200)]


def test_waiting_callers_share_one_commit(node: Node) -> None:
    sizes: list[int] = []
    begun, gate = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        begun.set()
        gate.wait(10)

    def count(session: Session, arguments: Sequence[int]) -> Sequence[int]:
        sizes.append(len(arguments))
        return arguments

    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(node.write, slow)
        assert begun.wait(10)
        others = [pool.submit(node.writer.submit, count, n) for n in range(10)]
        while node.writer.waiting < 10:
            pass
        gate.set()
        assert [other.result(10) for other in others] == list(range(10))
        first.result(10)
    assert sizes == [10]


def test_uploads_come_before_functions_so_that_all_processes_lock_in_one_order(node: Node) -> None:
    done: list[str] = []
    begun, gate = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        begun.set()
        gate.wait(10)

    def upload(session: Session, arguments: Sequence[str]) -> Sequence[str]:
        done.extend(arguments)
        return arguments

    with ThreadPoolExecutor(4) as pool:
        pool.submit(node.write, hold)
        assert begun.wait(10)
        for number, work in enumerate(
            (
                lambda: node.writer.submit(upload, "upload"),
                lambda: node.write(lambda session: done.append("function")),
                lambda: node.writer.submit(upload, "upload"),
            )
        ):
            pool.submit(work)
            while node.writer.waiting < number + 1:
                pass
        gate.set()
    assert done == ["upload", "upload", "function"]


def test_a_failing_item_fails_alone(node: Node) -> None:
    def fail(session: Session) -> None:
        session.execute(text("SELECT nothing_of_the_kind"))

    with ThreadPoolExecutor(16) as pool:
        good = [pool.submit(node.writer.submit, append_all, f"k{n}") for n in range(20)]
        bad = [pool.submit(node.write, fail) for _ in range(5)]
        assert sorted(f.result(10) for f in good) == list(range(1, 21))
        for future in bad:
            with pytest.raises(Exception, match="nothing_of_the_kind"):
                future.result(10)


def test_closing_finishes_what_waits(node: Node) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(node.writer.submit, append_all, f"k{n}") for n in range(8)]
        assert sorted(f.result(10) for f in results) == list(range(1, 9))
    node.writer.close()
    with node.database.read() as session:
        assert changes.head(session) == 8
