"""What is too large to be a document of ours is not read; whoever reads it names it."""

import logging
import os
from pathlib import Path

import pytest

from backup_contract.documents.fields import MOST_VALUES, DamagedError
from repo_backup.health.run_rows import read_runs
from repo_backup.restore.catalogue import manifests
from repo_backup.run.lease import Lease
from repo_backup.run.previous_runs import History
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import FatalError
from repo_backup.store.base import most_bytes
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.written.ignored_documents import IgnoredDocuments

MANIFEST, REPORT = "runs/r1/manifest.json", "runs/r1/report.json"
LOCK, PROGRESS = "runs/lock.json", "runs/r1/progress.json"


def _sparse(root: Path, key: str, size: int) -> None:
    """A file of so many bytes, all of them zero, that takes no room."""
    (root / key).parent.mkdir(parents=True, exist_ok=True)
    with (root / key).open("wb") as file:
        os.truncate(file.fileno(), size)


@pytest.mark.parametrize("key", [MANIFEST, REPORT, PROGRESS, LOCK, "github_backups/now.txt"])
def test_a_document_of_its_greatest_size_is_read_and_a_larger_one_is_not(
    tmp_path: Path, key: str
) -> None:
    store, most = DirectoryStore(tmp_path), most_bytes(key)
    _sparse(tmp_path, key, most)
    assert len(store.read(key) or b"") == most
    _sparse(tmp_path, key, most + 1)
    with pytest.raises(DamagedError, match=f"it has {most + 1} bytes, {most} at most"):
        store.read(key)


def test_manifests_report_and_progress_of_terabytes_are_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for key in (MANIFEST, REPORT, PROGRESS):
        _sparse(tmp_path, key, 1 << 40)
    store = DirectoryStore(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert list(manifests(store)) == []
        assert History.load(store, "r1", ["octo"]).entries == {}
        assert History.load(store, "r2", ["octo"]).entries == {}
        (run,) = read_runs(store, 5, IgnoredDocuments())
    assert (run["good"], run["complete"]) == (False, False)
    with pytest.raises(FatalError, match="of run r1 is unreadable: it has 1099511627776 bytes"):
        list(manifests(store, "r1"))
    assert f"{MANIFEST} is ignored: it has 1099511627776 bytes, 134217728 at most" in caplog.text


def test_a_lock_of_megabytes_is_taken_over(tmp_path: Path) -> None:
    _sparse(tmp_path, LOCK, 100 << 20)
    with Lease(DirectoryStore(tmp_path), "r1", 1, CancellationToken()).hold():
        assert (tmp_path / LOCK).stat().st_size < 1000


def test_a_manifest_of_more_values_than_memory_would_hold_is_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DirectoryStore(tmp_path)
    store.write(MANIFEST, b'{"x":[' + b"{}," * (MOST_VALUES // 2) + b"{}]}")
    assert History.load(store, "r2", ["octo"]).entries == {}
    assert f"{MANIFEST} is ignored: it holds more than 10000000 values" in caplog.text
