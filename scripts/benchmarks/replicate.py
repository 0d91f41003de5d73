"""`scripts/bench replicate`: what a round between a hub and a centre costs, over whatever line.

The hub takes submissions while nobody reaches the centre; then the command `sync-server sync` brings them there by way
of a proxy that can be narrow, slow, and break. Bytes are counted at the proxy: `http` with the heads of requests,
`payload` without them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, peak_mb
from benchmarks.filled import run_apart
from benchmarks.ingest import chosen_database
from benchmarks.servers import inherit
from benchmarks.tablets import Sent, send
from benchmarks.two_nodes import CENTRE, HUB, Ran, TwoNodes, running_pair
from tests.support.watched_line import GIVE, TAKE

NEW = 100
MOST_SHARE_OF_XML, LEAST_SHARE_OF_LINE = 0.125, 0.7
NOTHING_BARS = {"round_seconds": 1.0, "http_bytes": 2_000}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("replicate", help="a hub's round with its centre: seconds, bytes, what is repeated")
    parser.add_argument("--submissions", type=int, default=2_000, help="taken while offline (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=0, help="of them with a photo of random bytes")
    parser.add_argument("--photo-bytes", default="20000-200000", help="how large (default: %(default)s)")
    parser.add_argument("--kbit", type=float, default=0, help="the line's speed each way; 0: as fast as it can")
    parser.add_argument("--delay", type=float, default=0, help="seconds each way")
    parser.add_argument("--cut-after", type=int, default=0, metavar="BYTES", help="cut connections after about so many")
    parser.add_argument("--lose-answers", type=int, default=0, metavar="N", help="lose every Nth answer")
    parser.add_argument("--repeat", type=int, default=0, metavar="N", help="repeat every Nth request")
    parser.add_argument("--centre", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--nothing-new", action="store_true", help="both have them; then a round with nothing, and 100")
    parser.add_argument("--scratch", type=Path, help="where to put the data: 60 kB a submission, deleted afterwards")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.nothing_new:
        small = _measure_filled(options, 0)
        large = _measure_filled(options, options.submissions)
        ratios = {name: round(large[name] / small[name], 2) for name in ("http_bytes", "round_seconds")}
        Figure("replicate 100 new, of many to few", options.submissions, ratios, {"http_bytes": 1.5}).show()
        return 0
    with new_pair(options) as nodes:
        nodes.synchronise()  # the forms are known; then the hub goes offline
        sent = take_offline(options, nodes)
        return 0 if _measure_round(options, nodes, sent) else 1


@contextmanager
def new_pair(options: argparse.Namespace, filled: int = 0) -> Iterator[TwoNodes]:
    """Two nodes that are paired; the hub has so many submissions before that."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.scratch)))
        url = stack.enter_context(chosen_database(options.centre))
        if filled:
            _fill(folder / HUB / "data", filled, options.seed)
        yield stack.enter_context(running_pair(folder, centre_database=url))


def take_offline(options: argparse.Namespace, nodes: TwoNodes) -> Sent:
    smallest, largest = map(int, options.photo_bytes.split("-"))
    began = time.perf_counter()
    sent = send(
        nodes.hub.submission_url, submissions=options.submissions, photos=options.photos, sizes=(smallest, largest),
        seed=options.seed,
    )  # fmt: skip
    nodes.settle()
    took = {"photos": sent.photos, "xml_mb": _mb(sent.xml_bytes), "photo_mb": _mb(sent.photo_bytes)}
    Figure("replicate taken offline", sent.submissions, {"seconds": _since(began), **took}).show()
    return sent


def _measure_round(options: argparse.Namespace, nodes: TwoNodes, sent: Sent) -> bool:
    line = nodes.line
    line.delay_seconds, line.bits_per_second = options.delay, options.kbit * 1000
    line.cut_after_bytes, line.lose_answer_every = options.cut_after, options.lose_answers
    line.repeat_request_every = options.repeat
    ran = _synchronise(nodes)
    values = _figures(options, nodes, ran, sent)
    line.delay_seconds = line.bits_per_second = 0.0
    line.cut_after_bytes = line.lose_answer_every = line.repeat_request_every = 0
    values["digests_equal"] = nodes.are_equal()
    # With photos the lists of files that are awaited are in it, too: the bar is for submissions alone.
    bars = {} if sent.photos else {"share_of_raw_xml": MOST_SHARE_OF_XML}
    Figure("replicate sync", sent.submissions, values, bars).show()
    return bool(values["digests_equal"])


def _synchronise(nodes: TwoNodes) -> Ran:
    nodes.forget_peaks()
    nodes.line.forget()
    return nodes.synchronise()


def _figures(options: argparse.Namespace, nodes: TwoNodes, ran: Ran, sent: Sent) -> dict[str, Any]:
    line = nodes.line
    files, records = line.sent(GIVE), line.sent() - line.sent(GIVE)
    down = line.payload["answers", "down"]
    per_submission = (records + down) / max(sent.submissions, 1)
    figures = {
        "photos": sent.photos,
        "seconds": ran.seconds,
        "round_seconds": round(line.seconds, 2),
        "payload_up": line.sent(),
        "payload_down": down,
        "payload_of_files": files,
        "payload_per_submission": round(per_submission),
        "share_of_raw_xml": round(per_submission * sent.submissions / sent.xml_bytes, 4),
        "http_up": line.bytes_up,
        "http_down": line.bytes_down,
        "batches": line.begun[TAKE],
        "file_requests": line.begun[GIVE],
        "repeated_batches": line.repeated_batches,
        "repeated_file_requests": line.repeated_pieces,
        **{"cuts": line.cuts, "answers_lost": line.lost, "requests_repeated": line.repeated},
        **{"connections": line.connections, "requests": line.requests},
        "peak_mb": {HUB: ran.peak_mb, CENTRE: peak_mb(nodes.centre.process.pid)},
    }
    if options.kbit:
        figures["share_of_line"] = round(8 * line.sent() / (options.kbit * 1000 * line.seconds), 3)
        figures["line_bar"] = {"at_least": LEAST_SHARE_OF_LINE, "reached": figures["share_of_line"] >= 0.7}
    return figures


def _measure_filled(options: argparse.Namespace, filled: int) -> dict[str, Any]:
    """Measure rounds between two nodes that both hold so many; return what a hundred new ones cost."""
    with new_pair(options, filled) as nodes:
        first = _synchronise(nodes)
        _tell_round("replicate first", nodes, first, filled)
        nodes.settle()
        for _ in range(2):
            _tell_round("replicate nothing new", nodes, _synchronise(nodes), filled, bars=NOTHING_BARS)
        send(nodes.hub.submission_url, submissions=NEW, photos=0, sizes=(1, 1), seed=options.seed + 1)
        nodes.settle()
        cost = _tell_round(f"replicate {NEW} new", nodes, _synchronise(nodes), filled)
        Figure("replicate digests", filled, {"digests_equal": nodes.are_equal()}).show()
    return cost


def _fill(data: Path, count: int, seed: int) -> None:
    data.parent.mkdir()
    filled = run_apart("benchmarks.fill", data, "--submissions", count, "--seed", seed, settings=inherit({}))
    Figure(filled.pop("figure"), filled.pop("rows"), filled).show()


def _tell_round(
    name: str, nodes: TwoNodes, ran: Ran, filled: int, *, bars: dict[str, float] | None = None
) -> dict[str, Any]:
    line = nodes.line
    values = {
        **{"seconds": ran.seconds, "round_seconds": round(line.seconds, 3)},
        **{"http_bytes": line.bytes_up + line.bytes_down, "http_up": line.bytes_up, "http_down": line.bytes_down},
        **{"requests": line.requests, "batches": line.begun[TAKE]},
        "peak_mb": {HUB: ran.peak_mb, CENTRE: peak_mb(nodes.centre.process.pid)},
    }
    Figure(name, filled, values, bars or {}).show()
    return values


def _mb(size: int) -> float:
    return round(size / 1e6, 1)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 1)
