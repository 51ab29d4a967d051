"""git's answers, kept in files: a server that computes nothing leaves the processors alone."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from local_cloud.github.smart_http import Reply, open_backend

_BLOCK_BYTES = 1 << 18


class KeptAnswers:
    """A backend of the stand-in. git is asked once for each answer; later it comes from ``folder``.

    An answer is kept by the repository's refs, which say by their ids all that it has, and by what
    was asked: a repository that has changed is asked anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        folder.mkdir(parents=True, exist_ok=True)

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
        """As ``local_cloud.github.smart_http.open_backend``."""
        asked = b"".join(body) if method == "POST" else b""
        repository, _, action = path.strip("/").partition(".git/")
        place = root / f"{repository}.git"
        words = [method, action, query, headers.get("Git-Protocol", ""), user or ""]
        name = hashlib.sha256("\0".join(words).encode() + asked + _refs(place)).hexdigest()
        kept = self._folder / name
        with self._lock:
            mine = self._asking.setdefault(name, threading.Lock())
        with mine:
            if not kept.exists():
                with open_backend(root, method, path, query, headers, iter([asked]), user) as reply:
                    _keep(reply, kept)
        with kept.open("rb") as file:
            status, answered = json.loads(file.readline())
            yield Reply(status, answered, iter(lambda: file.read(_BLOCK_BYTES), b""))


def _keep(reply: Reply, kept: Path) -> None:
    new = kept.with_suffix(".new")
    with new.open("wb") as file:
        file.write(json.dumps([reply.status, reply.headers]).encode() + b"\n")
        for block in reply.body:
            file.write(block)
    new.rename(kept)


def _refs(repository: Path) -> bytes:
    """All that says which refs it has."""
    found = [repository / "HEAD", repository / "packed-refs"]
    found += sorted(path for path in (repository / "refs").rglob("*") if path.is_file())
    return b"\0".join(
        str(path.relative_to(repository)).encode() + path.read_bytes()
        for path in found
        if path.exists()
    )
