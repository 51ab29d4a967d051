"""``python -m tools.bench.hub CORPUS WORK PORT [constant]``: the stand-in over TLS, in a process.

Notes in ``WORK/counts.json`` how many requests it served. ``constant``: each repository is a link
to one that does not change, whose refs are asked of git once. Ten thousand processes of git would
be what is measured otherwise.
"""

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from local_cloud.github import GitHubStandIn
from local_cloud.github.smart_http import Reply, open_backend
from tools.bench.servers import server_context


def main() -> None:
    """Serve until terminated."""
    corpus, work, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    backend = _Constant().open if sys.argv[4:] == ["constant"] else open_backend
    with GitHubStandIn(corpus, port=port, tls=server_context(work), backend=backend) as hub:
        while not done.wait(0.1):
            (work / "counts.new").write_text(json.dumps({"requests": len(hub.requests)}))
            (work / "counts.new").replace(work / "counts.json")


class _Constant:
    """git's answers, those that list refs kept by the directory that a repository is a link to."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, str], tuple[int, dict[str, str], bytes]] = {}

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
        repository, listed, _ = path.strip("/").partition("/info/refs")
        key = (root / repository).resolve(), f"{query} {headers.get('Git-Protocol')}"
        if listed and key not in self._kept:
            with open_backend(root, method, path, query, headers, body, user) as reply:
                self._kept[key] = reply.status, reply.headers, b"".join(reply.body)
        if listed:
            status, answered, data = self._kept[key]
            yield Reply(status, answered, iter([data]))
            return
        with open_backend(root, method, path, query, headers, body, user) as reply:
            yield reply


if __name__ == "__main__":
    main()
