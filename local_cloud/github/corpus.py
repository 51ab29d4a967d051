"""A small corpus of real repositories: a person's GitHub account with its odd corners."""

import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local_cloud.github.catalogue import Account, Catalogue, Repository
from local_cloud.github.storage.lfs import add_object

CORPUS_OWNER = "octo"
CORPUS_ORGANIZATION = "octo-org"
CORPUS_TOKEN = "stand-in-token-of-octo"
_BINARY_BYTES = 300_000
_LARGE_BYTES = 123_456


def build_corpus(root: Path, history: Path | None = None) -> Catalogue:
    """Make the corpus in ``root``: bare repositories, wikis and the catalogue. Returns the latter.

    User ``octo`` (token ``CORPUS_TOKEN``) has: ``hello`` (branches, tags, an annotated tag, pull
    request refs, a wiki), ``octo.github.io`` (a wiki, dots in the name), ``empty``, ``secret``
    (private, with a wiki), ``no-wiki`` (wikis enabled, none written), ``unicode`` (a branch named
    in Greek, a binary file), ``lfs`` (uses Git LFS), ``old-fork`` (a fork, archived), and with
    ``history`` given ``online-backup``, a mirror of that working tree's history. Organization
    ``octo-org`` has ``tools``.
    """
    root.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(
        accounts={
            CORPUS_OWNER: Account(CORPUS_OWNER),
            CORPUS_ORGANIZATION: Account(CORPUS_ORGANIZATION, "Organization"),
        },
        tokens={CORPUS_TOKEN: CORPUS_OWNER},
    )
    corpus = _Corpus(root, catalogue)
    hello = corpus.add("hello", {"README.md": "# Hello\n"}, wiki=True)
    commit_files(hello, {"hello.py": 'print("hello")\n'}, branch="develop", message="Say hello")
    commit_files(hello, {"README.md": "# Hello, world\n"}, message="Greet everyone")
    git(hello, "tag", "v0.1", "HEAD~1")
    git(hello, "tag", "--annotate", "--message", "First release", "v1.0")
    git(hello, "update-ref", "refs/pull/1/head", "refs/heads/develop")
    git(hello, "update-ref", "refs/pull/1/merge", "refs/heads/main")
    corpus.add("octo.github.io", {"index.html": "<h1>octo</h1>\n"}, wiki=True)
    corpus.add("empty", {})
    corpus.add("secret", {"plan.txt": "the private plan\n"}, wiki=True, private=True)
    corpus.add("no-wiki", {"README.md": "wikis enabled, none written\n"}, has_wiki=True)
    unicode = corpus.add("unicode", {"naïve café.txt": "ναι\n"})
    commit_files(unicode, {"noise.bin": _noise(_BINARY_BYTES)}, branch="δοκιμή", message="Δοκιμή")
    lfs = corpus.add("lfs", {})
    attributes = "*.psd filter=lfs diff=lfs merge=lfs -text\n"
    logo = add_object(lfs, _noise(_LARGE_BYTES))
    commit_files(lfs, {"assets/.gitattributes": attributes, "assets/logo.psd": logo})
    corpus.add("old-fork", {"LICENSE": "MIT\n"}, fork=True, archived=True)
    corpus.add("tools", {"Makefile": "all:\n\ttrue\n"}, owner=CORPUS_ORGANIZATION)
    if history:
        path = corpus.register("online-backup")
        _run("git", "clone", "--quiet", "--mirror", "--no-hardlinks", str(history), str(path))
        git(path, "remote", "remove", "origin")
    for item in catalogue.repositories.values():
        files = (root / item.owner / f"{item.name}.git").rglob("*")
        item.size_kib = sum(path.stat().st_size for path in files if path.is_file()) // 1024
    catalogue.save(root)
    return catalogue


def init_repository(path: Path, object_format: str = "sha1") -> Path:
    """Make the empty bare repository ``path`` with ``main`` as its default branch."""
    if path.exists():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without git's sample hooks, which are two thirds of the files of a small repository.
    bare = ("--quiet", "--bare", "--template=", "--initial-branch=main")
    _run("git", "init", *bare, f"--object-format={object_format}", str(path))
    (path / "hooks").mkdir()
    return path


def commit_files(
    repository: Path,
    files: Mapping[str, str | bytes],
    *,
    branch: str = "main",
    message: str = "Begin",
    moved: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Commit ``files`` (path → contents) to ``branch`` of a bare repository.

    ``moved`` are files that get another path. A new branch starts from ``main``. Dates are fixed,
    so that the same calls give the same ids.
    """
    head = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"],
        cwd=repository,
        capture_output=True,
        check=False,
    ).stdout
    start = b""
    if not head and branch != "main":
        start = b"from refs/heads/main\n"
    elif head:
        start = b"from refs/heads/%b^0\n" % branch.encode()
    when = b"Octo <octo@example.org> 1700000000 +0000\n"
    text = message.encode()
    stream = b"commit refs/heads/%b\ncommitter %bdata %d\n%b\n%b" % (
        branch.encode(),
        when,
        len(text),
        text,
        start,
    )
    for name, path in moved.items():
        stream += b"R %b %b\n" % (name.encode(), path.encode())
    for name, contents in files.items():
        data = contents if isinstance(contents, bytes) else contents.encode()
        stream += b"M 100644 inline %b\ndata %d\n%b\n" % (name.encode(), len(data), data)
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=repository, input=stream, check=True
    )


def git(repository: Path, *arguments: str) -> str:
    """Run git in a repository as the corpus' author; returns its standard output, stripped."""
    return _run("git", *arguments, cwd=repository)


class _Corpus:
    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def register(self, name: str, owner: str = CORPUS_OWNER, **fields: Any) -> Path:
        number = len(self._catalogue.repositories) + 1
        self._catalogue.add(replace(Repository(number, owner, name), **fields))
        return self._root / owner / f"{name}.git"

    def add(
        self,
        name: str,
        files: Mapping[str, str],
        *,
        wiki: bool = False,
        owner: str = CORPUS_OWNER,
        **fields: Any,
    ) -> Path:
        path = self.register(name, owner, **({"has_wiki": wiki} | fields))
        init_repository(path)
        if files:
            commit_files(path, files)
        if wiki:
            home = init_repository(path.with_name(f"{name}.wiki.git"))
            commit_files(home, {"Home.md": f"Welcome to the wiki of {name}\n"})
        return path


def _noise(size: int) -> bytes:
    """Incompressible bytes, which are the same on every call."""
    return random.Random(1).randbytes(size)


def _run(*command: str, cwd: Path | None = None) -> str:
    author = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (
            ("NAME", "Octo"),
            ("EMAIL", "octo@example.org"),
            ("DATE", "1700000000 +0000"),
        )
    }
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **author}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
