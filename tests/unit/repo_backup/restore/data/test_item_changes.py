"""Items of project data that are new, changed or gone between two runs."""

from dataclasses import dataclass, field

from repo_backup.restore.data.item_changes import item_changes


@dataclass
class State:
    """What a run has."""

    checksums: dict[str, tuple[int, int]]
    marks: dict[str, str] = field(default_factory=dict)


BEFORE = State({f"issues/{number}.json": (1, 1) for number in range(1, 6)})


def test_items_are_counted_by_folder_as_new_changed_or_gone() -> None:
    after = State(
        {
            **BEFORE.checksums,
            "issues/1.json": (1, 2),
            "issues/6.json": (1, 1),
            "pulls/7.json": (2, 2),
        },
        {"issues/2.json": "2026-11-27T17:00:00Z"},
    )
    found = item_changes(BEFORE, after)
    assert found.sentences == ["issues: 1 new, 1 changed, 1 gone", "pulls: 1 new"]


def test_a_comment_that_is_gone_changes_its_item_and_so_does_what_is_back() -> None:
    after = State(BEFORE.checksums, {"issues/2.json#comment_data/7": "2026-11-27T17:00:00Z"})
    assert item_changes(BEFORE, after).changed == {"issues": 1}
    gone = State(BEFORE.checksums, {"issues/3.json": "2026-11-27T17:00:00Z"})
    back = item_changes(gone, BEFORE)
    assert (back.changed, back.gone) == ({"issues": 1}, {})


def test_the_same_state_has_no_changes() -> None:
    assert not item_changes(BEFORE, BEFORE).sentences


def test_the_list_of_a_releases_files_is_no_item_beside_the_release() -> None:
    after = State({**BEFORE.checksums, "releases/v1.json": (1, 1), "assets/v1.json": (1, 1)})
    assert item_changes(BEFORE, after).sentences == ["releases: 1 new"]
