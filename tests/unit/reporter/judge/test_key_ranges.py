"""The listing is divided so that every key is in one range, and each chain in its item's."""

import itertools

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Entry, Item, ItemResult
from backup_contract.kinds import GIT
from reporter.judge.key_ranges import KeyRange, key_ranges

NAMES = ("a", "a-b", "a.b", "a_", "ab", "A", "a.wiki", "a~7", "b")


def item(owner: str, name: str) -> Item:
    archive = Archive(f"github_backups/{owner}/{name}.zip", 1, "0" * 64, "r1")
    results = {GIT: ItemResult("unchanged", archive=archive)}
    return Entry(1, owner, name, False, False, False, results).items[0]


def covers(part: KeyRange, key: str) -> bool:
    within = key > part.after and (not part.until or key <= part.until)
    return key.startswith(part.prefix) and within


def test_each_key_is_in_one_range_and_the_overlays_in_that_of_their_base_item() -> None:
    # 40 of each name: enough for several ranges.
    names = [f"{name}{number}" for name in NAMES for number in ("", *range(39))]
    items = [item(owner, name) for owner in ("x", "y") for name in names]
    parts = key_ranges(items, {}, 16)
    assert len(parts) > 8
    assert sorted(map(id, itertools.chain(*(part.items for part in parts)))) == sorted(
        map(id, items)
    )
    for part in parts:
        for each in part.items:
            assert each.archive
            base = each.archive.key
            assert sum(covers(other, base) for other in parts) == 1
            for number in (1, 9999):
                overlay = layout.overlay(base, "f" * 12, number)
                assert [other is part for other in parts if covers(other, overlay)] == [True]


def test_what_lies_before_and_behind_all_archives_is_listed_too() -> None:
    parts = key_ranges([item("x", f"m{number}") for number in range(99)], {}, 16)
    for stray in ("github_backups/x/a+0.zip", "github_backups/x/z+0.zip"):
        assert sum(covers(part, stray) for part in parts) == 1


def test_an_account_of_a_few_archives_is_one_range_for_an_owner() -> None:
    assert len(key_ranges([item("x", "a"), item("x", "b"), item("y", "a")], {}, 16)) == 2
    assert key_ranges([], {}, 16) == []
