"""A zip of documents that is never in memory as a whole: other programs read it, and so do we."""

import zipfile
from pathlib import Path

import pytest

from repo_backup.archive import document_zip
from repo_backup.archive.document_zip import Packed, file_blocks, read_zip, with_comment, write_zip
from repo_backup.archive.zip_writer import FileBlob
from repo_backup.runtime.errors import RepositoryError

DOCUMENTS = {"a.data/issues/1.json": b"{}\n", "a.data/index.json": b'{"text": "\xc3\xa4"}\n' * 99}


def written(path: Path) -> FileBlob:
    entries = ((name, Packed.of(text)) for name, text in DOCUMENTS.items())
    return write_zip(path, entries, 1 << 20)


def read(data: bytes, sha256: str | None = None) -> dict[str, bytes]:
    pieces = (data[at : at + 7] for at in range(0, len(data), 7))
    return {name: packed.text() for name, packed in read_zip(pieces, sha256)}


def test_what_was_written_is_read_by_us_and_by_others(tmp_path: Path) -> None:
    blob = written(tmp_path / "a.zip")
    data = b"".join(blob.blocks())
    assert read(data, blob.sha256) == DOCUMENTS
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == DOCUMENTS


def test_the_same_documents_are_the_same_bytes_and_a_comment_makes_others(tmp_path: Path) -> None:
    first, again = written(tmp_path / "a.zip"), written(tmp_path / "b.zip")
    other = with_comment(tmp_path / "a.zip", tmp_path / "c.zip", "run-1", 1 << 20)
    assert first.sha256 == again.sha256 != other.sha256
    assert read((tmp_path / "c.zip").read_bytes(), other.sha256) == DOCUMENTS
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        assert (archive.comment, len(archive.namelist())) == (b"run-1", len(DOCUMENTS))


def test_beyond_the_limits_of_a_plain_zip_others_read_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_zip, "_LIMIT_COUNT", 1)
    written(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == DOCUMENTS


@pytest.mark.parametrize("kept", [0, 3, 40, 90, -30])
def test_a_zip_that_breaks_off_is_refused(tmp_path: Path, kept: int) -> None:
    blob = written(tmp_path / "a.zip")
    with pytest.raises(RepositoryError):
        read((tmp_path / "a.zip").read_bytes()[:kept], blob.sha256)


def test_a_zip_of_other_bytes_is_refused_whichever_they_are(tmp_path: Path) -> None:
    blob = written(tmp_path / "a.zip")
    data = (tmp_path / "a.zip").read_bytes()
    for at in range(0, len(data), 11):
        with pytest.raises(RepositoryError):
            read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], blob.sha256)


def test_what_this_program_does_not_write_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.data/index.json", "{}")
    with (tmp_path / "a.zip").open("rb") as file, pytest.raises(RepositoryError):
        list(read_zip(file_blocks(file), None))


def test_a_document_that_grows_on_the_way_is_refused() -> None:
    bomb = Packed.of(b"0" * 1_000_000)
    with pytest.raises(RepositoryError):
        Packed(bomb.data, 10, bomb.crc32).text()
