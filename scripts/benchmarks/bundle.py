"""`scripts/bench bundle`: what a bundle of a hub for its centre costs: bytes, seconds and memory at both ends.

The hub takes submissions while nobody reaches the centre; then one bundle brings them there, and a second one what is
new after that. Both are made and taken by the commands, as an operator does.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.replicate import NEW, new_pair, take_offline
from benchmarks.tablets import Sent, send
from benchmarks.two_nodes import CENTRE, HUB, TwoNodes, require

MOST_SHARE_OF_XML = 0.125
MOST_PEAK_MB = 400
SMALL_BYTES = 300_000  # a bundle with a hundred new submissions without photos


def add_command(commands: Any) -> None:
    parser = commands.add_parser("bundle", help="a bundle from a hub to its centre: bytes, seconds, memory")
    parser.add_argument("--submissions", type=int, default=2_000, help="taken while offline (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=200, help="of them with a photo of random bytes")
    parser.add_argument("--photo-bytes", default="20000-200000", help="how large (default: %(default)s)")
    parser.add_argument("--volume-mb", type=int, default=4_000, help="largest file on the stick")
    parser.add_argument("--centre", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scratch", type=Path, help="where to put the data, deleted afterwards")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with new_pair(options) as nodes:
        nodes.synchronise()  # the forms are known; then the hub goes offline
        stick = Path(nodes.settings[HUB]["SYNC_DATA"]).parent / "stick"
        stick.mkdir()
        sent = take_offline(options, nodes)
        _carry(options, nodes, stick, "bundle", sent)
        more = send(nodes.hub.submission_url, submissions=NEW, photos=0, sizes=(1, 1), seed=options.seed + 1)
        nodes.settle()
        _carry(options, nodes, stick, f"bundle {NEW} new", more)
        nodes.settle()  # the centre works in what came first; until then it says so, and compares nothing
        are_equal = nodes.are_equal()
        Figure("bundle digests", sent.submissions, {"digests_equal": are_equal}, {}).show()
        return 0 if are_equal else 1


def _carry(options: argparse.Namespace, nodes: TwoNodes, stick: Path, name: str, sent: Sent) -> None:
    file = stick / "up.bundle"
    made = require(nodes.run(HUB, "bundle", "make", str(file), "--for", CENTRE, "--volume-mb", str(options.volume_mb)))
    volumes = [path for path in stick.glob("up.bundle*") if path.suffix != ".ack"]
    size = sum(path.stat().st_size for path in volumes)
    taken = require(nodes.run(CENTRE, "bundle", "take", str(file)))
    share = round((size - sent.photo_bytes) / sent.xml_bytes, 4)
    values = {
        **{"bytes": size, "volumes": len(volumes), "xml_bytes": sent.xml_bytes, "photo_bytes": sent.photo_bytes},
        **{"share_of_raw_xml": share, "make_seconds": made.seconds, "take_seconds": taken.seconds},
        **{"make_peak_mb": made.peak_mb, "take_peak_mb": taken.peak_mb},
    }
    bars: dict[str, float] = {"share_of_raw_xml": MOST_SHARE_OF_XML, "make_peak_mb": MOST_PEAK_MB}
    bars |= {"take_peak_mb": MOST_PEAK_MB} if sent.photos else {"bytes": SMALL_BYTES}
    Figure(name, sent.submissions, values, bars).show()
