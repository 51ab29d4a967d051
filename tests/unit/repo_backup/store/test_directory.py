"""A directory as destination: what counts as an object there, and what is tidied away."""

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.manifest import Manifest
from repo_backup.restore.catalogue import manifests
from repo_backup.run.lease import Lease
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import ConflictError, FatalError
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.whole_files import unwritable
from repo_backup.store.written.run_order import newest_first

OWNER = "github_backups/octo/"


@pytest.mark.parametrize("name", [".github.zip", ".github.wiki.zip", ".incoming-mail.zip", "a.zip"])
def test_an_archive_whose_name_begins_with_a_dot_is_one(tmp_path: Path, name: str) -> None:
    store = DirectoryStore(tmp_path)
    store.write(OWNER + name, b"zip")
    store.tidy(timedelta(0))
    assert store.objects(OWNER).keys() == {OWNER + name}
    assert store.read(OWNER + name) == b"zip"


def test_what_is_no_archive_is_no_object(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.write_if("runs/lock.json", b"{}", None)
    folder = tmp_path / OWNER
    folder.mkdir(parents=True)
    for name in (".incoming-k3_x0abc", ".DS_Store", "._a.zip"):
        (folder / name).write_bytes(b"not ours")
    assert store.objects("").keys() == {"runs/lock.json"}
    store.tidy(timedelta(0))
    assert {path.name for path in folder.iterdir()} == {".DS_Store", "._a.zip"}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_lies_in_a_manifests_place_and_is_no_file_is_one_damaged_document(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """Nobody waits for a pipe's writer, and no other run pays for it."""
    moment = datetime(2026, 11, 27, tzinfo=UTC)
    for run_id in ("r1", "r3"):
        (tmp_path / "runs" / run_id).mkdir(parents=True)
        manifest = Manifest(run_id, 1, ["octo"], moment)
        (tmp_path / f"runs/{run_id}/manifest.json").write_bytes(manifest.to_json())
    (tmp_path / "runs/r2").mkdir()
    make(tmp_path / "runs/r2/manifest.json")
    store = DirectoryStore(tmp_path)
    with pytest.raises(DamagedError):
        store.read("runs/r2/manifest.json")
    assert {"r1", "r3"} <= {*newest_first(store)} <= {"r1", "r2", "r3"}
    assert [each.run_id for each in manifests(store)] == ["r3", "r1"]


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to(path), lambda path: path.symlink_to("/no/x")]
)
def test_a_lease_in_the_place_of_a_pipe_or_a_link_is_taken(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    (tmp_path / "runs").mkdir()
    make(tmp_path / layout.LOCK)
    store = DirectoryStore(tmp_path)
    with Lease(store, "r1", 1, CancellationToken()).hold():
        assert LeaseRecord.from_json(store.read(layout.LOCK) or b"").run_id == "r1"


def test_a_directory_in_the_place_of_a_lease_is_named(tmp_path: Path) -> None:
    (tmp_path / layout.LOCK).mkdir(parents=True)
    lease = Lease(DirectoryStore(tmp_path), "r1", 1, CancellationToken())
    with pytest.raises(FatalError, match=r"runs/lock.json cannot be written: Is a d"), lease.hold():
        pass


def test_a_folder_in_which_nothing_may_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "runs/.lock.json.guard").mkdir(parents=True)
    lease = Lease(DirectoryStore(tmp_path), "r1", 1, CancellationToken())
    named = pytest.raises(FatalError, match="guard cannot be written: Is a directory")
    with named, lease.hold():
        pass
    for code, remedy in (
        (errno.EROFS, "Read-only file system: name a folder that this user may write to"),
        (errno.ENOSPC, "B free): make room there, or name another folder"),
    ):
        error = OSError(code, os.strerror(code))
        assert remedy in str(unwritable(tmp_path / "a", tmp_path, error))


def test_a_name_that_something_else_than_a_file_has_is_taken(tmp_path: Path) -> None:
    (tmp_path / "github_backups/2026-11-27-17-09.txt").mkdir(parents=True)
    store = DirectoryStore(tmp_path)
    first = "github_backups/2026-11-27-17-09.txt"
    assert [*store.names(layout.ARCHIVES, first)] == [first]
    with pytest.raises(ConflictError):
        store.write_if(first, b"", None)


def test_below_a_file_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/r1").write_text("no folder")
    assert DirectoryStore(tmp_path).read("runs/r1/manifest.json") is None


def _surviving(directory: Path, names: dict[int, set[str]]) -> set[str]:
    """The files that a power cut now would leave, by the names that directories had on disk."""
    found = set()
    for name in names.get(directory.stat().st_ino, set()):
        path = directory / name
        if path.is_dir():
            found |= {f"{name}/{inner}" for inner in _surviving(path, names)}
        else:
            found.add(name)
    return found


def test_a_power_cut_after_a_write_leaves_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: dict[int, set[str]] = {}
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            on_disk[status.st_ino] = set(os.listdir(descriptor))

    monkeypatch.setattr(os, "fsync", fsync)
    store = DirectoryStore(tmp_path / "deep" / "mirrors")
    store.write_if("runs/lock.json", b"{}", None)
    keys = [f"{OWNER}a.zip", f"{OWNER}b.zip", "runs/r1/manifest.json", "github_backups/now.txt"]
    for number, key in enumerate(keys):
        store.write(key, b"text")
        survivors = _surviving(tmp_path, on_disk)
        assert survivors >= {f"deep/mirrors/{key}" for key in keys[: number + 1]}


@pytest.mark.parametrize(("code", "written"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_where_directories_cannot_be_flushed_one_writes_and_a_broken_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, written: bool
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store = DirectoryStore(tmp_path)
    if written:
        store.write("a.txt", b"text")
        assert store.read("a.txt") == b"text"
    else:
        with pytest.raises(FatalError, match="cannot be written"):
            store.write("a.txt", b"text")
