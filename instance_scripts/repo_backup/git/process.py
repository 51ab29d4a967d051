"""Runs git on local repositories: without configuration or secrets, with limited memory, and never
longer than this program.
"""

import contextlib
import functools
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repo_backup.git.fsck_messages import Diagnostics
from repo_backup.runtime.cancellation import CancellationToken

LEAN_GIT = (
    "git",
    # Larger blobs are streamed: 13 MB of memory instead of the blob's size.
    *("-c", "core.bigFileThreshold=16m", "-c", "core.deltaBaseCacheLimit=16m"),
    # A pack is read through a window instead of being mapped as a whole.
    *("-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=64m"),
    *("-c", "pack.writeReverseIndex=false"),
    # Nothing in a repository may start a program or open a connection.
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"),
    *("-c", "core.attributesFile=/dev/null", "-c", "credential.helper=", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "submodule.recurse=false"),
)
"""git with little memory: fsck of a 500 MB blob takes 70 MB with these, 960 MB without (2.39)."""
_AFTER_A_LINE = ("/bin/sh", "-c", 'read -r go && exec "$@"', "sh")
"""Starts git once it reads a line. A git without input must not run before its memory is limited.
"""
_MESSAGE = re.compile(r"^fsck\.(\w+)$", re.MULTILINE)
_HELP_SECONDS = 5
_OOM_SCORE = "800"
_WAKE_SECONDS = 0.2
_DELTA_BYTES = 256 << 20
"""Memory for the deltas of large files, beyond what git needs for each object."""


@dataclass(frozen=True)
class GitResult:
    """The result of a git command: its exit code (negative: a signal) and its standard error."""

    code: int
    diagnostics: Diagnostics


def git_environment(home: Path) -> dict[str, str]:
    """The whole environment of our git commands: no user configuration, prompt or secret."""
    authority = os.environ.get("SSL_CERT_FILE")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_ATTR_NOSYSTEM": "1",
        # Our git commands only work on local repositories and need no network.
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        # git may be built with GnuTLS, which does not read OpenSSL's SSL_CERT_FILE.
        **({"GIT_SSL_CAINFO": authority} if authority else {}),
    }


def known_fsck_messages() -> frozenset[str]:
    """The ids of all fsck messages of this machine's git; empty if git does not list them.

    Each id is also a configuration variable, and git can list those:
    https://git-scm.com/docs/git-fsck#_fsck_messages
    """
    return _fsck_messages(shutil.which("git") or "git")


@functools.cache
def _fsck_messages(program: str) -> frozenset[str]:
    try:
        completed = subprocess.run(
            (program, "help", "--config-for-completion"),
            env=git_environment(Path("/")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_HELP_SECONDS,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(_MESSAGE.findall(completed.stdout))


def memory_bound(need_bytes: int, spare_bytes: int) -> int:
    """The memory limit in bytes of a git that should need ``need_bytes``. Pure.

    ``spare_bytes`` may be used if git needs more than expected.
    """
    return max(need_bytes, spare_bytes) + _DELTA_BYTES


def run_git(
    arguments: tuple[str, ...],
    repository: Path,
    memory_bytes: int,
    stop: CancellationToken,
    *,
    feed: Iterable[bytes] | None = None,
    read: Callable[[IO[bytes]], None] | None = None,
    seconds: float = float("inf"),
) -> GitResult:
    """Run git on a bare repository, with ``feed`` as its standard input.

    ``read`` gets the output stream in another thread. If it raises, git is killed and the exception
    is raised here. git is also killed at the end of the program, with InterruptedRunError after the
    grace period of a stop, and with TimeoutExpired ``seconds`` after the end of its input.
    """
    diagnostics = Diagnostics()
    command = (*LEAN_GIT, *arguments) if feed else (*_AFTER_A_LINE, *LEAN_GIT, *arguments)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=repository,
            env={**git_environment(repository), "GIT_DIR": str(repository)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if read else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    with stop.child(start) as process, process:
        assert process.stdin  # noqa: S101 - for the type checker
        assert process.stderr  # noqa: S101 - for the type checker
        _limit(process, memory_bytes)
        # Read in parallel: its messages may exceed the size of a pipe.
        reader = threading.Thread(target=diagnostics.read, args=(process.stderr,), daemon=True)
        reader.start()
        output = _Output(process, read)
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin:
                for block in feed or (b"\n",):
                    stop.check()
                    process.stdin.write(block)
            _await(reader, stop, seconds)
        except BaseException:
            process.kill()
            raise
        finally:
            reader.join()
            output.join()
    output.check()
    return GitResult(process.returncode, diagnostics)


class _Output:
    """Reads git's output in a thread of its own."""

    def __init__(
        self, process: subprocess.Popen[bytes], read: Callable[[IO[bytes]], None] | None
    ) -> None:
        self._process = process
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        if read and process.stdout:
            self._thread = threading.Thread(
                target=self._run, args=(read, process.stdout), daemon=True
            )
            self._thread.start()

    def _run(self, read: Callable[[IO[bytes]], None], stream: IO[bytes]) -> None:
        try:
            read(stream)
        except Exception as error:  # noqa: BLE001 - raised by check, in the thread that waits
            self._error = error
            self._process.kill()

    def join(self) -> None:
        """Wait until all output has been read."""
        if self._thread:
            self._thread.join()

    def check(self) -> None:
        """Raise the reader's exception, if any."""
        if self._error:
            raise self._error


def _await(reader: threading.Thread, stop: CancellationToken, seconds: float) -> None:
    """Wait until git ends, which closes its standard error."""
    ends_at = time.monotonic() + seconds
    while reader.is_alive():
        reader.join(min(_WAKE_SECONDS, max(0.0, ends_at - time.monotonic())))
        stop.check()
        if reader.is_alive() and time.monotonic() > ends_at:
            raise subprocess.TimeoutExpired("git", seconds)


def _limit(process: subprocess.Popen[bytes], memory_bytes: int) -> None:
    """Limit git's memory: in a hostile pack, a delta of a few bytes may expand to gigabytes.

    If memory still runs out, Linux should kill this git, which costs only one repository.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(_OOM_SCORE)
