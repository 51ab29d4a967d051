"""What is looked at again of a mirror whose objects were all checked when it was fetched."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git.fsck import check_mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError

_MEMORY = 1 << 30
_SHA1_BYTES = 20


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of one branch, whose one file does not get smaller when it is deflated."""
    source = init_repository(tmp_path / "source.git")
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(100))
    commit_files(source, {"noise": noise})
    tip = git(source, "rev-parse", "main").strip()
    refs = {"refs/heads/main": tip}
    made = Mirror(
        tmp_path / "mirror.git",
        Advertisement("", refs, {}, "refs/heads/main", None, "sha1", frozenset()),
    )
    made.create()
    git(source, "repack", "-adq")
    (pack,) = source.glob("objects/pack/*.pack")
    for path in (pack, pack.with_suffix(".idx")):
        (made.path / "objects" / "pack" / path.name).write_bytes(path.read_bytes())
    return made.path


def test_a_mirror_of_the_same_bytes_is_whole(mirror: Path) -> None:
    assert check_mirror(mirror, None, _MEMORY, CancellationToken(), same_bytes=True) == ()


def _damage_object(pack: Path) -> None:
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)


def _damage_index(pack: Path) -> None:
    index = pack.with_suffix(".idx")
    index.chmod(0o600)
    data = bytearray(index.read_bytes())
    data[-_SHA1_BYTES - 1] ^= 1
    index.write_bytes(data)


def _lose_a_branch(pack: Path) -> None:
    packed = pack.parents[2] / "packed-refs"
    packed.write_text(f"{packed.read_text()}{'1' * 40} refs/heads/nowhere\n")


def _cut(pack: Path) -> None:
    pack.write_bytes(pack.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [_damage_object, _damage_index, _lose_a_branch, _cut])
def test_what_differs_from_the_same_bytes_is_found(
    mirror: Path, damage: Callable[[Path], None]
) -> None:
    (pack,) = mirror.glob("objects/pack/*.pack")
    pack.chmod(0o600)
    damage(pack)
    with pytest.raises(RepositoryError):
        check_mirror(mirror, None, _MEMORY, CancellationToken(), same_bytes=True)


def test_a_file_that_was_checked_before_is_not_read_again(mirror: Path) -> None:
    """A pack that says with the right checksum what no check can have let pass."""
    (pack,) = mirror.glob("objects/pack/*.pack")
    index = pack.with_suffix(".idx")
    for path in (pack, index):
        path.chmod(0o600)
    _damage_object(pack)
    body = pack.read_bytes()[:-_SHA1_BYTES]
    checksum = hashlib.sha1(body, usedforsecurity=False).digest()
    pack.write_bytes(body + checksum)
    answer = index.read_bytes()[: -2 * _SHA1_BYTES] + checksum
    index.write_bytes(answer + hashlib.sha1(answer, usedforsecurity=False).digest())
    assert check_mirror(mirror, None, _MEMORY, CancellationToken(), same_bytes=True) == ()
    with pytest.raises(RepositoryError):
        check_mirror(mirror, None, _MEMORY, CancellationToken())
