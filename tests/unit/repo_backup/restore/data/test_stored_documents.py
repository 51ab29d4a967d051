"""Project data read where it is stored, without unpacking it."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from backup_contract import object_keys as layout
from backup_contract.kinds import DATA
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.restore.data.stored_documents import StoredDocuments, open_documents
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import KEY, MemoryHost, Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Three issues; the second run found one changed, one new and one gone."""
    host = MemoryHost({f"issues/{number}.json": {"title": "a"} for number in (1, 2, 3)})
    runs = Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))
    runs.back_up()
    host.documents["issues/2.json"] = {"title": "b"}
    host.documents["issues/4.json"] = {"title": "new"}
    del host.documents["issues/3.json"]
    runs.back_up()
    return runs


def archive(runs: Runs) -> ArchiveRef:
    assert runs.result
    assert runs.result.archive
    return ArchiveRef("octo/hello", KEY, None, runs.result, kind=DATA)


def titles(documents: StoredDocuments) -> dict[str, str]:
    read = documents.read(documents.paths("issues"))
    return {path.removesuffix(".json"): each["title"] for path, each in read}


def test_of_each_path_the_newest_document_is_read(runs: Runs) -> None:
    documents = open_documents(runs.store, archive(runs))
    assert titles(documents) == {
        "issues/1": "a",
        "issues/2": "b",
        "issues/3": "a",
        "issues/4": "new",
    }
    assert documents.marks.keys() == {"issues/3.json"}
    assert (documents.index.run_id, documents.fault, documents.remarks) == ("r2", "", ())
    assert dict(documents.read(["issues/4.json", "issues/9.json"])) == {
        "issues/4.json": {"title": "new"}
    }


def test_an_earlier_run_is_read_without_what_came_later(runs: Runs) -> None:
    assert runs.result
    before = replace(archive(runs), part=replace(runs.result, chain=None))
    documents = open_documents(runs.store, before)
    assert titles(documents) == {"issues/1": "a", "issues/2": "a", "issues/3": "a"}
    assert not documents.marks


def test_an_archive_that_no_manifest_names_has_all_overlays_beside_it(runs: Runs) -> None:
    documents = open_documents(runs.store, replace(archive(runs), part=None))
    assert titles(documents)["issues/4"] == "new"


def test_a_lost_list_of_overlays_is_told_and_the_overlays_are_found(
    runs: Runs, tmp_path: Path
) -> None:
    assert runs.result
    assert runs.result.chain
    key = layout.chain_document(KEY, runs.result.chain.id)
    (tmp_path / "bucket" / key).unlink()
    documents = open_documents(runs.store, archive(runs))
    assert titles(documents)["issues/4"] == "new"
    assert documents.remarks == (f"there is no {key}",)


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_faulty_overlay_is_named_and_the_state_before_it_is_read(
    runs: Runs, tmp_path: Path, harm: str
) -> None:
    assert runs.result
    assert runs.result.chain
    key = layout.overlay(KEY, runs.result.chain.id, 1)
    overlay = tmp_path / "bucket" / key
    overlay.unlink() if harm == "missing" else overlay.write_bytes(b"no zip")
    documents = open_documents(runs.store, archive(runs))
    assert documents.fault.startswith(f"{key}: ")
    assert titles(documents) == {"issues/1": "a", "issues/2": "a", "issues/3": "a"}


def test_a_damaged_document_is_an_error_and_the_others_are_read(runs: Runs, tmp_path: Path) -> None:
    base = tmp_path / "bucket" / KEY
    data = bytearray(base.read_bytes())
    data[data.index(b"issues/1.json") + 14] ^= 0xFF
    base.write_bytes(data)
    documents = open_documents(runs.store, archive(runs))
    assert [*documents.read(["issues/4.json"])]
    with pytest.raises(RepositoryError, match="damaged"):
        [*documents.read(["issues/1.json"])]


class Measured(DirectoryStore):
    """A directory that counts what is read of it by range."""

    bytes_read = 0

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """The same, counted."""
        self.bytes_read += count
        return super().read_range(key, start, count, version_id)


def test_of_a_large_archive_little_more_is_read_than_what_is_asked_for(
    runs: Runs, tmp_path: Path
) -> None:
    random = Random(1)
    for number in range(5, 25):
        body = random.randbytes(40_000).hex()
        runs.host.documents[f"issues/{number}.json"] = {"title": body}
    runs.back_up(full=True)
    store = Measured(tmp_path / "bucket")
    documents = open_documents(store, archive(runs))
    ((_, found),) = documents.read(["issues/12.json"])
    assert found == runs.host.documents["issues/12.json"]
    whole = sum(path.stat().st_size for path in (tmp_path / "bucket").rglob("*.zip"))
    assert store.bytes_read < whole / 2


def test_another_archive_in_its_place_is_an_error(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "bucket" / KEY).write_bytes(b"PK\5\6" + bytes(18))
    with pytest.raises(RepositoryError):
        open_documents(runs.store, archive(runs))
