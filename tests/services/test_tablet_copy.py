"""Whichever folder of a tablet was copied, its forms are found; links lead nowhere."""

import os
from pathlib import Path

import pytest

from sync_server.operator_errors import NoTabletFolder
from sync_server.services.tablet_copy import find_projects, open_plain
from tests.support.collect_copy import CollectCopy
from tests.support.samples import visit


def with_one(root: Path, **kind: str | None) -> CollectCopy:
    copy = CollectCopy.make(root, **kind)
    copy.add("visit_1", visit())
    copy.list("visit_1", "complete")
    return copy


@pytest.mark.parametrize("above", ["", "Android/data/org.odk.collect.android/files", "org.koboc.collect.android/files"])
def test_a_project_is_found_below_whichever_folder_was_copied(tmp_path: Path, above: str) -> None:
    copy = with_one(tmp_path / "tablet" / above)
    (found,) = find_projects(tmp_path / "tablet")
    assert (found.name, found.folders, found.list_path) == (
        "Field office", (copy.folder("visit_1"),), copy.list_path,
    )  # fmt: skip


def test_the_layout_before_projects_is_found(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "odk", project=None)
    (found,) = find_projects(tmp_path / "odk")
    assert (found.name, found.list_path) == ("odk", copy.list_path)


def test_a_folder_instances_finds_the_list_that_lies_beside_it(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "tablet")
    (found,) = find_projects(copy.path / "instances")
    assert (found.folders, found.list_path) == ((copy.folder("visit_1"),), copy.list_path)


def test_instances_copied_under_another_name_are_found_without_a_list(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "tablet")
    (copy.path / "instances").rename(tmp_path / "broken tablet")
    (found,) = find_projects(tmp_path / "broken tablet")
    assert (found.folders, found.list_path) == ((tmp_path / "broken tablet" / "visit_1",), None)


def test_one_instance_is_found_and_the_list_is_asked_for_it_only(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "tablet")
    (found,) = find_projects(copy.folder("visit_1"))
    assert (found.folders, found.list_path, found.is_whole) == ((copy.folder("visit_1"),), copy.list_path, False)


def test_each_project_is_told_from_the_other(tmp_path: Path) -> None:
    with_one(tmp_path / "tablet")
    with_one(tmp_path / "tablet", project="0b", name="Somebody else's")
    assert [found.name for found in find_projects(tmp_path / "tablet")] == ["Somebody else's", "Field office"]


def test_a_project_that_was_never_used_is_passed_over(tmp_path: Path) -> None:
    with_one(tmp_path / "tablet")
    demo = CollectCopy.make(tmp_path / "tablet", project="demo", name="Demo project")
    demo.list("visit_0", "submitted", deleted=True)
    assert [found.name for found in find_projects(tmp_path / "tablet")] == ["Field office"]
    assert [found.name for found in find_projects(demo.path)] == ["Demo project"]


def test_a_folder_with_nothing_of_collect_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "DCIM").mkdir()
    (tmp_path / "DCIM" / "photo.jpg").write_bytes(b"photo")
    with pytest.raises(NoTabletFolder, match="Copy the folder"):
        find_projects(tmp_path)


def test_links_are_not_followed_to_other_folders(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "elsewhere")
    (tmp_path / "tablet").mkdir()
    (tmp_path / "tablet" / "instances").symlink_to(copy.path / "instances", target_is_directory=True)
    (tmp_path / "tablet" / "itself").symlink_to(tmp_path / "tablet", target_is_directory=True)
    with pytest.raises(NoTabletFolder):
        find_projects(tmp_path / "tablet")


def test_a_link_to_a_list_is_not_read(tmp_path: Path) -> None:
    copy = with_one(tmp_path / "tablet")
    copy.list_path.rename(tmp_path / "other.db")
    copy.list_path.symlink_to(tmp_path / "other.db")
    (found,) = find_projects(tmp_path / "tablet")
    assert found.list_path is None


def test_neither_a_link_nor_a_pipe_is_opened_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            open_plain(tmp_path / name)
