"""A listing that changes while it is read has everything that was there all along, or says so."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_contract.link_header import links_of, page_number
from repo_backup.hosts.github.paging import Listed, Page, Pager, UnreadableItemError, far_fewer
from repo_backup.runtime.errors import TransientError

URL = "https://h/r?per_page=2"
Edit = tuple[str, int]


class Account:
    """Repositories in the order of their creation; ``edits[n]`` are made before request ``n``.

    ``always`` are those that were there at each request. ``links`` False: a proxy takes away the
    headers.
    """

    def __init__(
        self,
        count: int,
        edits: Sequence[Sequence[Edit]] = (),
        *,
        per_page: int = 2,
        links: bool = True,
        counted: int | None = None,
    ) -> None:
        self.ids = [number * 100 for number in range(1, count + 1)]
        self.edits = edits
        self.per_page = per_page
        self.links = links
        self.counted = counted
        self.always = set(self.ids)
        self.known = set(self.ids)
        self.asked: list[int] = []
        self.distort: Callable[[int, list[Any]], list[Any]] = lambda _, items: items
        self._lock = threading.Lock()

    def ask(self, url: str) -> Page:
        with self._lock:
            for edit in self.edits[len(self.asked)] if len(self.asked) < len(self.edits) else ():
                self._edit(*edit)
            self.always &= set(self.ids)
            number = page_number(url) or 1
            self.asked.append(number)
            last = -(-len(self.ids) // self.per_page)
            items = self.ids[(number - 1) * self.per_page : number * self.per_page]
            links = {"prev": f"{URL}&page={number - 1}"} if number > 1 else {}
            if number < last:
                links |= {"next": f"{URL}&page={number + 1}", "last": f"{URL}&page={last}"}
            items = self.distort(number, [*items])
            return Page(items, links if self.links else {}, self.counted)

    def _edit(self, action: str, place: int) -> None:
        if action == "leave" and self.ids:
            self.ids.pop(place % len(self.ids))
        elif action == "create":
            self._arrive(max(self.known, default=0) + 100)
        elif action == "arrive":
            # Transferred from elsewhere: it may be older than others here.
            before = self.ids[place % len(self.ids)] if self.ids else 100
            self._arrive(next(n for n in range(before - 1, -1, -1) if n not in self.known))

    def _arrive(self, number: int) -> None:
        self.known.add(number)
        self.ids = sorted([*self.ids, number])

    def listed(self, most_at_once: int = 1) -> Listed[int]:
        pager = Pager(identified, per_page=self.per_page, most_at_once=most_at_once)
        return pager.whole(URL, self.ask)


def identified(item: Any) -> tuple[int, int]:
    if not isinstance(item, int):
        raise UnreadableItemError(f"it is not a repository but {item}")
    return item, item


EDITS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["leave", "leave", "create", "arrive"]), st.integers(0, 11)),
        max_size=2,
    ),
    max_size=14,
)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 12), EDITS, st.integers(1, 4), st.booleans())
def test_what_is_there_all_along_is_listed_or_the_listing_says_that_it_may_not_be(
    count: int, edits: list[list[Edit]], per_page: int, links: bool
) -> None:
    account = Account(count, edits, per_page=per_page, links=links)
    listed = account.listed()
    assert listed.problems or account.always <= set(listed.found)
    assert set(listed.found) <= account.known


def test_a_repository_that_came_and_went_before_another_does_not_hide_it() -> None:
    came_and_went: list[list[Edit]] = [[], [("create", 0), ("arrive", 0)], [("leave", 0)]]
    account = Account(2, [*came_and_went, [], [], [("leave", 0)]], per_page=1)
    listed = account.listed()
    assert listed.problems or account.always <= set(listed.found)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), EDITS)
def test_the_same_when_pages_are_asked_for_side_by_side(
    count: int, edits: list[list[Edit]]
) -> None:
    account = Account(count, edits)
    listed = account.listed(most_at_once=4)
    assert listed.problems or account.always <= set(listed.found)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.booleans())
def test_a_list_that_stands_still_is_whole(count: int, per_page: int, links: bool) -> None:
    account = Account(count, per_page=per_page, links=links)
    assert account.listed() == Listed(account.ids)


@pytest.mark.parametrize(
    ("count", "links", "requests"),
    [
        (0, True, [1]),
        (1, True, [1, 2]),
        (2, True, [1, 2]),
        (5, True, [1, 2, 3, 1, 2, 3]),
        (1, False, [1, 2]),
        (2, False, [1, 2, 1, 2]),
        (5, False, [1, 2, 3, 4, 1, 2, 3, 4]),
    ],
)
def test_how_many_requests_a_list_costs_at_two_a_page(
    count: int, links: bool, requests: list[int]
) -> None:
    account = Account(count, links=links)
    account.listed()
    assert account.asked == requests


def test_that_link_headers_come_through_is_found_out_once() -> None:
    account = Account(1)
    pager = Pager(identified, per_page=2)
    pager.whole(URL, account.ask)
    pager.whole(URL, account.ask)
    assert account.asked == [1, 2, 1]


def test_one_that_leaves_between_two_pages_makes_none_slip_past() -> None:
    account = Account(5, [[], [("leave", 0)]])
    assert account.listed() == Listed([200, 300, 400, 500])
    assert account.asked == [1, 2, 3, 1, 2, 3, 1, 2, 1, 2]


def test_one_that_slides_from_the_second_page_onto_the_only_one_is_listed() -> None:
    account = Account(3, [[], [("leave", 0)]])
    assert account.listed() == Listed([200, 300])


def test_what_is_created_meanwhile_costs_no_further_pass() -> None:
    account = Account(5, [[], [], [], [], [("create", 0)]])
    assert account.listed() == Listed([100, 200, 300, 400, 500, 600])
    assert len(account.asked) == 6


def test_a_list_that_changes_at_every_pass_is_their_union_and_says_why() -> None:
    account = Account(9, [[], *([[], [], [("leave", 0)]] * 8)])
    listed = account.listed()
    assert set(listed.found) >= account.always
    (problem,) = listed.problems
    assert problem.startswith("the listing changed each of the 4 times that it was read")


def test_a_short_page_in_the_middle_ends_nothing() -> None:
    for links in (True, False):
        account = Account(6, links=links)
        account.distort = lambda number, items: items[1:] if number == 2 else items
        assert account.listed() == Listed([100, 200, 400, 500, 600])


def test_repeated_items_are_one() -> None:
    account = Account(5)
    account.distort = lambda _, items: [*items, *items]
    assert account.listed() == Listed(account.ids)


def test_an_item_that_cannot_be_read_is_named_and_costs_no_other() -> None:
    account = Account(5)
    account.distort = lambda number, items: [None, *items] if number == 2 else items
    listed = account.listed()
    assert listed.found == account.ids
    named = "GitHub lists an item that cannot be read: it is not a repository but None"
    assert listed.problems == (f"{named} (item 1 of page 2)",)


def test_an_item_that_can_be_read_the_second_time_is_listed() -> None:
    account = Account(1)
    account.distort = lambda _, items: items if account.asked[:-1] else [None]
    assert account.listed() == Listed([100])


def test_many_items_that_cannot_be_read_are_counted() -> None:
    account = Account(1, per_page=50)
    account.distort = lambda number, items: items + [None] * 30 * (number == 1)
    (problem,) = account.listed().problems
    assert problem.startswith("GitHub lists 30 items that cannot be read: ")
    assert problem.endswith("; and 20 more")


def test_a_server_that_knows_no_page_numbers_is_not_asked_for_ever() -> None:
    full = Pager(identified, per_page=2).whole(URL, lambda _: Page([1, 2], {}))
    assert full.found == [1, 2]
    assert "page 2 has nothing that is not on others" in full.problems[0]
    assert Pager(identified, per_page=3).whole(URL, lambda _: Page([1, 2], {})) == Listed([1, 2])


def test_a_next_page_that_was_read_already_is_an_error() -> None:
    page = Page([1], links_of(f"<{URL}>; rel=next"))
    (problem,) = Pager(identified).whole(URL, lambda _: page).problems
    assert problem == "the listing failed after 1 repositories: the listing has no end"


@pytest.mark.parametrize("relation", ["preload", "alternate", "first", "up"])
def test_links_that_lead_to_no_page_end_no_list(relation: str) -> None:
    """A proxy takes GitHub's away and sends its own; or the first page alone has no next one."""
    pages = {1: [1, 2], 2: [3, 4], 3: [5]}

    def ask(url: str) -> Page:
        return Page([*pages.get(page_number(url) or 1, [])], {relation: f"{URL}&page=1"})

    assert Pager(identified, per_page=2).whole(URL, ask) == Listed([1, 2, 3, 4, 5])


def test_pages_that_were_announced_and_are_not_there_are_missed() -> None:
    page = Page([], {"last": f"{URL}&page=5"})
    (problem,) = Pager(identified).whole(URL, lambda _: page).problems
    assert problem == "the listing is truncated: 1 of 5 pages"


def test_far_fewer_than_github_counts_is_a_truncation() -> None:
    assert Account(9, counted=10).listed().problems == ()
    (problem,) = Account(8, counted=10).listed().problems
    assert problem == "the listing is truncated: 8 of 10 repositories"
    assert not far_fewer(0, 1)
    assert far_fewer(0, 10**400)


@pytest.mark.parametrize("broken", [1, 3, 5])
def test_what_was_listed_before_a_page_failed_is_there(broken: int) -> None:
    account = Account(5)

    def ask(url: str) -> Page:
        if len(account.asked) == broken:
            raise TransientError("GitHub answered 500")
        return account.ask(url)

    listed = Pager(identified, per_page=2, most_at_once=1).whole(URL, ask)
    assert listed.found == account.ids[: broken * 2]
    reason = f"the listing failed after {len(listed.found)} repositories: GitHub answered 500"
    assert listed.problems == (reason,)
