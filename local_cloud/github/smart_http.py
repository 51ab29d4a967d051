"""git smart HTTP through git's own ``http-backend`` (a CGI program), streaming both ways."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """The answer of http-backend; ``body`` can be read once."""

    status: int
    headers: dict[str, str]
    body: Iterator[bytes]


Backend = Callable[..., contextlib.AbstractContextManager[Reply]]
"""The type of ``open_backend``."""


@contextlib.contextmanager
def open_backend(
    root: Path,
    method: str,
    path: str,
    query: str,
    headers: Message,
    body: Iterator[bytes],
    user: str | None = None,
) -> Iterator[Reply]:
    """Run http-backend for one request, until the ``with`` block ends.

    Only a ``user`` may push. ``Git-Protocol`` is passed on, so that a client gets protocol v2
    when it asks and v0 otherwise.
    """
    process = subprocess.Popen(
        ["git", "http-backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **_environment(root, method, path, query, headers),
            **({"REMOTE_USER": user} if user else {}),
        },
    )
    assert process.stdin
    assert process.stdout
    feeder = threading.Thread(target=_feed, args=(process.stdin, body), daemon=True)
    try:
        if method == "POST":
            feeder.start()
        else:
            process.stdin.close()
        status, answered = _read_head(process.stdout)
        yield Reply(status, answered, _blocks(cast(BufferedReader, process.stdout)))
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.terminate()
        process.wait()
        if feeder.ident:
            feeder.join()


def _environment(
    root: Path, method: str, path: str, query: str, headers: Message
) -> dict[str, str]:
    configuration = {
        # The repositories may belong to another user than the one who serves them.
        "safe.directory": "*",
        # As GitHub: nobody pushes pull requests, and what is pushed is checked.
        "receive.hideRefs": "refs/pull",
        "receive.fsckObjects": "true",
    }
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(configuration)),
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    for number, (name, value) in enumerate(configuration.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    if protocol := headers.get("Git-Protocol"):
        environment["GIT_PROTOCOL"] = protocol
    return environment


def _feed(pipe: IO[bytes], body: Iterator[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        for block in body:
            pipe.write(block)


def _read_head(pipe: IO[bytes]) -> tuple[int, dict[str, str]]:
    status, headers = 200, {}
    while line := pipe.readline().decode().strip():
        name, _, value = line.partition(": ")
        if name == "Status":
            status = int(value.split(" ")[0])
        else:
            headers[name] = value
    return status, headers


def _blocks(pipe: BufferedReader) -> Iterator[bytes]:
    while block := pipe.read1(BLOCK_BYTES):
        yield block
