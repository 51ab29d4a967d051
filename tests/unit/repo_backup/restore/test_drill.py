"""Which archives a restore drill reads back side by side."""

import pytest

from backup_contract.documents.manifest import Archive, DrilledArchive, Entry, Item, ItemResult
from backup_contract.kinds import GIT
from repo_backup.restore.drill import SMALL_BYTES, Candidate, alone, lanes

MIB = 1 << 20


@pytest.mark.parametrize(
    ("memory_mib", "room_mib", "count"),
    [(50, 1000, 1), (191, 1000, 1), (192, 1000, 2), (4000, 1000, 4), (4000, 5, 2), (4000, 0, 1)],
)
def test_small_archives_are_read_side_by_side_where_memory_and_disk_allow(
    memory_mib: int, room_mib: int, count: int
) -> None:
    assert lanes(memory_mib * MIB, room_mib * MIB) == count


@pytest.mark.parametrize(
    ("size", "good", "is_read_alone"),
    [
        (SMALL_BYTES, True, False),
        (SMALL_BYTES, False, True),
        (SMALL_BYTES, None, True),
        (SMALL_BYTES + 1, True, True),
    ],
)
def test_what_is_large_or_not_found_good_is_read_with_all_memory(
    size: int, good: bool | None, *, is_read_alone: bool
) -> None:
    archive = Archive("github_backups/octo/one.zip", size, "0" * 64, "run")
    result = ItemResult("unchanged", archive=archive)
    entry = Entry(1, "octo", "one", False, False, False, {GIT: result})
    candidate = Candidate(Item(entry, GIT, result), archive)
    found = {archive.key: DrilledArchive(archive.key, good)}
    assert alone([candidate], found) == [candidate] * is_read_alone
