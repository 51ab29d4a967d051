"""The stand-in's REST lists are as unkind as GitHub's: pages, caps, refusals, redirects."""

import pytest

from local_cloud.github import TokenRights
from local_cloud.github.data import Size, fill
from local_cloud.github.data.rest.access import Caller
from tests.unit.local_cloud.data.asking import editor, follow, get, hub


def test_the_list_of_issues_holds_pull_requests_and_open_ones_only_by_default() -> None:
    api = hub()
    octo = editor(api)
    octo.create_issue("One")
    octo.create_pull("Two")
    octo.close(octo.create_issue("Three").number)
    listed = get(api, "issues").body
    assert [each["number"] for each in listed] == [2, 1]
    assert ["pull_request" in each for each in listed] == [True, False]
    assert len(get(api, "issues?state=all").body) == 3


def test_since_is_inclusive_and_sorting_follows_the_date_of_the_update() -> None:
    api = hub()
    octo = editor(api)
    first, second = octo.create_issue("One"), octo.create_issue("Two")
    octo.comment(first.number, "Later")
    answer = get(api, f"issues?sort=updated&direction=asc&since={second.updated_at}").body
    assert [each["number"] for each in answer] == [2, 1]
    assert get(api, f"issues?since={first.updated_at}").body[0]["number"] == 1


def test_deep_lists_of_issues_are_paged_by_cursor_and_refuse_page_numbers() -> None:
    api = hub()
    fill(api.data, 1, Size(issues=7))
    api.limits.deep_items = 4
    numbers = [each["number"] for each in follow(api, "issues?state=all&per_page=2&direction=asc")]
    assert numbers == [1, 2, 3, 4, 5, 6, 7]
    assert "last" not in get(api, "issues?state=all&per_page=2").headers["Link"]
    assert get(api, "issues?state=all&per_page=2&page=3").status == 422


def test_only_the_first_releases_are_listed_and_the_rest_are_found_by_tag() -> None:
    api = hub()
    fill(api.data, 1, Size(releases=5))
    api.limits.releases = 4
    assert len(get(api, "releases?per_page=2&page=2").body) == 2
    assert get(api, "releases?per_page=2&page=3").status == 422
    assert get(api, "releases/tags/v1.0").body["tag_name"] == "v1.0"


def test_what_is_switched_off_deleted_or_transferred_says_so() -> None:
    api = hub("hello", "other")
    octo = editor(api)
    for _ in range(3):
        octo.create_issue("An issue")
    octo.delete_issue(1)
    octo.transfer_issue(2, api.data.of(2))
    assert [each["number"] for each in get(api, "issues").body] == [3]
    assert get(api, "issues/1").status == 410
    moved = get(api, "issues/2")
    assert (moved.status, moved.headers["Location"][-8:]) == (301, "issues/1")
    assert (
        get(api, moved.headers["Location"].removeprefix("https://hub.example")).body["number"] == 1
    )
    api.data.of(1).has_issues = api.data.of(1).has_pulls = False
    assert get(api, "issues").status == 410
    assert get(api, "pulls").status == 404


def test_a_token_without_the_right_is_told_which_one_it_is() -> None:
    api = hub(private=True)
    few = Caller("fine", "octo", TokenRights(scopes=None, permissions={"metadata": "read"}))
    answer = get(api, "issues/comments", few)
    assert answer.status == 403
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "issues=read; pull_requests=read"
    assert get(api, "labels", Caller()).status == 404


def test_an_etag_is_good_for_one_token_and_not_modified_costs_nothing() -> None:
    api = hub()
    etag = get(api, "labels").headers["ETag"]
    assert get(api, "labels", etag=etag).status == 304
    assert api.limits.allowance("token", "core").used == 1
    other = Caller("another", "octo", TokenRights())
    assert get(api, "labels", other, etag=etag).status == 200


def test_the_allowance_of_an_hour_ends_and_comes_back() -> None:
    api = hub()
    now = [0.0]
    api.limits.core, api.limits.now = 1, lambda: now[0]
    assert [get(api, "labels").status for _ in range(2)] == [200, 403]
    now[0] = 3600.0
    assert get(api, "labels").status == 200


def test_who_asks_too_fast_must_wait_a_minute() -> None:
    api = hub()
    now = [0.0]
    api.limits.core_a_minute, api.limits.now = 1, lambda: now[0]
    assert get(api, "labels").status == 200
    refused = get(api, "labels")
    assert (refused.status, refused.headers["Retry-After"]) == (403, "61")
    now[0] = 60.0
    assert get(api, "labels").status == 200


@pytest.mark.parametrize("kind", ["comment", "cross-reference", "sub-issue", "reaction"])
def test_some_edits_change_no_date_of_the_issue(kind: str) -> None:
    api = hub()
    octo = editor(api)
    issue, other = octo.create_issue("One"), octo.create_issue("Two")
    comment = octo.comment(issue.number, "A comment")
    before = get(api, "issues/1").body
    match kind:
        case "comment":
            octo.delete_comment(issue.number, comment.id)
        case "cross-reference":
            octo.cross_reference(issue.number, other.number)
        case "sub-issue":
            octo.add_sub_issue(issue.number, other.number)
        case _:
            octo.react(issue)
    after = get(api, "issues/1").body
    assert after["updated_at"] == before["updated_at"]
    assert after != before or len(get(api, "issues/1/timeline").body) == 2
