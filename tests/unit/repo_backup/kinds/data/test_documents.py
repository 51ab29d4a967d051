"""The working copy of a repository's data."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.json_text import json_text
from repo_backup.archive.document_zip import Packed
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.runtime.errors import RepositoryError

NOW = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
ISSUE = {
    "number": 1,
    "title": "Tür \U0001f6aa",
    "comment_data": [{"id": 1}, {"id": 2}],
    "user": None,
}


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[WorkingCopy]:
    with WorkingCopy(tmp_path / "copy.sqlite", NOW) as made:
        yield made


def changed(copy: WorkingCopy) -> list[str]:
    return [path for path, _ in copy.packed(changed=True)]


def test_documents_are_what_was_put_and_come_in_the_order_of_their_numbers(
    copy: WorkingCopy,
) -> None:
    for number in (10, 9, 1, 100):
        copy.put(f"issues/{number}.json", {**ISSUE, "number": number})
    copy.put("pulls/2.json", {"number": 2})
    copy.put("releases/v1%2F0.json", {"tag_name": "v1/0"})
    assert copy.get("issues/9.json") == {**ISSUE, "number": 9}
    assert copy.get("issues/8.json") is None
    assert list(copy.paths("issues")) == [f"issues/{number}.json" for number in (1, 9, 10, 100)]
    assert list(copy.paths("releases")) == ["releases/v1%2F0.json"]
    assert copy.contents().counts == {"issues": 4, "pulls": 1, "releases": 1}


def test_paths_may_be_walked_while_documents_change(
    copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repo_backup.kinds.data.documents._PAGE", 2)
    for number in range(1, 8):
        copy.put(f"issues/{number}.json", {"number": number})
    seen = []
    for path in copy.paths("issues"):
        copy.put(path, {"read": "again"})
        seen.append(path)
    assert len(seen) == len(set(seen)) == 7


def test_only_what_differs_from_what_was_archived_is_changed(copy: WorkingCopy) -> None:
    for number in (1, 2):
        copy.load(f"issues/{number}.json", Packed.of(json_text({**ISSUE, "number": number})))
    copy.put("issues/1.json", {**ISSUE, "number": 1})
    assert not copy.is_changed
    copy.put("issues/2.json", {**ISSUE, "number": 2, "comment_data": []})
    copy.put("issues/3.json", ISSUE)
    assert copy.is_changed
    assert changed(copy) == ["issues/2.json", "issues/3.json"]


def test_what_vanished_stays_with_its_date_until_it_is_there_again(copy: WorkingCopy) -> None:
    copy.load("issues/1.json", Packed.of(json_text(ISSUE)))
    copy.vanished("issues/1.json")
    copy.vanished("issues/1.json", "comment_data/2")
    assert copy.is_changed
    assert copy.is_vanished("issues/1.json")
    assert copy.is_vanished("issues/1.json", "comment_data/2")
    assert copy.marks == {
        "issues/1.json": "2026-11-30T17:00:00Z",
        "issues/1.json#comment_data/2": "2026-11-30T17:00:00Z",
    }
    assert copy.get("issues/1.json") == ISSUE
    copy.put("issues/1.json", ISSUE)
    assert not copy.is_vanished("issues/1.json")
    assert copy.is_vanished("issues/1.json", "comment_data/2")


def test_a_mark_of_an_earlier_run_keeps_its_date_and_is_no_change(copy: WorkingCopy) -> None:
    copy.load("deleted.json", Packed.of(json_text({"issues/1.json": "2026-01-01T00:00:00Z"})))
    copy.vanished("issues/1.json")
    assert not copy.is_changed
    assert copy.marks["issues/1.json"] == "2026-01-01T00:00:00Z"


def test_the_digest_is_of_the_documents_and_marks_however_they_came(tmp_path: Path) -> None:
    digests = []
    for order in ((1, 2), (2, 1)):
        with WorkingCopy(tmp_path / f"{order}", NOW) as copy:
            for number in order:
                copy.put(f"issues/{number}.json", {"number": number})
            digests.append(copy.contents().digest)
            copy.vanished("issues/1.json")
            digests.append(copy.contents().digest)
    assert digests[0] == digests[2] != digests[1] == digests[3]


@pytest.mark.parametrize(
    "path",
    [
        *("../x.json", "issues/../x.json", "/etc/x.json", "issues/x", "issues/a/b.json", "x.json"),
        *("issues/x\n.json", "Issues/1.json", f"issues/{'x' * 300}.json"),
    ],
)
def test_no_document_becomes_a_file_elsewhere(copy: WorkingCopy, path: str) -> None:
    with pytest.raises(RepositoryError):
        copy.put(path, {})


@pytest.mark.parametrize("document", [ISSUE, [], {}, [1, {"a": [2]}], None, {"text": "\ud800"}])
def test_a_document_is_written_so_that_it_reads_the_same(document: Any) -> None:
    assert json.loads(json_text(document)) == document


def test_each_field_and_each_item_of_a_list_has_a_line() -> None:
    lines = json_text({"b": [{"y": 1, "x": 2}, {}], "a": None}).decode().splitlines()
    assert lines == ["{", ' "a": null,', ' "b": [', '  {"x": 2, "y": 1},', "  {}", " ]", "}"]


def test_a_scratch_file_that_cannot_be_made_is_trouble_with_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="open"):
        WorkingCopy(tmp_path / "none" / "scratch.sqlite", NOW)
