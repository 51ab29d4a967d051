"""Gists of the stand-in: who is shown which, and what a change of one changes."""

from pathlib import Path

import pytest

from local_cloud.github import Gists, TokenRights
from local_cloud.github.api import Api
from local_cloud.github.corpus import git
from local_cloud.github.data.rest.access import Caller
from tests.unit.local_cloud.data.asking import BASE, get, hub


@pytest.fixture
def api() -> Api:
    return hub()


@pytest.fixture
def gists(api: Api, tmp_path: Path) -> Gists:
    made = Gists(tmp_path, api.data)
    made.create({"notes.md": "# Notes\n"}, "Notes")
    made.create({"key.txt": "nobody's\n"}, "Secret", public=False)
    return made


def shown(api: Api, path: str, rights: TokenRights) -> list[str] | int:
    answer = get(api, path, Caller("token", "octo", rights))
    return [each["description"] for each in answer.body] if answer.status == 200 else answer.status


@pytest.mark.parametrize(
    ("rights", "descriptions"),
    [
        (TokenRights(frozenset({"repo", "gist"})), ["Secret", "Notes"]),
        (TokenRights(frozenset({"repo"})), ["Notes"]),
        (TokenRights(None), ["Secret", "Notes"]),
        (TokenRights(None, permissions={"contents": "read"}), 403),
    ],
)
def test_secret_gists_are_listed_to_their_owners_token_with_the_right(
    api: Api, gists: Gists, rights: TokenRights, descriptions: list[str] | int
) -> None:
    assert shown(api, "/gists", rights) == descriptions
    assert shown(api, "/users/octo/gists", rights) == ["Notes"]
    assert get(api, "/gists", Caller()).status == 401


def test_a_comment_changes_the_count_and_no_date_and_a_commit_the_date(
    api: Api, gists: Gists
) -> None:
    gist = next(iter(api.data.gists.values()))
    before = get(api, f"/gists/{gist.id}").body
    gists.comment(gist, "Nice")
    after = get(api, f"/gists/{gist.id}").body
    assert (after["comments"], after["updated_at"]) == (1, before["updated_at"])
    (comment,) = get(api, after["comments_url"].removeprefix(BASE)).body
    assert (comment["body"], comment["user"]["login"]) == ("Nice", "monalisa")
    gists.rename_file(gist, "notes.md", "read me.md")
    changed = get(api, f"/gists/{gist.id}").body
    assert [*changed["files"]] == ["read me.md"]
    assert changed["updated_at"] > after["updated_at"]
    assert git(gists.path(gist), "ls-tree", "--name-only", "HEAD") == "read me.md"


def test_a_deleted_gist_is_gone_everywhere_and_its_fork_is_not(api: Api, gists: Gists) -> None:
    gist = next(iter(api.data.gists.values()))
    fork = gists.fork(gist)
    gists.delete(gist)
    assert get(api, f"/gists/{gist.id}").status == 404
    assert get(api, f"/gists/{gist.id}/comments").status == 404
    assert git(gists.path(fork), "log", "--oneline").count("\n") == 0
    assert not gists.path(gist).exists()
