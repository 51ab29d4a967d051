"""What may be saved and restored: the one rule that all directions share."""

import pytest

from repo_backup.git import restorable
from repo_backup.git.fsck_messages import strict_option

A = "a" * 40


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/heads/main\n",
        "ref: refs/remotes/origin/x\n",
        "ref: refs/tags/v1",
        f"{A}\n",
        "a" * 64,
    ],
)
def test_head_may_be_any_ref_or_object(head: str) -> None:
    assert restorable.is_head(head)


@pytest.mark.parametrize(
    "head", ["", "ref: ../x", "ref: refs/heads/../x", "ref: refs/heads/a\nx", "ref: HEAD", "a" * 39]
)
def test_head_may_not_leave_the_refs(head: str) -> None:
    assert not restorable.is_head(head)


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("# pack-refs with: peeled fully-peeled sorted ", True),
        (f"{A} refs/heads/main", True),
        (f"^{A}", True),
        (f"{A} refs/heads/../../HEAD", False),
        (f"{A} HEAD", False),
        ("^x", False),
        ("/etc/passwd", False),
        ("", False),
    ],
)
def test_a_line_of_packed_refs_is_a_header_a_ref_or_a_peeled_tag(line: str, good: bool) -> None:
    assert restorable.is_packed_ref(line) is good


def test_only_github_s_own_trial_merges_stay_outside() -> None:
    left = ["refs/pull/1/head", "refs/pull/٣/merge", "refs/pull/²/merge", "refs/pull//merge"]
    assert [name for name in left if not restorable.is_archived(name)] == []
    assert not restorable.is_archived("refs/pull/12/merge")


def test_branches_and_tags_alone_are_essential() -> None:
    others = ["refs/pull/1/head", "refs/notes/commits", "refs/remotes/origin/x", "refs/stash"]
    assert not any(map(restorable.is_essential, others))
    assert all(map(restorable.is_essential, ["refs/heads/main", "refs/tags/v1"]))


def test_usual_refs_are_nothing_to_speak_of() -> None:
    assert (
        restorable.unusual_refs("refs/heads/main", {"refs/heads/main": A}, ["refs/tags/v1"], [])
        == ()
    )
    assert restorable.unusual_refs(None, {"refs/heads/main": A}, [], []) == ()


def test_what_is_unusual_is_named() -> None:
    found = restorable.unusual_refs(
        "refs/heads/gone", {"refs/heads/old": A}, ["refs/heads/old"], [A]
    )
    assert found == (
        "HEAD points to refs/heads/gone, which does not exist: a clone checks out no files",
        "refs/heads/old: a branch that names a tag; most hosts refuse to accept it",
        "upstream is a shallow repository: 1 commits lack their parents",
    )
    (output,) = restorable.unusual_refs("refs/tags/v1", {"refs/tags/v1": A}, [], [])
    assert output == "HEAD points to refs/tags/v1, which is not a branch"


def test_of_many_names_the_first_are_listed() -> None:
    assert restorable.listed(map(str, range(7))) == "0, 1, 2, 3, 4 and 2 more"


def test_git_is_asked_to_tolerate_only_what_it_knows() -> None:
    assert (
        strict_option({"badDate", "treeNotSorted", "new"})
        == "--strict=badDate=warn,treeNotSorted=warn"
    )
