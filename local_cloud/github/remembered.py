"""Caches git smart HTTP, so that git runs once for the same request to the same repository."""

import contextlib
import os
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from local_cloud.github.smart_http import Reply, open_backend

_MOST_BYTES = 1 << 20
_OBJECTS, _NO_OBJECTS = "objects/", "objects/info/"
_ASKED_FOR = ("Git-Protocol", "Content-Type", "Content-Encoding")
_OK = 200

_Question = tuple[object, ...]


class RememberingBackend:
    """A backend of the stand-in (``open``) that remembers what ``http-backend`` answered to reads.

    A backup of the corpus starts some sixty git processes on the server's side alone. The same
    bytes come back for the same question as long as every file of the repository is as it was,
    also where the repository is a copy. Pushes are never answered from memory, nor are answers
    above a mebibyte, unfinished ones, or those of a repository that changed meanwhile.
    """

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._known: dict[_Question, tuple[dict[str, str], bytes]] = {}

    @contextlib.contextmanager
    def open(
        self,
        root: Path,
        method: str,
        path: str,
        query: str,
        headers: Message,
        body: Iterator[bytes],
        user: str | None = None,
    ) -> Iterator[Reply]:
        """Like :func:`open_backend`, but from the cache if possible."""
        if "receive-pack" in path + query:
            with open_backend(root, method, path, query, headers, body, user) as reply:
                yield reply
            return
        asked = b"".join(body)
        repository = root / path.strip("/").partition(".git/")[0]
        repository = repository.with_name(f"{repository.name}.git")
        form = tuple(headers.get(name) for name in _ASKED_FOR)
        state = _state(repository)
        question = (method, path, query, form, asked, state)
        if known := self._known.get(question):
            yield Reply(_OK, known[0], iter([known[1]]))
            return
        with open_backend(root, method, path, query, headers, iter([asked]), user) as reply:
            kept: list[bytes] = []
            yield Reply(reply.status, reply.headers, _copied(reply.body, kept))
            whole = not next(reply.body, b"")
        answer = b"".join(kept)
        fit = whole and reply.status == _OK and len(answer) <= _MOST_BYTES
        if fit and _state(repository) == state:
            self._known[question] = (reply.headers, answer)


def _copied(blocks: Iterator[bytes], kept: list[bytes]) -> Iterator[bytes]:
    """The blocks as they come, and a copy of the first of them, up to just above what is kept."""
    size = 0
    for block in blocks:
        if size <= _MOST_BYTES:
            kept.append(block)
        size += len(block)
        yield block


def _state(repository: Path) -> tuple[tuple[str, object], ...]:
    """Every file: an object's by its size and time of change, any other's by its contents."""
    found: list[tuple[str, object]] = []
    folders = [""]
    while folders:
        place = folders.pop()
        with os.scandir(repository / place) as entries:
            for entry in entries:
                name = f"{place}/{entry.name}" if place else entry.name
                if entry.is_dir():
                    folders.append(name)
                elif name.startswith(_OBJECTS) and not name.startswith(_NO_OBJECTS):
                    reported = entry.stat()
                    found.append((name, (reported.st_size, reported.st_mtime_ns)))
                else:
                    found.append((name, Path(entry.path).read_bytes()))
    return tuple(sorted(found, key=lambda each: each[0]))
