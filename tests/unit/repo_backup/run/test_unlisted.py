"""Who is asked for by id, and what the answers make of a listing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from backup_contract.documents.manifest import Entry, ItemResult, by_kind
from backup_contract.documents.parts.entries import by_identity
from repo_backup.hosts.base import RemoteRepository
from repo_backup.run.listing import Listing
from repo_backup.run.previous_runs import History
from repo_backup.run.unlisted import MOST_QUESTIONS, confirmed
from repo_backup.runtime.errors import ForbiddenError, TransientError

HELLO = RemoteRepository(
    1, "octo", "hello", False, False, False, 100, True, "https://h/octo/hello.git"
)
WORLD = replace(HELLO, id=2, name="world")
MOVED = replace(WORLD, owner="other")
HIDDEN = replace(HELLO, id=3, owner="acme", name="hidden", private=True)


def history(*remotes: RemoteRepository, owners: set[str] | None = None) -> History:
    entries = by_identity(
        Entry(each.id, each.owner, each.name, False, False, False, by_kind(ItemResult("empty")))
        for each in remotes
    )
    return History(entries=entries, owners=owners or set())


def answering(*remotes: RemoteRepository) -> Callable[[int, str], RemoteRepository | None]:
    return lambda number, owner: {each.id: each for each in remotes}.get(number)


def confirm(
    earlier: History,
    ask: Callable[[int, str], RemoteRepository | None],
    listing: Listing | None = None,
    owners: tuple[str, ...] = ("octo",),
    most: int = MOST_QUESTIONS,
) -> Listing:
    listing = listing or Listing([HELLO], [])
    return confirmed(listing, earlier, ask, owners, allow_shrink=False, most=most)


def test_one_that_github_does_not_show_is_not_visible() -> None:
    found = confirm(history(HELLO, WORLD), answering())
    assert found == Listing([HELLO], [], upstream={WORLD.identity: None})


def test_one_that_github_shows_with_its_owner_is_backed_up_and_an_error_of_the_run() -> None:
    found = confirm(history(HELLO, WORLD), answering(WORLD))
    assert found.remotes == [HELLO, WORLD]
    assert found.errors == [
        "octo/world (id 2) is on GitHub but not in its listing: the listing is short"
    ]


def test_one_that_was_transferred_is_told_and_not_backed_up() -> None:
    found = confirm(history(HELLO, WORLD), answering(MOVED))
    assert (found.remotes, found.errors, found.upstream) == ([HELLO], [], {MOVED.identity: MOVED})
    assert found.notices == ("octo/world was transferred to other/world, and is no longer listed",)


@pytest.mark.parametrize(
    ("private", "viewer", "short"),
    [(False, "octo", False), (False, "acme", True), (True, "octo", True)],
)
def test_of_all_that_a_token_sees_public_ones_of_others_may_drop_out_of_the_list(
    private: bool, viewer: str, short: bool
) -> None:
    listing = Listing([HELLO], [], viewer=viewer)
    shown = replace(HIDDEN, private=private)
    earlier = history(HELLO, HIDDEN, owners={"acme"})
    found = confirm(earlier, answering(shown), listing, owners=())
    assert bool(found.errors) is short
    assert bool(found.notices) is not short


def test_nobody_is_asked_about_what_is_listed_or_was_answered_or_is_of_other_owners() -> None:
    earlier = history(HELLO, WORLD, HIDDEN)
    earlier.answered = {WORLD.identity}
    asked: list[int] = []
    listing = Listing([HELLO], [])
    assert confirm(earlier, lambda number, _: asked.append(number), listing) is listing
    assert asked == []


@pytest.mark.parametrize("doubt", ["error", "cut"])
def test_a_listing_that_is_an_error_already_is_not_asked_about(doubt: str) -> None:
    earlier = history(HELLO, WORLD)
    earlier.listed = {"octo": 9} if doubt == "cut" else {}
    listing = Listing([HELLO], ["the listing failed"] if doubt == "error" else [])
    assert confirm(earlier, answering(WORLD), listing) is listing


def test_a_refusal_is_no_absence() -> None:
    def refuse(number: int, owner: str) -> RemoteRepository | None:
        raise ForbiddenError("GitHub refuses /repositories/2 (403)")

    found = confirm(history(HELLO, WORLD), refuse)
    assert (found.errors, found.upstream) == ([], {})
    (notice,) = found.notices
    assert notice.startswith("octo/world is no longer listed; GitHub does not tell whether")
    assert notice.endswith("GitHub refuses /repositories/2 (403)")


def test_a_github_that_cannot_be_reached_is_not_asked_for_each() -> None:
    many = [replace(HELLO, id=number, name=f"many-{number}") for number in range(10, 40)]
    asked: list[int] = []

    def fail(number: int, owner: str) -> RemoteRepository | None:
        asked.append(number)
        raise TransientError("GitHub answered 500")

    found = confirm(history(HELLO, *many), fail)
    assert len(asked) <= 4
    assert (found.errors, found.upstream) == ([], {})
    (notice,) = found.notices
    assert "(GitHub answered 500): octo/many-10" in notice
    assert "and 20 more; later runs ask" in notice


def test_no_more_than_so_many_are_asked_for_and_the_rest_is_named() -> None:
    many = [replace(HELLO, id=number, name=f"many-{number}") for number in range(10, 15)]
    found = confirm(history(HELLO, *many), answering(), most=3)
    assert found.upstream == dict.fromkeys(each.identity for each in many[:3])
    (notice,) = found.notices
    assert notice.endswith("by id: octo/many-13, octo/many-14; later runs ask")
