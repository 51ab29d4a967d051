"""Lists are read to the page that has no next one, wherever the links lead within GitHub."""

import time

import pytest

from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError
from tests.unit.repo_backup.hosts.github.scripted import Asked, Scripted, Told, rest


def numbers(count: int, start: int = 0) -> list[dict[str, int]]:
    return [{"number": start + n} for n in range(count)]


def test_cursors_are_followed_and_an_interrupted_list_goes_on_at_its_page() -> None:
    def script(asked: Asked) -> Told:
        if "after" in asked.query:
            return Told(numbers(3, 100))
        link = '<BASE/repos/o/r/issues?after=abc%3D&per_page=100>; rel="next"'
        return Told(numbers(100), headers={"Link": link})

    with Scripted(script) as server:
        api = rest(server)
        pages = list(api.pages("/repos/o/r/issues", "o", state="all"))
        assert [page.count for page in pages] == [100, 3]
        assert pages[0].following == "/repos/o/r/issues?after=abc%3D&per_page=100"
        again = list(api.pages("/repos/o/r/issues", "o", after=pages[0].following))
        assert [page.items for page in again] == [pages[1].items]
    assert server.asked[0].query == {"state": "all", "per_page": "100"}


def test_a_whole_page_without_any_link_is_followed_by_its_number() -> None:
    def script(asked: Asked) -> Told:
        return Told(numbers({1: 100, 2: 100, 3: 0}[int(asked.query.get("page", "1"))]))

    with Scripted(script) as server:
        pages = list(rest(server).pages("/labels", "o"))
    assert [page.count for page in pages] == [100, 100, 0]


def test_a_list_without_links_that_was_interrupted_goes_on_at_its_page() -> None:
    def script(asked: Asked) -> Told:
        return Told(numbers({"3": 100, "4": 2}.get(asked.query.get("page", "1"), 100)))

    with Scripted(script) as server:
        resumed = list(rest(server).pages("/x", "o", after="/x?per_page=100&page=3"))
    assert [page.count for page in resumed] == [100, 2]


def test_a_whole_page_without_any_link_ends_a_list_that_goes_on_by_links() -> None:
    def script(asked: Asked) -> Told:
        more = {"Link": '<BASE/x?after=abc>; rel="next"'}
        return Told(numbers(100), headers={} if "after" in asked.query else more)

    with Scripted(script) as server:
        pages = list(rest(server).pages("/x", "o"))
        resumed = list(rest(server).pages("/x", "o", after=pages[0].following))
    assert (len(pages), len(resumed), len(server.asked)) == (2, 1, 3)


def test_a_whole_page_of_as_many_as_github_counts_is_all_there_is() -> None:
    with Scripted(lambda _: Told(numbers(100))) as server:
        pages = list(rest(server).pages("/x", "o", counted=100))
    assert (len(pages), len(server.asked)) == (1, 1)


def test_the_last_page_and_the_total_are_githubs_numbers() -> None:
    def script(asked: Asked) -> Told:
        links = '<BASE/x?page=2>; rel="next", <BASE/x?page=712>; rel="last"'
        return Told({"total_count": 712, "variables": numbers(1)}, headers={"Link": links})

    with Scripted(script) as server:
        page = next(rest(server).pages("/x", "o", field="variables", per_page=1))
    assert (page.last, page.total, page.items) == (712, 712, [{"number": 0}])


def test_nulls_in_a_list_are_counted_and_left_out() -> None:
    with Scripted(lambda _: Told([None, {"number": 1}])) as server:
        (page,) = rest(server).pages("/x", "o")
    assert (page.count, page.items) == (2, [{"number": 1}])


def test_a_list_that_leads_back_to_itself_is_an_error() -> None:
    link = {"Link": '<BASE/x?page=2>; rel="next"'}
    with (
        Scripted(lambda _: Told(numbers(1), headers=link)) as server,
        pytest.raises(RepositoryError, match="no end"),
    ):
        list(rest(server).pages("/x", "o"))


def test_a_link_to_another_server_is_not_followed() -> None:
    link = {"Link": '<https://elsewhere.example/x>; rel="next"'}
    with (
        Scripted(lambda _: Told(numbers(1), headers=link)) as server,
        pytest.raises(RepositoryError, match="not an address of the GitHub"),
    ):
        list(rest(server).pages("/x", "o"))


@pytest.mark.parametrize(
    ("status", "headers", "message", "absent", "state", "reason"),
    [
        (
            403,
            {"X-Accepted-GitHub-Permissions": "issues=read; pull_requests=read"},
            "Resource not accessible by personal access token",
            "failed",
            "not-permitted",
            "needs Issues (read) or Pull requests (read)",
        ),
        (
            404,
            {"X-OAuth-Scopes": "repo:status", "X-Accepted-OAuth-Scopes": "admin:repo_hook, repo"},
            "Not Found",
            "switched-off",
            "not-permitted",
            "needs scope admin:repo_hook or repo",
        ),
        (404, {}, "Not Found", "switched-off", "switched-off", "404"),
        (404, {}, "Not Found", "not-permitted", "not-permitted", "404"),
        (410, {}, "Issues has been disabled", "failed", "switched-off", "Issues has been disabled"),
        (403, {}, "Upgrade to GitHub Pro or make it public", "failed", "switched-off", "Upgrade"),
        (422, {}, "Only the first 1000 results are available", "failed", "truncated", "1000"),
        (451, {}, "Repository access blocked", "failed", "failed", "blocked"),
        (500, {}, "oops", "failed", "failed", "oops"),
    ],
)
def test_a_refusal_is_a_state_with_its_reason(
    status: int, headers: dict[str, str], message: str, absent: str, state: str, reason: str
) -> None:
    with (
        Scripted(lambda _: Told({"message": message}, status, headers)) as server,
        pytest.raises(RepositoryError) as raised,
    ):
        rest(server).get("/x", "o")
    found = refused(raised.value, absent)  # type: ignore[arg-type]  # one of the states
    assert found.state == state
    assert reason in found.reason


def test_a_secondary_limit_that_outlasts_the_run_ends_it_resumably() -> None:
    answer = Told(
        {"message": "You have exceeded a secondary rate limit"}, 403, {"Retry-After": "90"}
    )
    ending = Allowance(CancellationToken(), ends_at=time.monotonic() + 60)
    with Scripted(lambda _: answer) as server, pytest.raises(AllowanceSpentError) as raised:
        rest(server, attempts=3, allowance=ending).get("/x", "o")
    assert len(server.asked) == 1
    assert refused(raised.value).state == "under-way"
