"""A history on disk, replayed week by week, and the most that one of its changes may cost."""

import contextlib
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local_cloud.github.corpus import init_repository
from local_cloud.github.smart_http import Reply, open_backend

WEEK_SECONDS = 7 * 86400
_ANYBODYS = ("-c", "safe.directory=*")
"""The history may belong to another user; nothing in it is run or written."""


@dataclass(frozen=True)
class Commit:
    """One of the first-parent history; ``seconds`` is its committer's date."""

    oid: str
    seconds: int


def weekly_tips(commits: Sequence[Commit], weeks: int) -> list[str]:
    """The branch's tip so many weeks before its newest commit, and at each week's end since.

    ``commits`` begin with the newest. A history that is younger begins with its first commit. Pure.
    """
    newest = commits[0].seconds
    moments = [newest - WEEK_SECONDS * back for back in range(weeks, -1, -1)]
    return [
        next((each.oid for each in commits if each.seconds <= moment), commits[-1].oid)
        for moment in moments
    ]


def most_bytes(packed: int, deflated: int) -> int:
    """What may be fetched, and what may be stored, for a changed repository.

    ``packed`` is the size of its new objects in a pack, ``deflated`` that of its ``packed-refs``
    and of that pack's index. Pure.
    """
    return packed * 3 // 2 + deflated + 100_000


def first_parents(history: Path) -> list[Commit]:
    """The default branch of a git directory, the newest commit first."""
    lines = _git(history, "log", "--first-parent", "--format=%H %ct", "HEAD").decode().splitlines()
    return [Commit(oid, int(seconds)) for oid, seconds in map(str.split, lines)]


def packed_change(repository: Path, old: str, new: str) -> tuple[int, int]:
    """Bytes of the new objects' pack, and of refs and its index, deflated: for ``most_bytes``.

    The pack stands alone, as a server makes it for a client that does not take thin ones.
    """
    refs = _git(repository, "for-each-ref", "--format=%(objectname) %(refname)")
    answer = f"{new}\n^{old}\n".encode()
    options = ("--quiet", "--revs", "--delta-base-offset", "--stdout")
    pack = _git(repository, "pack-objects", *options, feed=answer)
    with tempfile.TemporaryDirectory() as room:
        stored, index = Path(room, "new.pack"), Path(room, "new.idx")
        stored.write_bytes(pack)
        _git(repository, "index-pack", "-o", str(index), str(stored))
        return len(pack), sum(len(zlib.compress(each)) for each in (refs, index.read_bytes()))


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file in it."""
    found = ((str(path), path.stat()) for path in folder.rglob("*") if path.is_file())
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found}


class Served:
    """A bare repository with the objects of a history, and one branch that is moved along it."""

    def __init__(self, path: Path, history: Path) -> None:
        self.path = init_repository(path)
        objects = Path(_git(history, "rev-parse", "--git-path", "objects").decode().strip())
        lender = path / "objects" / "info" / "alternates"
        lender.parent.mkdir(exist_ok=True)
        lender.write_text(f"{history.resolve() / objects}\n")

    def move_to(self, oid: str) -> None:
        """Let the branch end there."""
        _git(self.path, "update-ref", "refs/heads/main", oid)


class Counting:
    """The git side of a stand-in, that counts the bytes of its answers."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def open(self, *arguments: Any, **named: Any) -> Iterator[Reply]:
        """``local_cloud.github.smart_http.open_backend``, counted."""
        with open_backend(*arguments, **named) as reply:
            yield replace(reply, body=self._counted(reply.body))

    def _counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            with self._lock:
                self.bytes += len(block)
            yield block


def _git(repository: Path, *arguments: str, feed: bytes = b"") -> bytes:
    command = ["git", *_ANYBODYS, f"--git-dir={repository}", *arguments]
    return subprocess.run(command, input=feed, stdout=subprocess.PIPE, check=True).stdout
