"""The feed: numbered without gaps in the order of commits, whoever writes, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sync_server.node import Node
from sync_server.store import changes
from sync_server.store.changes import Change


def test_a_reader_that_follows_the_feed_misses_nothing(node: Node) -> None:
    """Numbers drawn before the commit lost 201 of 480 changes on PostgreSQL. Eight writers beside the group commit."""
    seen: list[int] = []
    done = threading.Event()

    def write(worker: int) -> None:
        for n in range(40):
            with node.database.write() as session:
                changes.append(session, [Change("test", f"{worker}-{n}", "a"), Change("test", f"{worker}-{n}", "b")])

    def follow() -> None:
        last = 0
        while True:
            was_done = done.is_set()
            with node.database.read() as session:
                page = changes.iter_since(session, last, limit=50)
            seen.extend(change.seq for change in page)
            if page:
                last = page[-1].seq
            elif was_done:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    done.set()
    reader.join(60)
    assert seen == list(range(1, 641))


def test_a_failed_transaction_leaves_no_gap(node: Node) -> None:
    def fail(session: object) -> None:
        changes.append(session, [Change("test", "lost", "1")])  # type: ignore[arg-type]
        raise RuntimeError("after the number was drawn")

    node.write(lambda session: changes.append(session, [Change("test", "a", "1")]))
    try:
        node.write(fail)
    except RuntimeError:
        pass
    assert node.write(lambda session: changes.append(session, [Change("test", "b", "1")])) == 2


def test_changes_can_be_listed_by_kind(node: Node) -> None:
    node.write(lambda session: changes.append(session, [Change("form", "f", "1"), Change("account", "a", "1")]))
    with node.database.read() as session:
        assert [c.key for c in changes.iter_since(session, 0, limit=10, kinds=["account"])] == ["a"]
