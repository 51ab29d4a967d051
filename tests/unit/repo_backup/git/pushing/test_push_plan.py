"""Which refs a push sends, and how it is divided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_backup.git.pushing.push_plan import Commit, divide, hidden_refs, is_github, refspecs

API = "https://api.github.com"


@pytest.mark.parametrize(
    ("url", "api_url", "expected"),
    [
        ("https://github.com/o/r.git", API, True),
        ("git@github.com:o/r.git", API, True),
        ("ssh://git@GitHub.com/o/r.git", API, True),
        ("git@github.com:o/r.git", "https://ghe.example.org/api/v3", True),
        ("ghe.example.org:o/r.git", "https://ghe.example.org/api/v3", True),
        ("https://gitlab.com/o/r.git", API, False),
        ("https://github.com.example.org/o/r.git", API, False),
        ("/home/me/github.com:x/r.git", API, False),
        ("/home/me/r.git", API, False),
        ("file:///home/me/r.git", API, False),
    ],
)
def test_github_is_known_by_its_address(url: str, api_url: str, expected: bool) -> None:
    assert is_github(url, api_url) is expected


def test_only_github_gets_no_pull_requests() -> None:
    refs = ["refs/heads/pull/1", "refs/pull/1/head", "refs/notes/pull"]
    assert hidden_refs(refs, github=True) == ["refs/pull/1/head"]
    assert hidden_refs(refs, github=False) == []


def test_a_namespace_is_one_refspec_however_many_refs_it_has() -> None:
    refs = ["refs/heads/a", "refs/heads/b/c", "refs/notes/commits", "refs/stash"]
    assert refspecs(refs, force=False) == [
        "refs/heads/*:refs/heads/*",
        "refs/notes/*:refs/notes/*",
        "refs/stash:refs/stash",
    ]
    assert refspecs(["refs/tags/v1"], force=True) == ["+refs/tags/*:refs/tags/*"]


def line(*sizes: int, name: str = "c", root: str | None = None) -> list[Commit]:
    """Commits of these sizes, each the parent of the next."""
    oids = [f"{name}{number}" for number in range(len(sizes))]
    return [
        Commit(oid, parent, size)
        for oid, parent, size in zip(oids, [root, *oids], sizes, strict=False)
    ]


def test_what_fits_is_not_divided() -> None:
    assert divide(line(40, 40, 20), {"refs/heads/main": "c2"}, 100) == []


def test_a_branch_moves_forward_in_parts() -> None:
    parts = divide(line(40, 40, 40, 90, 10, 10), {"refs/heads/main": "c5"}, 100)
    assert parts == [
        {"refs/heads/main": "c1"},
        {"refs/heads/main": "c2"},
        {"refs/heads/main": "c4"},
    ]


def test_a_commit_that_is_too_large_by_itself_goes_alone() -> None:
    parts = divide(line(10, 500, 10), {"refs/heads/main": "c2"}, 100)
    assert parts == [{"refs/heads/main": "c0"}, {"refs/heads/main": "c1"}]


def test_branches_move_side_by_side_and_share_a_part() -> None:
    commits = [*line(30, 30), *line(30, 30, 30, name="d")]
    refs = {"refs/heads/main": "c1", "refs/heads/other": "d2"}
    assert divide(commits, refs, 100) == [{"refs/heads/main": "c1", "refs/heads/other": "d0"}]


def test_a_side_line_counts_for_the_part_in_which_it_is_merged() -> None:
    side = line(60, name="s", root="c0")
    commits = [*line(30), *side, Commit("m", "c0", 30), Commit("n", "m", 30)]
    assert divide(commits, {"refs/heads/main": "n"}, 100) == [
        {"refs/heads/main": "c0"},
        {"refs/heads/main": "m"},
    ]


def test_a_tag_never_moves() -> None:
    commits = line(90, 90, 90)
    assert divide(commits, {"refs/tags/v1": "c2"}, 100) == []
    refs = {"refs/tags/v1": "c2", "refs/heads/old": "c0"}
    assert divide(commits, refs, 100) == [{"refs/heads/old": "c0"}]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.integers(1, 400))
def test_no_part_of_a_line_is_larger_than_allowed_unless_it_is_one_commit(
    sizes: list[int], most: int
) -> None:
    commits = line(*sizes)
    parts = divide(commits, {"refs/heads/main": commits[-1].oid}, most)
    ends = [int(part["refs/heads/main"][1:]) + 1 for part in parts]
    assert ends == sorted(set(ends))
    for begin, end in zip([0, *ends], [*ends, len(sizes)], strict=True):
        assert sum(sizes[begin:end]) <= most or end - begin == 1
