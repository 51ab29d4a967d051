"""A generated account: the same bytes every time, sizes as accounts have them."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import commit_files, init_repository

OWNER = "octo"
TOKEN = "benchmark-token"
WIKI_SHARE = 0.4
_MEDIAN_BYTES, _SPREAD = 180_000, 1.5
_FILES, _COMMITS = 12, 8
_BIG_FILES, _BIG_COMMITS, _BIG_BYTES = 600, 40, 14_000_000
_WORDS = [f"word{number}" for number in range(2000)]


def generate(root: Path, count: int, large_bytes: tuple[int, ...] = ()) -> Path:
    """``count`` repositories below ``root``, 40 % with wikis, and ``big``; made once.

    ``big`` is one of 60 MB with 8,000 files' versions, as accounts have one. ``large_bytes`` adds
    repositories of one incompressible file of that size each.
    """
    if (root / "hub.json").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    catalogue = Catalogue(tokens={TOKEN: OWNER})
    chance = random.Random(count)
    for number in range(count):
        name = f"project-{number:03d}"
        size = min(int(chance.lognormvariate(0, _SPREAD) * _MEDIAN_BYTES), 30_000_000)
        path = init_repository(root / OWNER / f"{name}.git")
        _fill(path, _history(chance, size, _FILES, _COMMITS))
        wiki = chance.random() < WIKI_SHARE
        if wiki:
            home = init_repository(path.with_name(f"{name}.wiki.git"))
            commit_files(home, {"Home.md": " ".join(chance.choices(_WORDS, k=500))})
        _add(catalogue, number + 1, name, path, wiki=wiki)
    path = init_repository(root / OWNER / "big.git")
    _fill(path, _history(chance, _BIG_BYTES, _BIG_FILES, _BIG_COMMITS))
    _add(catalogue, count + 1, "big", path, wiki=False)
    for number, size in enumerate(large_bytes):
        path = init_repository(root / OWNER / f"large-{number}.git")
        # Noise: it would not get smaller.
        _fill(path, _one_file(chance, size), compressed=False)
        _add(catalogue, count + number + 2, f"large-{number}", path, wiki=False)
    catalogue.save(root)
    return root


def change(root: Path, share: float, mark: str) -> int:
    """Add a commit to that share of the repositories; how many they are."""
    catalogue = Catalogue.load(root)
    names = sorted(catalogue.repositories)
    chosen = random.Random(mark).sample(names, max(1, round(len(names) * share)))
    for name in chosen:
        commit_files(root / f"{name}.git", {"changed.txt": f"{mark}\n"}, message=mark)
    return len(chosen)


def _add(catalogue: Catalogue, number: int, name: str, path: Path, *, wiki: bool) -> None:
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    catalogue.add(Repository(number, OWNER, name, has_wiki=wiki, size_kib=size // 1024))


def _fill(path: Path, stream: Iterator[bytes], *, compressed: bool = True) -> None:
    swift = () if compressed else ("-c", "pack.compression=0")
    with subprocess.Popen(
        ["git", "-c", "fastimport.unpackLimit=1", *swift, "fast-import", "--quiet"],
        cwd=path,
        stdin=subprocess.PIPE,
    ) as process:
        assert process.stdin
        for piece in stream:
            process.stdin.write(piece)
    assert process.returncode == 0
    subprocess.run(["git", "tag", "v1", "main"], cwd=path, check=True)


def _commit(number: int) -> bytes:
    when = 1_700_000_000 + number * 3600
    who = b"Octo <octo@example.org> %d +0000" % when
    return b"commit refs/heads/main\ncommitter %b\ndata 6\nChange\n" % who


def _history(chance: random.Random, size: int, files_: int, commits: int) -> Iterator[bytes]:
    """Commits over text that compresses and deltas as source code does, and some that does not."""
    share = max(200, size // (files_ * 2))
    files = [chance.randbytes(share) for _ in range(files_)]
    for number in range(commits):
        yield _commit(number)
        for index, noise in enumerate(files):
            if number == 0 or chance.random() < 0.3:
                text = " ".join(chance.choices(_WORDS, k=max(20, share // 12))).encode()
                data = noise + text if index % 2 else text
                name = b"src/part%d/file%d" % (index % 3, index)
                yield b"M 100644 inline %b\ndata %d\n%b\n" % (name, len(data), data)


def _one_file(chance: random.Random, size: int) -> Iterator[bytes]:
    yield _commit(0) + b"M 100644 inline blob\ndata %d\n" % size
    left = size
    while left:
        piece = chance.randbytes(min(left, 1 << 20))
        left -= len(piece)
        yield piece
    yield b"\n"
