"""Which gists a run backs up, and what becomes of those that were not listed."""

from backup_contract.documents.manifest import Archive, Entry, ItemResult
from backup_contract.documents.parts.gists import gist_entry
from repo_backup.hosts.base import GistListing, RemoteRepository
from repo_backup.hosts.github.gists import gist_of
from repo_backup.run.gists import gist_plan

OWNERS = {"octo"}


def remote(id: str) -> RemoteRepository:
    return gist_of(
        {
            "id": id,
            "owner": {"login": "octo"},
            "files": {"a": {"size": 1}},
            "public": True,
            "git_pull_url": f"https://gist.github.com/{id}.git",
            "updated_at": "2026-11-30T00:00:00Z",
        }
    )


def known(id: str, owner: str = "octo", *, secret: bool = False) -> Entry:
    archive = Archive(f"github_backups/{owner}/{id}~gist.zip", 1, "0" * 64, "r1")
    return gist_entry(owner, id, ItemResult("unchanged", archive=archive), secret=secret)


def states(entries: list[Entry]) -> dict[str, tuple[str, str | None]]:
    return {each.name: (each.items[0].state, each.items[0].result.reason) for each in entries}


def test_a_gist_that_a_whole_list_lacks_is_gone() -> None:
    plan = gist_plan({"octo": GistListing([remote("a")])}, [known("a"), known("b")], OWNERS, None)
    assert [each.name for each in plan.remotes] == ["a"]
    assert (plan.carried, plan.gone) == ([], [known("b").identity])


def test_a_gist_that_a_broken_list_lacks_failed_and_is_not_gone() -> None:
    listing = GistListing([remote("a")], problem="GitHub answers 500")
    plan = gist_plan({"octo": listing}, [known("a"), known("b")], OWNERS, None)
    assert [each.name for each in plan.remotes] == ["a"]
    assert states(plan.carried) == {"b": ("failed", "GitHub answers 500")}
    assert plan.gone == []


def test_without_any_known_gist_a_broken_list_is_a_failure_of_its_own() -> None:
    plan = gist_plan({"octo": GistListing(problem="GitHub answers 500")}, [], OWNERS, None)
    assert states(plan.carried) == {"*": ("failed", "GitHub answers 500")}


def test_a_secret_gist_is_not_gone_for_a_list_of_public_ones() -> None:
    listing = GistListing([remote("a")], public_only="the token lacks the scope gist")
    plan = gist_plan({"octo": listing}, [known("b"), known("c", secret=True)], OWNERS, None)
    assert states(plan.carried) == {"c": ("skipped", "the token lacks the scope gist")}
    assert plan.gone == [known("b").identity]


def test_gists_that_are_withheld_or_left_out_stay_as_they_are() -> None:
    app = gist_plan({"octo": GistListing(withheld="no App")}, [known("b")], OWNERS, None)
    assert states(app.carried) == {"b": ("skipped", "no App")}
    left_out = gist_plan({}, [known("b")], OWNERS, "--no-gists")
    assert states(left_out.carried) == {"b": ("skipped", "--no-gists")}
    assert app.gone == left_out.gone == []


def test_the_gists_of_an_owner_whom_the_run_is_not_about_are_none_of_its_business() -> None:
    plan = gist_plan({"octo": GistListing()}, [known("c", "monalisa")], OWNERS, None)
    assert (plan.carried, plan.gone) == ([], [])
