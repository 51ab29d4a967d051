"""What is told of refs that were rewritten, by the history that is known."""

from collections.abc import Mapping

import pytest

from backup_contract.documents.parts.rewrites import MOST_NAMED, Rewrites
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.rewrites import RewriteRules, is_known, rewrites_by_history

_HEAD = "refs/heads/main"


def _refs(text: str) -> dict[str, str]:
    """``heads/main:a tags/v1:b``."""
    pairs = (word.split(":") for word in text.split())
    return {f"refs/{name}": letter * 40 for name, letter in pairs}


def _answer(
    before: Mapping[str, str], now: Mapping[str, str], commits: str = "", *known: str
) -> Rewrites | None:
    """``b:a c:`` are commits, each with its parents."""
    history = {
        bytes.fromhex(new * 40): tuple(bytes.fromhex(old * 40) for old in parents)
        for new, parents in (word.split(":") for word in commits.split())
    }
    old, new = (
        Advertisement("", dict(refs), {}, _HEAD, None, "sha1", frozenset())
        for refs in (before, now)
    )
    return rewrites_by_history(history, old, new, RewriteRules("r1", known))


def _ransom(before: str, now: str, commits: str) -> bool:
    found = _answer(_refs(before), _refs(now), commits)
    return bool(found and found.one_commit)


def test_what_only_advances_is_not_told() -> None:
    now = _refs("heads/main:b tags/v2:b")
    assert _answer(_refs("heads/main:a"), now, "b:a a:") is None


def test_known_branches_and_pull_requests_are_not_told() -> None:
    before = _refs("heads/gh-pages:a heads/renovate/x:a tags/latest:a pull/1/merge:a notes/x:a")
    now = _refs("heads/gh-pages:b pull/1/merge:b")
    known = ("gh-pages", "refs/heads/renovate/*", "refs/tags/latest")
    assert _answer(before, now, "b:", *known) is None
    found = _answer(before, now, "b:")
    assert found
    assert (found.count, found.refs_before) == (3, 3)


@pytest.mark.parametrize(
    ("name", "glob", "known"),
    [
        ("refs/heads/gh-pages", "gh-pages", True),
        ("refs/heads/renovate/a/b", "renovate/*", True),
        ("refs/heads/main", "refs/heads/m*", True),
        ("refs/tags/gh-pages", "gh-pages", False),
        ("refs/heads/main", "Main", False),
    ],
)
def test_a_glob_names_branches_and_with_their_whole_name_tags(
    name: str, glob: str, *, known: bool
) -> None:
    assert is_known(name, [glob]) == known


def test_a_deleted_branch_is_lost_unless_another_ref_leads_to_its_commits() -> None:
    before = _refs("heads/main:a heads/merged:b heads/topic:c")
    found = _answer(before, _refs("heads/main:d"), "d:ab c:a a: b:")
    assert found
    assert (found.count, found.lost, found.default_branch) == (2, 1, False)


@pytest.mark.parametrize("now", ["heads/main:b", "heads/trunk:b"])
def test_a_default_branch_that_was_forced_or_lost_is_marked(now: str) -> None:
    found = _answer(_refs("heads/main:a"), _refs(now), "b: a:")
    assert found
    assert found.default_branch


def test_a_renamed_default_branch_is_no_loss() -> None:
    found = _answer(_refs("heads/master:a heads/main:a"), _refs("heads/trunk:b"), "b:a a:")
    assert found
    assert (found.default_branch, found.lost) == (False, 0)


@pytest.mark.parametrize(
    ("before", "now", "commits", "ransom"),
    [
        ("heads/main:b", "heads/main:c", "a: b:a c:", True),
        ("heads/main:b", "heads/main:c", "a: b:a c:a", False),
        ("heads/main:a", "heads/main:c", "a: c:", False),
        ("heads/main:b heads/x:d tags/v:a", "heads/main:c", "a: b:a d:a c:a", True),
        ("heads/main:b heads/x:d tags/v:a", "heads/main:c heads/x:d", "a: b:a d:a c:", False),
        ("heads/main:b heads/x:d", "heads/main:c heads/x:e", "a: b:a d:a c: e:", False),
    ],
)
def test_all_refs_replaced_by_one_commit_is_a_ransom_and_an_amended_branch_is_not(
    before: str, now: str, commits: str, *, ransom: bool
) -> None:
    assert _ransom(before, now, commits) == ransom


def test_more_than_can_be_named_are_counted() -> None:
    before = {f"refs/heads/b{number}": "a" * 40 for number in range(MOST_NAMED + 5)}
    found = _answer(before, {_HEAD: "a" * 40})
    assert found
    assert (len(found.named), found.more, found.count) == (MOST_NAMED, 5, MOST_NAMED + 5)


def test_what_the_history_does_not_tell_is_undecided() -> None:
    found = _answer(_refs("heads/main:a"), _refs("heads/main:c"), "c:b")
    assert found
    assert (found.count, found.undecided) == (0, 1)
