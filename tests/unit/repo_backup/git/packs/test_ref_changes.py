"""Advanced, rewritten, moved, deleted: told by the new commits' parents, or not at all."""

import pytest

from repo_backup.git.packs import ref_changes
from repo_backup.git.packs.ref_changes import RefMove, lost_tips

MAIN, TAG = "refs/heads/main", "refs/tags/v1"


def _id(letter: str) -> str:
    return letter * 40


def _history(text: str) -> dict[bytes, tuple[bytes, ...]]:
    """``c:b b:a`` are two commits and their parents."""
    pairs = (item.split(":") for item in text.split())
    return {
        bytes.fromhex(_id(new)): tuple(bytes.fromhex(_id(old)) for old in parents)
        for new, parents in pairs
    }


@pytest.mark.parametrize(
    ("history", "move"),
    [
        ("c:b b:a", RefMove.ADVANCED),
        ("c:db d:e b:a", RefMove.ADVANCED),
        ("c:b b:", RefMove.REWRITTEN),
        ("c:b b:d", RefMove.UNDECIDED),
        ("", RefMove.UNDECIDED),
    ],
)
def test_a_branch_is_judged_by_the_way_from_its_new_tip(history: str, move: RefMove) -> None:
    (change,) = ref_changes.ref_changes(_history(history), {MAIN: _id("a")}, {MAIN: _id("c")})
    assert change.move is move
    assert (change.name, change.old, change.new) == (MAIN, _id("a"), _id("c"))


def test_with_the_earlier_history_nothing_is_undecided() -> None:
    new, earlier = _history("c:b"), _history("b:d d:")
    old, now = {MAIN: _id("a")}, {MAIN: _id("c")}
    assert ref_changes.ref_changes(new, old, now)[0].move is RefMove.UNDECIDED
    assert ref_changes.ref_changes(new | earlier, old, now)[0].move is RefMove.REWRITTEN
    earlier = _history("b:a")
    assert ref_changes.ref_changes(new | earlier, old, now)[0].move is RefMove.ADVANCED


def test_a_tag_that_names_another_object_has_moved_and_what_is_gone_is_deleted() -> None:
    old = {MAIN: _id("a"), TAG: _id("a"), "refs/heads/same": _id("a")}
    new = {TAG: _id("c"), "refs/heads/same": _id("a"), "refs/heads/new": _id("c")}
    changes = ref_changes.ref_changes(_history("c:a"), old, new)
    assert [(each.name, each.move) for each in changes] == [
        (MAIN, RefMove.DELETED),
        (TAG, RefMove.MOVED),
    ]


def test_what_takes_too_many_steps_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ref_changes, "MOST_STEPS", 1)
    (change,) = ref_changes.ref_changes(_history("c:b b:a"), {MAIN: _id("a")}, {MAIN: _id("c")})
    assert change.move is RefMove.UNDECIDED


def test_a_merged_and_deleted_branch_is_not_lost_and_a_rewritten_one_is() -> None:
    history = _history("c:ab")
    assert lost_tips(history, [_id("a"), _id("b")], [_id("c")]) == frozenset()
    assert lost_tips(history, [_id("a"), _id("d")], [_id("c")]) == {_id("d")}
    assert lost_tips({}, [_id("a")], [_id("a"), _id("c")]) == frozenset()


def test_a_tip_behind_an_annotated_tag_is_not_lost() -> None:
    assert lost_tips(_history("f:c c:a"), [_id("a")], [_id("f")]) == frozenset()
