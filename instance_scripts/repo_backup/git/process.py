"""A git of ours on what is on disk already: without anybody's configuration or secrets, in bounded
memory, and never longer than this program.
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

from repo_backup.git.fsck_messages import Complaints
from repo_backup.runtime.cancellation import Stop

LEAN_GIT = (
    "git",
    # Larger blobs are checked in a stream: 13 MB of memory instead of the blob's size.
    *("-c", "core.bigFileThreshold=16m", "-c", "core.deltaBaseCacheLimit=16m"),
    # A pack is looked at through a window instead of being mapped as a whole.
    *("-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=64m"),
    *("-c", "pack.writeReverseIndex=false"),
    # Nothing that a repository holds may start a program or reach out, whatever git does next.
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"),
    *("-c", "core.attributesFile=/dev/null", "-c", "credential.helper=", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "submodule.recurse=false"),
)
"""git in little memory: of a 500 MB blob fsck held 960 MB without, 70 MB with these (2.39)."""
_HELD = ("/bin/sh", "-c", 'read -r go && exec "$@"', "sh")
"""Begins when it gets a line: a git that waits for no input must not run before it is bounded."""
_MESSAGE = re.compile(r"^fsck\.(\w+)$", re.MULTILINE)
_ASK_SECONDS = 5
_FIRST_TO_GO = "800"
_WAKE_SECONDS = 0.2
_DELTA_BYTES = 256 << 20
"""What git may take beyond what its objects need: for deltas of large files."""


@dataclass(frozen=True)
class Ended:
    """How a git ended: its exit code (negative: by that signal), and what it complained of."""

    code: int
    complaints: Complaints


def git_environment(home: Path) -> dict[str, str]:
    """All that a git of ours gets to see: no configuration of anybody's, no prompt, no secret."""
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
        # Our git only ever works on what is there already: it has no reason to speak to anybody.
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        # git's own name for what OpenSSL calls SSL_CERT_FILE, which its GnuTLS does not read.
        **({"GIT_SSL_CAINFO": authority} if authority else {}),
    }


def known_fsck_messages() -> frozenset[str]:
    """The names of all that this machine's git may find fault with; none where it does not say.

    git lists its configuration variables, and each of these names is one:
    https://git-scm.com/docs/git-fsck#_fsck_messages
    """
    return _fsck_messages(shutil.which("git") or "git")


@functools.cache
def _fsck_messages(program: str) -> frozenset[str]:
    try:
        told = subprocess.run(
            (program, "help", "--config-for-completion"),
            env=git_environment(Path("/")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_ASK_SECONDS,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(_MESSAGE.findall(told.stdout))


def memory_bound(need_bytes: int, spare_bytes: int) -> int:
    """What a git may take at most that should need so much, where so much is to spare. Pure."""
    return max(need_bytes, spare_bytes) + _DELTA_BYTES


def run_git(
    arguments: tuple[str, ...],
    repository: Path,
    memory_bytes: int,
    stop: Stop,
    *,
    feed: Iterable[bytes] | None = None,
    read: Callable[[IO[bytes]], None] | None = None,
    seconds: float = float("inf"),
) -> Ended:
    """Run git on a bare repository, with ``feed`` as its input, without which it must do nothing.

    ``read`` gets its output as it comes, in another thread; what it raises ends git, and is raised
    here. git is killed with InterruptedRunError when the grace after a request to stop is over,
    with TimeoutExpired after ``seconds`` of work on what it was fed, and when the program ends.
    """
    complaints = Complaints()
    command = (*LEAN_GIT, *arguments) if feed else (*_HELD, *LEAN_GIT, *arguments)

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
        _confine(process, memory_bytes)
        # Read while it works: what it says may be more than a pipe holds.
        reader = threading.Thread(target=complaints.read, args=(process.stderr,), daemon=True)
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
    return Ended(process.returncode, complaints)


class _Output:
    """What a git prints, read beside its work."""

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
        """Wait until everything is read."""
        if self._thread:
            self._thread.join()

    def check(self) -> None:
        """Raise what the reading raised."""
        if self._error:
            raise self._error


def _await(reader: threading.Thread, stop: Stop, seconds: float) -> None:
    """Wait for the end of a git: then it has closed what it complains to."""
    ends_at = time.monotonic() + seconds
    while reader.is_alive():
        reader.join(min(_WAKE_SECONDS, max(0.0, ends_at - time.monotonic())))
        stop.check()
        if reader.is_alive() and time.monotonic() > ends_at:
            raise subprocess.TimeoutExpired("git", seconds)


def _confine(process: subprocess.Popen[bytes], memory_bytes: int) -> None:
    """Bound what a hostile pack can take: a few bytes of delta may stand for gigabytes.

    Where memory runs out all the same, Linux shall end this git, which costs one repository.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(_FIRST_TO_GO)
