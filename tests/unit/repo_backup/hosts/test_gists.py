"""A gist as GitHub's list has it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.results import LastListing
from backup_contract.moments import iso
from repo_backup.hosts.github.addresses import gist_url
from repo_backup.hosts.github.gists import gist_of
from repo_backup.hosts.github.paging import UnreadableItemError
from repo_backup.kinds.gists.gist_kind import COMPARED_AGAIN_AFTER, is_settled

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ITEM: dict[str, Any] = {
    "id": "aa5a315d61ae9438b18d",
    "owner": {"login": "octo"},
    "files": {"a.md": {"size": 1500}, "b": {"size": None}},
    "public": False,
    "git_pull_url": "https://gist.github.com/aa5a315d61ae9438b18d.git",
    "updated_at": "2026-11-01T00:00:00Z",
}


def test_a_gist_is_a_repository_whose_name_is_its_id() -> None:
    found = gist_of(ITEM)
    assert (found.of, found.full_name) == ("gist", "octo/aa5a315d61ae9438b18d")
    assert (found.private, found.size_kib) == (True, 2)
    assert gist_of(ITEM | {"id": "1"}).identity != found.identity


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../etc"},
        {"id": "*"},
        {"id": ""},
        {"owner": None},
        {"owner": {"login": ".."}},
        {"files": None},
        {"files": {"a": None}},
        {"git_pull_url": None},
    ],
)
def test_what_is_no_gist_or_must_not_become_a_path_is_unreadable(change: Any) -> None:
    with pytest.raises(UnreadableItemError, match="gist"):
        gist_of(ITEM | change)


@pytest.mark.parametrize("written", [None, "", 5, "today", "2026-11-01", ["2026-11-01T00:00:00Z"]])
def test_a_gist_whose_date_cannot_be_read_is_asked_for(written: Any) -> None:
    found = gist_of(ITEM | {"updated_at": written})
    before = ItemResult("backed-up", listing=LastListing(found.updated_at or "", iso(NOW)))
    assert not is_settled(found, before, NOW)


@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        ("https://api.github.com", "https://gist.github.com"),
        ("https://ghe.example/api/v3", "https://gist.ghe.example"),
    ],
)
def test_gists_have_a_host_of_their_own(api_url: str, host: str) -> None:
    assert gist_url(api_url) == host


@pytest.mark.parametrize(
    ("state", "updated_at", "age", "settled"),
    [
        ("unchanged", ITEM["updated_at"], timedelta(days=1), True),
        ("backed-up", ITEM["updated_at"], timedelta(days=1), True),
        ("failed", ITEM["updated_at"], timedelta(days=1), False),
        ("unchanged", "2026-11-02T00:00:00Z", timedelta(days=1), False),
        ("unchanged", ITEM["updated_at"], COMPARED_AGAIN_AFTER, False),
        ("unchanged", ITEM["updated_at"], -timedelta(days=1), False),
    ],
)
def test_the_list_settles_it_while_it_tells_the_same_and_for_four_weeks(
    state: Any, updated_at: str, age: timedelta, settled: bool
) -> None:
    earlier = ItemResult(state, listing=LastListing(updated_at, iso(NOW - age)))
    assert is_settled(gist_of(ITEM), earlier, NOW) is settled


def test_what_was_never_asked_for_is_not_settled() -> None:
    assert not is_settled(gist_of(ITEM), ItemResult("unchanged"), NOW)
    assert not is_settled(gist_of(ITEM), None, NOW)
