"""What may be said of what was visible is decided once, and never says more than is known."""

import json
from typing import Any

import pytest

from backup_contract.visibility import Visibility, count, describe, measure, read

OCTO = {"owner": "octo", "scope": "all", "visible": 10, "total": 10}


def seen(owner: str, scope: Any, visible: int, total: int | None = None) -> Visibility:
    return Visibility(owner, scope, visible, total)


@pytest.mark.parametrize(
    ("items", "label", "sentence"),
    [
        ([seen("o", "all", 10)], "", ""),
        ([seen("o", "all", 10, 10), seen("p", "all", 3)], "", ""),
        ([seen("o", "all", 11, 10)], "", ""),
        (
            [seen("o", "public", 10)],
            "public only",
            "10 repositories of o are visible (public only)",
        ),
        (
            [seen("o", "public", 10, 30)],
            "public only",
            "10 of 30 repositories of o are visible (public only)",
        ),
        ([seen("o", "public", 1)], "public only", "1 repository of o is visible (public only)"),
        (
            [seen("o", "selected", 12, 30)],
            "12 of 30 repositories visible",
            "12 of 30 repositories of o are visible (selected only)",
        ),
        (
            [seen("o", "selected", 12)],
            "12 repositories visible, total unknown",
            "12 repositories of o are visible (selected only, total unknown)",
        ),
        (
            [seen("o", "all", 29, 30)],
            "29 of 30 repositories visible",
            "29 of 30 repositories of o are visible",
        ),
        (
            [seen("o", "unknown", 1)],
            "1 repository visible, total unknown",
            "1 repository of o is visible (total unknown)",
        ),
        (
            [seen("o", "selected", 12, 30), seen("p", "all", 5)],
            "17 of 35 repositories visible",
            "12 of 30 repositories of o are visible (selected only)",
        ),
        (
            [seen("o", "all", 5), seen("p", "public", 2), seen("q", "unknown", 1)],
            "8 repositories visible, total unknown",
            "2 repositories of p are visible (public only); "
            "1 repository of q is visible (total unknown)",
        ),
    ],
)
def test_the_words_are_these(items: list[Visibility], label: str, sentence: str) -> None:
    found = describe(items)
    assert (found.label, found.sentence) == (label, sentence)
    assert found.complete is not bool(label)


def test_nothing_written_down_is_neither_complete_nor_complained_of() -> None:
    found = describe(())
    assert (found.label, found.complete, found.action_needed) == ("", False, False)


@pytest.mark.parametrize(
    ("item", "action"),
    [
        (seen("o", "public", 10), True),
        (seen("o", "selected", 10), True),
        (seen("o", "all", 9, 10), True),
        (seen("o", "unknown", 10), False),
        (seen("o", "all", 10), False),
    ],
)
def test_what_is_hidden_asks_for_action_and_what_is_unknown_does_not(
    item: Visibility, action: bool
) -> None:
    assert describe([item]).action_needed is action


def test_many_owners_do_not_make_a_sentence_without_end() -> None:
    found = describe([seen(f"o{n}", "unknown", 2) for n in range(2000)])
    assert found.label == "4000 repositories visible, total unknown"
    assert found.sentence.endswith("; 1995 more owners are not known to be complete")
    assert len(found.sentence) < 400


@pytest.mark.parametrize(
    ("granted", "visible", "total", "scope"),
    [
        ("unknown", 30, 30, "all"),
        ("unknown", 31, 30, "all"),
        ("unknown", 12, 30, "selected"),
        ("unknown", 12, None, "unknown"),
        ("public", 10, 10, "public"),
        ("selected", 30, 30, "selected"),
        ("all", 29, 30, "all"),
    ],
)
def test_the_count_decides_only_where_the_token_does_not(
    granted: Any, visible: int, total: int | None, scope: str
) -> None:
    assert measure("o", granted, visible, total) == Visibility("o", scope, visible, total)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "total"),
    [
        ({"public_repos": 10, "owned_private_repos": 20, "total_private_repos": 25}, 30),
        ({"public_repos": 10, "total_private_repos": 20}, 30),
        ({"public_repos": 10, "owned_private_repos": 0}, 10),
        ({"public_repos": 10}, None),
        ({"public_repos": 10, "owned_private_repos": None}, None),
        ({"public_repos": 10, "owned_private_repos": "20"}, None),
        ({"public_repos": 10, "owned_private_repos": -1}, None),
        ({"public_repos": True, "owned_private_repos": 1}, None),
        ({"owned_private_repos": 20}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_total_is_what_github_counts_of_both_kinds_or_none(
    document: Any, total: int | None
) -> None:
    assert count(document) == total


def test_what_is_written_is_read() -> None:
    items = (seen("octo", "selected", 12, 30), seen("my-org", "all", 0))
    assert read(json.loads(json.dumps([each.document for each in items]))) == items


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "all",
        [None],
        [OCTO, 5],
        [{**OCTO, "owner": "octo\nVERIFIED: Everything"}],
        [{**OCTO, "owner": ""}],
        [{**OCTO, "owner": 5}],
        [{**OCTO, "scope": "most"}],
        [{**OCTO, "scope": ["all"]}],
        [{**OCTO, "visible": "10"}],
        [{**OCTO, "visible": True}],
        [{**OCTO, "visible": -1}],
        [{**OCTO, "visible": 10**400}],
        [{**OCTO, "visible": float("inf")}],
        [{**OCTO, "total": 1e9}],
        [OCTO] * 10_001,
        [{"owner": "octo", "scope": "all"}],
    ],
)
def test_whatever_else_is_there_counts_as_unknown(value: object) -> None:
    assert read(value) == ()
