"""Files of a zip that stays in its store, read by range."""

import zipfile
from pathlib import Path

import pytest

from repo_backup.archive import stored_zip
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.directory import DirectoryStore

LARGE = bytes(range(256)) * 1000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zip with a large file before a small one; little of it is read at once."""
    monkeypatch.setattr(stored_zip, "_TAIL_BYTES", 1000)
    monkeypatch.setattr(stored_zip, "_PIECE_BYTES", 777)
    made = tmp_path / "a.zip"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.git/large", LARGE)
        archive.writestr("a.git/empty", b"")
        archive.writestr("a.git/refs", LARGE, zipfile.ZIP_DEFLATED)
        archive.writestr("a.git/small", b"small")
    return made


def _open(path: Path, size: int | None = None) -> StoredZip:
    size = path.stat().st_size if size is None else size
    return StoredZip(DirectoryStore(path.parent), path.name, size)


def test_each_file_is_read_whole_wherever_it_lies(path: Path) -> None:
    stored = _open(path)
    assert stored.names == ("a.git/large", "a.git/empty", "a.git/refs", "a.git/small")
    assert [stored.read(name) for name in stored.names] == [LARGE, b"", LARGE, b"small"]


def test_the_end_of_a_zip_takes_one_request(path: Path) -> None:
    stored = _open(path)
    path.unlink()
    assert stored.read("a.git/small") == b"small"


def test_a_damaged_file_is_found_by_its_checksum(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(RepositoryError, match=r"checksum of .* differs"):
        _open(path).read("a.git/large")
    data[0] ^= 1
    path.write_bytes(data)
    with pytest.raises(RepositoryError, match="does not begin where it should"):
        _open(path).read("a.git/large")


def test_a_zip_of_another_length_or_none_is_refused(path: Path) -> None:
    size = path.stat().st_size
    for wrong in (size + 1, size - 1, 21, 0):
        with pytest.raises(RepositoryError, match=r"complete zip|bytes long"):
            _open(path, wrong)
    path.write_bytes(bytes(size))
    with pytest.raises(RepositoryError, match="complete zip"):
        _open(path)


def test_a_file_that_inflates_to_more_than_it_says_is_refused(path: Path) -> None:
    data = path.read_bytes()
    size = (len(LARGE)).to_bytes(4, "little")
    place = data.rindex(b"PK\1\2", 0, data.rindex(b"a.git/refs"))
    where = data.index(size, place)
    path.write_bytes(data[:where] + (1000).to_bytes(4, "little") + data[where + 4 :])
    with pytest.raises(RepositoryError, match=r"checksum of .* differs"):
        _open(path).read("a.git/refs")


class _Counting(DirectoryStore):
    """Counts what is read by range."""

    ranges = 0

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        self.ranges += 1
        return super().read_range(key, start, count, version_id)


def test_the_small_files_before_the_pack_take_one_request_and_a_small_zip_no_other(
    tmp_path: Path,
) -> None:
    noise = bytes(range(256)) * 2000
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("HEAD", "packed-refs", "a.idx"):
            archive.writestr(f"a.git/{name}", name)
        archive.writestr("a.git/a.pack", noise)
    store = _Counting(tmp_path)
    stored = StoredZip(store, "a.zip", (tmp_path / "a.zip").stat().st_size)
    found = [stored.read(f"a.git/{name}") for name in ("HEAD", "packed-refs", "a.idx")]
    assert (found, stored.whole) == ([b"HEAD", b"packed-refs", b"a.idx"], None)
    start, end = stored.place("a.git/a.pack")
    assert end - start == len(noise)
    assert store.ranges == 2
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("b.git/HEAD", b"HEAD")
    data = (tmp_path / "b.zip").read_bytes()
    assert StoredZip(store, "b.zip", len(data)).whole == data
