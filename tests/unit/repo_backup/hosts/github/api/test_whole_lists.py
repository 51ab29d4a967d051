"""A list in numbered pages is read again until nothing that it showed has left it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.api.page import Page
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.hosts.github.api.whole_lists import MOST_PASSES, ListMovedError, whole_list


class Moving:
    """A list of numbers in pages of ten; ``changes`` are made after the pages of these numbers.

    ``read`` counts its pages over all passes.
    """

    def __init__(
        self, count: int, changes: dict[int, Callable[[list[Any]], object]], cursors: bool = False
    ) -> None:
        self.items: list[Any] = [*range(count)]
        self.changes = changes
        self.cursors = cursors
        self.read = 0

    def pages(self) -> Iterator[Page]:
        number = 0
        while True:
            number += 1
            here = self.items[number * 10 - 10 : number * 10]
            more = len(self.items) > number * 10
            last = -(-len(self.items) // 10) if len(self.items) > 10 else 0
            following = f"/list?page={number + 1}" if more else None
            if self.cursors and more:
                following, last = f"/list?after={here[-1]}", 0
            good = [{"id": item} for item in here if item is not None]
            self.read += 1
            change = self.changes.get(self.read)
            yield Page(good, len(here), following, last, None, {})
            if change:
                change(self.items)
            if not following:
                return


def listed(moving: Moving, found: list[int] | None = None) -> list[int]:
    found = [] if found is None else found
    for page in whole_list("/list", moving.pages, lambda item: item["id"]):
        found += [item["id"] for item in page.items]
    return found


def test_what_moves_to_a_page_that_was_read_is_found_by_reading_again() -> None:
    moving = Moving(25, {1: lambda items: items.remove(3)})
    found = listed(moving)
    assert sorted(found) == [*range(25)]
    # Two passes differ; the third proves the second one.
    assert moving.read == 3 * 3


def test_a_list_that_is_still_takes_two_passes_and_one_of_a_single_page_one() -> None:
    moving, short = Moving(25, {}), Moving(10, {})
    assert (listed(moving), listed(short)) == ([*range(25)], [*range(10)])
    assert (moving.read, short.read) == (2 * 3, 1)


def test_a_list_with_cursors_is_read_once() -> None:
    moving = Moving(25, {}, cursors=True)
    assert listed(moving) == [*range(25)]
    assert moving.read == 3


def test_what_is_added_at_the_front_shows_an_item_twice_and_is_taken_once() -> None:
    moving = Moving(25, {1: lambda items: items.insert(0, 99)})
    assert sorted(listed(moving)) == [*range(25), 99]
    assert moving.read == 2 * 3


def test_the_one_item_of_a_second_page_that_moved_to_the_first_is_found() -> None:
    moving = Moving(11, {1: lambda items: items.remove(0)})
    assert sorted(listed(moving)) == [*range(11)]


def test_a_list_that_never_stands_still_is_truncated_and_all_that_it_showed_is_taken() -> None:
    moving = Moving(100, {1 + 10 * n: lambda items: items.pop(0) for n in range(10)})
    found: list[int] = []
    with pytest.raises(ListMovedError) as raised:
        listed(moving, found)
    why = refused(raised.value)
    assert why.state == "truncated"
    assert why.reason == (
        "GitHub's list /list changed each of the 4 times that it was read: items may be missing"
    )
    assert len(found) == len(set(found)) == 100
    assert moving.read <= MOST_PASSES * 10


def test_an_item_that_cannot_be_read_is_an_error_behind_all_others() -> None:
    moving = Moving(25, {})
    moving.items[12] = None
    found: list[int] = []
    with pytest.raises(UnreadableItemsError, match="/list has items that cannot be read: 1"):
        listed(moving, found)
    assert len(found) == 24
