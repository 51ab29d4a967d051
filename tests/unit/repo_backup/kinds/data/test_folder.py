"""A data archive unpacked: nothing but what this program puts in one, and all of it."""

import io
import json
from pathlib import Path

import pytest

from backup_contract.documents.data_index import DataIndex
from backup_contract.documents.json_text import json_text
from repo_backup.archive.document_zip import Packed, write_zip
from repo_backup.kinds.data import folder
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError

INDEX = json_text(DataIndex("octo/hello", 7, "r1", {}, {"issues": 1}).document)
WHOLE = {"issues/1.json": b"{}\n", "deleted.json": b"{}\n", "index.json": INDEX}


def zipped(tmp_path: Path, files: dict[str, bytes], top: str = "hello.data") -> io.BytesIO:
    entries = [(f"{top}/{name}", Packed.of(text)) for name, text in files.items()]
    write_zip(tmp_path / "a.zip", entries, 1 << 20)
    return io.BytesIO((tmp_path / "a.zip").read_bytes())


def test_what_is_whole_is_unpacked_and_good(tmp_path: Path) -> None:
    path = folder.unpack(zipped(tmp_path, WHOLE), tmp_path)
    assert path == tmp_path / "hello.data"
    assert folder.check(path, None, CancellationToken()) == ()
    with pytest.raises(RepositoryError, match="exists already"):
        folder.unpack(zipped(tmp_path, WHOLE), tmp_path)


@pytest.mark.parametrize(
    ("name", "top"),
    [
        ("../../x.json", "hello.data"),
        ("issues/../../x.json", "hello.data"),
        ("issues/run.sh", "hello.data"),
        ("x.json", "hello.data"),
        ("issues/1.json", ".."),
        ("issues/1.json", "hello.git"),
        ("issues/1.json", "...data/.."),
    ],
)
def test_a_file_that_no_archive_has_leads_nowhere(tmp_path: Path, name: str, top: str) -> None:
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    with pytest.raises(RepositoryError):
        folder.unpack(zipped(tmp_path, {**WHOLE, name: b"{}"}, top), into)
    assert not any(into.iterdir())
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["into"]


def test_a_zip_without_an_index_or_of_two_folders_is_none(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not contain a complete data archive"):
        folder.unpack(zipped(tmp_path, {"issues/1.json": b"{}"}), tmp_path)
    entries = [(f"{top}.data/index.json", Packed.of(INDEX)) for top in ("a", "b")]
    write_zip(tmp_path / "two.zip", entries, 1 << 20)
    with pytest.raises(RepositoryError), (tmp_path / "two.zip").open("rb") as file:
        folder.unpack(file, tmp_path)


def test_an_overlay_replaces_what_it_holds_and_leaves_the_rest(tmp_path: Path) -> None:
    path = folder.unpack(zipped(tmp_path, WHOLE), tmp_path)
    index = json_text(DataIndex("octo/hello", 7, "r2", {}, {"issues": 2}).document)
    overlay = {
        "issues/2.json": b"[]\n",
        "deleted.json": b'{"issues/1.json": "x"}',
        "index.json": index,
    }
    folder.lay_over(zipped(tmp_path, overlay), path)
    assert json.loads((path / "issues/2.json").read_bytes()) == []
    assert (path / "issues/1.json").read_bytes() == b"{}\n"
    assert folder.check(path, None, CancellationToken()) == ()


def test_an_overlay_of_another_repository_is_refused(tmp_path: Path) -> None:
    path = folder.unpack(zipped(tmp_path, WHOLE), tmp_path)
    with pytest.raises(RepositoryError):
        folder.lay_over(zipped(tmp_path, WHOLE, "other.data"), path)


@pytest.mark.parametrize("name", ["issues/1.json", "index.json", "deleted.json"])
def test_a_folder_that_lacks_a_file_is_not_good(tmp_path: Path, name: str) -> None:
    path = folder.unpack(zipped(tmp_path, WHOLE), tmp_path)
    (path / name).unlink()
    with pytest.raises(RepositoryError):
        folder.check(path, None, CancellationToken())


def test_what_the_index_calls_incomplete_is_a_remark(tmp_path: Path) -> None:
    sections = {
        "labels": {"state": "truncated", "here": 1},
        "x": {"state": "not-permitted", "here": 0},
    }
    index = {**json.loads(INDEX), "sections": sections}
    path = folder.unpack(zipped(tmp_path, {**WHOLE, "index.json": json_text(index)}), tmp_path)
    assert folder.check(path, None, CancellationToken()) == (
        "not complete: labels truncated, x not-permitted",
        "index.json counts 1 labels, there are 0",
    )


def test_items_that_the_index_counts_are_there_without_those_that_are_gone(tmp_path: Path) -> None:
    issue = {"number": 1, "comment_data": [{"id": 5}, {"id": 6}]}
    sections = {name: {"state": "complete", "here": 1} for name in ("issues", "issue_comments")}
    files = {
        "issues/1.json": json_text(issue),
        "deleted.json": json_text({"issues/1.json#comment_data/5": "2026-11-30T17:00:00Z"}),
        "index.json": json_text({**json.loads(INDEX), "sections": sections}),
    }
    path = folder.unpack(zipped(tmp_path, files), tmp_path)
    assert folder.check(path, None, CancellationToken()) == ()


def test_a_document_that_is_no_json_is_not_good(tmp_path: Path) -> None:
    path = folder.unpack(zipped(tmp_path, {**WHOLE, "issues/1.json": b"{"}), tmp_path)
    with pytest.raises(RepositoryError, match="is not JSON"):
        folder.check(path, None, CancellationToken())
