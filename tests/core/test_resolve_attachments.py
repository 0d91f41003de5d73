"""Which file stands under which name after resends, edits and merges."""

from sync_server.core.ids import sha256_hex
from sync_server.core.resolve import Conflict, SubmissionState, Version, resolve
from tests.support.instance_versions import HEAD, of_xml, version

PHOTO = "<photo>p.jpg</photo>"
ORIGINAL = version("uuid:o", PHOTO + "<a>1</a>", files=["p.jpg=old"])


def only(*versions: Version) -> SubmissionState:
    (state,) = resolve(versions)
    assert (state,) == resolve(versions[::-1])
    return state


def files(**contents: str) -> dict[str, str]:
    return {name.replace("_", "."): sha256_hex(content.encode()) for name, content in contents.items()}


def test_files_nobody_mentions_are_kept_with_their_own_version() -> None:
    assert only(version("uuid:o", files=["stray.jpg=1"])).attachments == files(stray_jpg="1")


def test_an_edit_carries_over_files_it_did_not_send_again() -> None:
    edit = version("uuid:a", PHOTO + "<a>2</a>", edits="uuid:o")
    further = version("uuid:b", PHOTO + "<a>3</a>", edits="uuid:a")
    assert only(ORIGINAL, edit).attachments == files(p_jpg="old")
    assert only(ORIGINAL, edit, further).attachments == files(p_jpg="old")


def test_a_file_sent_again_by_an_edit_takes_the_place_of_the_old_one() -> None:
    edit = version("uuid:a", PHOTO, edits="uuid:o", files=["p.jpg=new"])
    assert only(ORIGINAL, edit).attachments == files(p_jpg="new")
    assert only(ORIGINAL, edit).conflicts == ()


def test_a_photo_taken_out_of_the_answers_is_not_carried_over() -> None:
    edit = version("uuid:a", "<photo/>", edits="uuid:o")
    assert only(ORIGINAL, edit).attachments == {}


def test_a_name_is_mentioned_also_with_white_space_around_it() -> None:
    edit = version("uuid:a", "<g>\n<photo>\n p.jpg </photo></g>", edits="uuid:o")
    assert only(ORIGINAL, edit).attachments == files(p_jpg="old")


def test_a_photo_merged_in_from_another_edit_brings_its_file() -> None:
    left = version("uuid:l", "<photo>new.jpg</photo><a>1</a>", edits="uuid:o", files=["new.jpg=new"])
    right = version("uuid:r", PHOTO + "<a>2</a>", edits="uuid:o", files=["p.jpg=old"])
    state = only(ORIGINAL, left, right)
    assert state.conflicts == ()
    assert state.attachments.items() >= files(new_jpg="new").items()


def test_a_file_that_one_edit_replaced_under_its_old_name_is_not_lost() -> None:
    # Collect sends all files with every edit, also those that did not change.
    for left_file, right_file in (("old", "new"), ("new", "old")):
        left = version("uuid:l", PHOTO + "<a>1</a>", edits="uuid:o", files=[f"p.jpg={left_file}"])
        right = version("uuid:r", PHOTO + "<a>1</a>", edits="uuid:o", files=[f"p.jpg={right_file}"])
        state = only(ORIGINAL, left, right)
        assert (state.attachments, state.conflicts) == (files(p_jpg="new"), ())


def test_a_file_that_two_edits_replaced_differently_is_a_conflict() -> None:
    left = version("uuid:l", PHOTO + "<a>1</a>", edits="uuid:o", files=["p.jpg=left"])
    right = version("uuid:r", PHOTO + "<a>1</a>", edits="uuid:o", files=["p.jpg=right"])
    state = only(ORIGINAL, left, right)
    winner, other = sorted([left, right], key=lambda v: v.id, reverse=True)
    assert state.conflicts == (Conflict("attachment", "p.jpg", (winner.id, other.id)),)
    assert state.attachments == dict(winner.attachments)


def test_two_contents_under_one_name_in_one_version_are_a_conflict() -> None:
    both = version("uuid:o", PHOTO, files=["p.jpg=1", "p.jpg=2"])
    state = only(both)
    assert state.conflicts == (Conflict("attachment", "p.jpg", (both.id,)),)
    assert state.attachments == {"p.jpg": max(sha256 for _, sha256 in both.attachments)}


def test_the_same_content_in_other_bytes_unites_its_files() -> None:
    rewritten = of_xml(ORIGINAL.xml.replace(b"<a>", b"\n<a>"), "uuid:o", files=["p.jpg=other", "q.jpg=1"])
    state = only(ORIGINAL, rewritten)
    ids = {conflict.path: set(conflict.versions) for conflict in state.conflicts}
    assert ids == {"p.jpg": {ORIGINAL.id, rewritten.id}}
    assert list(state.attachments) == ["p.jpg", "q.jpg"]


def test_an_edit_that_sends_the_file_again_ends_the_conflict_about_it() -> None:
    both = version("uuid:o", PHOTO, files=["p.jpg=1", "p.jpg=2"])
    assert only(both, version("uuid:a", PHOTO, edits="uuid:o")).conflicts != ()
    assert only(both, version("uuid:a", PHOTO, edits="uuid:o", files=["p.jpg=3"])).conflicts == ()


def test_a_losing_variant_lends_no_files() -> None:
    variants = [version("uuid:o", f"<a>{n}</a>{PHOTO}", files=[f"{n}.jpg={n}"]) for n in "12"]
    winner = max(variants, key=lambda v: v.id)
    assert only(*variants).attachments == dict(winner.attachments)


def test_the_audit_log_of_every_edit_is_its_own_and_no_conflict() -> None:
    def audited(id: str, content: str, edits: str | None = None) -> Version:
        deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
        meta = f"<orx:meta><orx:audit>audit.csv</orx:audit><orx:instanceID>{id}</orx:instanceID>{deprecated}</orx:meta>"
        return of_xml(f"{HEAD}<a>1</a>{meta}</data>".encode(), id, edits=edits, files=[f"audit.csv={content}"])

    original, left, right = audited("uuid:o", "0"), audited("uuid:l", "1", "uuid:o"), audited("uuid:r", "2", "uuid:o")
    state = only(original, left, right)
    assert state.conflicts == ()
    assert state.attachments == dict(max(left, right, key=lambda v: v.id).attachments)


def test_files_of_edits_whose_original_is_missing_unite_or_conflict() -> None:
    left = version("uuid:l", PHOTO, edits="uuid:o", files=["p.jpg=left"])
    right = version("uuid:r", PHOTO, edits="uuid:o")
    assert only(left, right).attachments == files(p_jpg="left")
    differing = version("uuid:s", PHOTO, edits="uuid:o", files=["p.jpg=right"])
    assert [conflict.path for conflict in only(left, right, differing).conflicts] == ["p.jpg"]
