"""People read what a thing is, not the suffix of its name."""

import pytest

from backup_contract.documents.manifest import Entry, Item, ItemResult
from backup_contract.documents.parts.labels import label, labelled_problems, repositories_of
from backup_contract.kinds import DATA, GIT, LFS, WIKI, labelled

ENTRY = Entry(1, "octo", "hello", False, False, False, {GIT: ItemResult("failed")})
ITEMS = [Item(ENTRY, kind, ItemResult("failed")) for kind in (GIT, WIKI, DATA, LFS)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (GIT, "octo/hello"),
        (WIKI, "octo/hello.wiki"),
        (DATA, "octo/hello, project data"),
        (LFS, "octo/hello, LFS objects"),
        ("of-a-later-version", "octo/hello.of-a-later-version"),
    ],
)
def test_a_thing_is_called_what_it_is(kind: str, expected: str) -> None:
    assert labelled("octo/hello", kind) == expected
    assert label(Item(ENTRY, kind, ItemResult("failed"))) == expected


def test_what_is_retained_keeps_the_name_that_tells_it_apart() -> None:
    assert label(Item(ENTRY, LFS, ItemResult("kept"))) == "octo/hello~lfs (kept, id 1)"


def test_a_problem_has_the_label_and_all_of_its_text() -> None:
    problems = ("octo/hello~lfs: HTTP 500: sorry", "octo: nothing listed", "no colon")
    expected = ["octo/hello, LFS objects: HTTP 500: sorry", *problems[1:]]
    assert labelled_problems(problems, ITEMS) == expected


def test_a_run_is_asked_for_the_repository_of_a_wiki_and_once() -> None:
    problems = ("octo/hello.wiki: bad", "octo/hello~lfs: bad", "octo/other: bad")
    assert repositories_of(problems, ITEMS) == ["octo/hello", "octo/other"]
