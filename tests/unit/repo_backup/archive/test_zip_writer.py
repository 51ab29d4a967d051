"""The zip without a file: whatever its size, other programs read it."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from repo_backup.archive import zip_writer as archive
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.advertisement import Advertisement


def _mirror(path: Path, pack: bytes) -> Mirror:
    known = Advertisement(
        "u", {"refs/heads/main": "a" * 40}, {}, "refs/heads/main", None, "sha1", frozenset()
    )
    mirror = Mirror(path / "hello.git", known)
    mirror.create()
    mirror.pack = mirror.path / "objects/pack/pack-1.pack"
    mirror.pack.write_bytes(pack)
    mirror.pack.with_suffix(".idx").write_bytes(b"index")
    mirror.pack_crc32 = zlib.crc32(pack)
    return mirror


def test_the_zip_holds_what_git_needs_with_sound_checksums(tmp_path: Path) -> None:
    made = archive.Archive(_mirror(tmp_path, b"pack" * 1000), 1 << 20)
    data = b"".join(made.blocks())
    assert len(data) == made.size
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [
            "hello.git/HEAD",
            "hello.git/config",
            "hello.git/packed-refs",
            "hello.git/refs/",
            "hello.git/objects/pack/",
            "hello.git/objects/pack/pack-1.idx",
            "hello.git/objects/pack/pack-1.pack",
        ]


def test_sizes_beyond_four_gigabytes_take_zip64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_LIMIT", 2000)
    real = struct.pack

    def pack(form: str, *values: int) -> bytes:
        # What says "look into the zip64 fields" has the width of its field.
        return bytes(real(form, *((0xFFFFFFFF if value == 2000 else value) for value in values)))

    monkeypatch.setattr(struct, "pack", pack)
    made = archive.Archive(_mirror(tmp_path, b"pack" * 1000), 1 << 20)
    monkeypatch.undo()
    with zipfile.ZipFile(io.BytesIO(b"".join(made.blocks()))) as opened:
        assert opened.testzip() is None
        assert opened.getinfo("hello.git/objects/pack/pack-1.pack").file_size == 4000


@pytest.mark.parametrize("part_bytes", [1, 7, 1000, 4096, 1 << 20])
def test_the_parts_are_the_whole(tmp_path: Path, part_bytes: int) -> None:
    mirror = _mirror(tmp_path, bytes(range(256)) * 10)
    whole = b"".join(archive.Archive(mirror, 1 << 30).blocks())
    made = archive.Archive(mirror, part_bytes)
    parts = [made.part(start).read() for start in range(0, made.size, part_bytes)]
    assert b"".join(parts) == whole
    assert [zlib.crc32(part) for part in parts] == made.part_crc32s
    assert zlib.crc32(whole) == made.crc32


def test_a_part_can_be_sought_and_read_again(tmp_path: Path) -> None:
    made = archive.Archive(_mirror(tmp_path, b"pack" * 1000), 1000)
    part = made.part(1000)
    first = part.read()
    assert part.seek(0, io.SEEK_END) == 1000
    assert part.seek(10) == 10
    assert part.read() == first[10:]
