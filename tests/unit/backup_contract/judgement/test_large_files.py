"""What people are told of large files beside the archives, in one wording everywhere."""

from dataclasses import replace

import pytest

from backup_contract.documents.manifest import Entry, ItemResult
from backup_contract.documents.parts.attached import Attached
from backup_contract.documents.parts.data_state import DataState
from backup_contract.documents.parts.results import Referred
from backup_contract.judgement.large_files import (
    ATTACHMENTS,
    large_file_lines,
    large_files,
    uploaded_line,
)
from backup_contract.kinds import DATA, LFS

SHARED = " (counted per repository)"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Referred(1, 5, 1, 5), "1 LFS object saved, 5 B"),
        (Referred(3, 9, 3, 9), f"3 LFS objects saved, 9 B{SHARED}"),
        (Referred(3, 9, 2, 5), f"2 of 3 LFS objects saved, 5 B; 1 not saved, 4 B{SHARED}"),
        (Referred(3, 9, 0, 0), f"LFS objects: 3 not saved, 9 B{SHARED}"),
        (Referred(1, 9, 0, 0), "LFS object: 1 not saved, 9 B"),
    ],
)
def test_a_kind_has_one_line_that_says_how_a_shared_file_is_counted(
    found: Referred, line: str
) -> None:
    assert large_file_lines({LFS: found}) == [line]


def test_lfs_objects_and_release_assets_are_told_apart() -> None:
    files = {LFS: Referred(1, 1, 1, 1), DATA: Referred(2, 3, 1, 2)}
    _, line = large_file_lines(files)
    assert line == "1 of 2 release assets saved, 2 B; 1 not saved, 1 B" + SHARED


def test_attachments_are_counted_apart_from_release_assets() -> None:
    attached = Attached(3, 2, 7, {"sign-in": 1})
    result = ItemResult(
        "backed-up", data=DataState("s", attached=attached), objects=Referred(3, 12, 3, 12)
    )
    entry = Entry(1, "octo", "x", False, False, False, {DATA: result})
    found = large_files(entry.items)
    assert found == {DATA: Referred(1, 5, 1, 5), ATTACHMENTS: Referred(3, 7, 2, 7)}
    assert large_file_lines(found) == [
        "1 release asset saved, 5 B",
        f"2 of 3 attachments saved, 7 B; 1 not saved{SHARED}",
    ]
    without = replace(result, data=DataState("s", attached=Attached(1, 0, 0)), objects=None)
    assert large_file_lines(large_files(entry.having(DATA, without).items)) == [
        "Attachment: 1 not saved"
    ]


def test_what_a_run_stored_is_told_if_it_is_anything() -> None:
    assert uploaded_line(0, 0) == ""
    assert uploaded_line(1, 5) == "1 large file uploaded, 5 B"
    assert uploaded_line(2, 7) == "2 large files uploaded, 7 B"
