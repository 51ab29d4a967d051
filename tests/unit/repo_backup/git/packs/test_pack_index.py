"""What a pack's index tells, and the types of its objects, are what git says of them."""

import subprocess
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git.packs import pack_index
from repo_backup.git.packs.object_types import (
    DamagedTypesError,
    ObjectTypes,
    encode_types,
    read_types,
)
from repo_backup.git.packs.pack_index import DamagedIndexError, PackIndex, open_index

LONG = "".join(f"{number}\n" for number in range(300))


def _repository(path: Path, object_format: str) -> Path:
    repository = init_repository(path, object_format)
    for number in range(6):
        files = {"long.txt": f"{LONG}{number}\n", f"{number}/file": f"{number}\n"}
        commit_files(repository, files, message=f"{LONG}{number}")
    git(repository, "tag", "--annotate", "--message", "x", "v1")
    return repository


def _pack(repository: Path, *options: str) -> Path:
    command = ["git", "pack-objects", "--all", "-q", *options, "objects/pack/pack"]
    subprocess.run(command, cwd=repository, input=b"", check=True, stdout=subprocess.DEVNULL)
    return next(repository.glob("objects/pack/*.pack"))


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("options", [("--delta-base-offset",), (), ("--index-version=2,0x40",)])
def test_types_are_those_that_git_names(
    tmp_path: Path, object_format: str, options: tuple[str, ...]
) -> None:
    repository = _repository(tmp_path / "x.git", object_format)
    pack = _pack(repository, *options)
    listed = git(repository, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    with open_index(pack.with_suffix(".idx"), object_format) as index:
        types = ObjectTypes(encode_types(read_types(pack, index), index.pack_checksum), index)
        assert index.count == len(listed)
        for oid, kind, _ in map(str.split, listed):
            position = index.find(bytes.fromhex(oid))
            assert position is not None
            assert types[position].name.lower() == kind
        assert index.find(bytes(index.id_bytes)) is None
        assert index.find(b"\xff" * index.id_bytes) is None


def test_a_large_index_is_mapped_and_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = _pack(_repository(tmp_path / "x.git", "sha1"))
    with open_index(pack.with_suffix(".idx"), "sha1") as index:
        types = read_types(pack, index)
    monkeypatch.setattr(pack_index, "_MOST_BYTES_IN_MEMORY", 0)
    with open_index(pack.with_suffix(".idx"), "sha1") as mapped:
        assert read_types(pack, mapped) == types
        assert [mapped.find(mapped.oid(place)) for place in range(mapped.count)] == [
            *range(mapped.count)
        ]


def test_types_of_another_pack_or_cut_short_are_refused(tmp_path: Path) -> None:
    pack = _pack(_repository(tmp_path / "x.git", "sha1"))
    with open_index(pack.with_suffix(".idx"), "sha1") as index:
        types = read_types(pack, index)
        whole = encode_types(types, index.pack_checksum)
        for data in (b"", whole[:-1], b"x" + whole[1:], encode_types(types, bytes(20))):
            with pytest.raises(DamagedTypesError):
                ObjectTypes(data, index)


def test_an_index_with_any_byte_wrong_or_missing_is_refused(tmp_path: Path) -> None:
    pack = _pack(_repository(tmp_path / "x.git", "sha1"))
    data = pack.with_suffix(".idx").read_bytes()
    PackIndex(data, "sha1")
    for wrong in (b"", data[:-1], data[:1031], data + b"\0"):
        with pytest.raises(DamagedIndexError):
            PackIndex(wrong, "sha1")
    with pytest.raises(DamagedIndexError):
        PackIndex(data, "sha256")
    for place in (0, 7, 9, 1100, len(data) - 50, len(data) - 1):
        with pytest.raises(DamagedIndexError):
            PackIndex(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], "sha1")
    empty = tmp_path / "empty.idx"
    empty.touch()
    with pytest.raises(DamagedIndexError), open_index(empty, "sha1"):
        pass
