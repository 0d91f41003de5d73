"""Finished downloads are kept whole, for a while, and in bounds."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.services import kept_exports
from sync_server.services.kept_exports import IN_USE_SECONDS, KEPT_SECONDS, KeptExport

LEFT_OUT = ("1 submission(s) came when the form was closed.",)


def tag(number: int) -> str:
    return f"{number:012x}-{number:040x}"


def keep(node: Node, number: int, content: bytes = b"zip") -> KeptExport:
    with kept_exports.new_export(node) as path:
        path.write_bytes(content)
        return kept_exports.keep(node, path, tag=tag(number), sha256="ab", left_out=LEFT_OUT)


def names(node: Node) -> list[str]:
    return sorted(path.name for path in (node.settings.data / "exports").iterdir())


def age(node: Node, number: int, seconds: float) -> None:
    folder = node.settings.data / "exports" / tag(number)
    then = folder.stat().st_mtime - seconds
    os.utime(folder, (then, then))


def test_export_is_found_by_its_tag_with_all_that_was_said_of_it(hub: Node) -> None:
    made = keep(hub, 1)
    assert kept_exports.find_kept(hub, tag(1)) == made
    assert (made.path.read_bytes(), made.sha256, made.left_out) == (b"zip", "ab", LEFT_OUT)
    assert kept_exports.find_kept(hub, tag(2)) is None
    assert list(hub.scratch.glob("export-*")) == []


def test_export_made_twice_is_kept_once(hub: Node) -> None:
    assert keep(hub, 1) == keep(hub, 1)
    assert names(hub) == [tag(1)]


def test_what_is_not_kept_is_gone(hub: Node) -> None:
    with kept_exports.new_export(hub) as path:
        path.write_bytes(b"half")
    assert names(hub) == []
    assert list(hub.scratch.glob("export-*")) == []


@pytest.mark.parametrize("damaged", ["export", "about.json"])
def test_export_that_is_not_whole_is_made_again(hub: Node, damaged: str) -> None:
    made = keep(hub, 1)
    (made.path.parent / damaged).write_bytes(b"{}")
    assert kept_exports.find_kept(hub, tag(1)) is None
    assert keep(hub, 1) == made
    assert made.path.read_bytes() == b"zip"


@pytest.mark.parametrize(
    "wrong", ["", "..", "../node.key", f"{tag(1)}/../{tag(1)}", tag(1).upper() + "X", f"{tag(1)}\n"]
)
def test_tag_is_never_a_path(hub: Node, wrong: str) -> None:
    keep(hub, 1)
    assert kept_exports.find_kept(hub, wrong) is None


def test_most_recently_asked_for_stay(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_exports, "MOST", 2)
    for number in (1, 2, 3):
        keep(hub, number)
        age(hub, number, IN_USE_SECONDS * (5 - number))
    kept_exports.find_kept(hub, tag(1))
    kept_exports.sweep(hub)
    assert names(hub) == [tag(1), tag(3)]


def test_old_ones_go_but_none_that_may_be_on_its_way(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        keep(hub, number)
    age(hub, 1, KEPT_SECONDS + 1)
    kept_exports.sweep(hub)
    assert names(hub) == [tag(2)]
    monkeypatch.setattr(kept_exports, "MOST", 0)
    kept_exports.sweep(hub)
    assert names(hub) == [tag(2)]


def test_disk_that_fills_takes_them_all(hub: Node) -> None:
    keep(hub, 1)
    age(hub, 1, IN_USE_SECONDS + 1)
    kept_exports.sweep(replace(hub, settings=replace(hub.settings, min_free_bytes=10**18)))
    assert names(hub) == []


def test_a_download_that_ends_meanwhile_disturbs_no_other(hub: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(hub, 1)
    found = [*(hub.settings.data / "exports").iterdir()]
    monkeypatch.setattr(Path, "iterdir", lambda self: iter([self / "gone", *found]))
    kept_exports.sweep(hub)
    assert json.loads((found[0] / "about.json").read_text("utf-8"))["size"] == 3
