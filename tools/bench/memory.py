"""``make bench PART=memory``: what git's checks take per object, which the program counts on.

Writes ``results/memory.md``. Packs of tiny objects, four for each commit, of growing number: git's
tables of objects double now and then, so that one size alone would not tell.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from repo_backup.git.fsck_messages import strict_option
from repo_backup.git.mirror import CONNECTED
from repo_backup.git.process import LEAN_GIT, known_fsck_messages
from tools.bench.environments import CACHE, describe_machine

RESULTS = Path(__file__).parent / "results"
COMMITS = (35_000, 70_000, 135_000)
_INDEX_PACK = ("index-pack", "--stdin", "--threads=1")
CHECKS: dict[str, tuple[str, ...]] = {
    "index-pack, objects only": _INDEX_PACK,
    "index-pack, objects and links": (*_INDEX_PACK, *CONNECTED),
    "the same, and their form": (*_INDEX_PACK, *CONNECTED, strict_option(known_fsck_messages())),
    "fsck": ("fsck", "--full", "--no-dangling", "--no-progress"),
}


def main() -> int:
    """Measure and write the table."""
    lines = [
        "# Memory of git's checks\n",
        f"{describe_machine()}. Made by `make bench PART=memory`; do not edit.\n",
        "| objects | check | peak MB | CPU s | bytes for each further object |",
        "|---|---|---|---|---|",
    ]
    before: dict[str, tuple[int, int]] = {}
    for commits in COMMITS:
        pack, count = _pack(commits)
        for name, arguments in CHECKS.items():
            peak, seconds = _measured(arguments, pack)
            slope = ""
            if name in before:
                objects, memory = before[name]
                slope = f"{(peak - memory) / (count - objects):.0f}"
            before[name] = count, peak
            lines.append(f"| {count} | {name} | {peak / 1e6:.0f} | {seconds:.2f} | {slope} |")
            print(lines[-1], flush=True)
    RESULTS.joinpath("memory.md").write_text("\n".join(lines) + "\n")
    return 0


def _pack(commits: int) -> tuple[Path, int]:
    """A repository of so many commits; its pack, and how many objects it has."""
    path = CACHE / "memory" / f"{commits}.git"
    if not (path / "made").exists():
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True
        )
        with subprocess.Popen(
            ["git", "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"],
            cwd=path,
            stdin=subprocess.PIPE,
        ) as process:
            assert process.stdin
            for piece in _history(commits):
                process.stdin.write(piece)
        assert process.returncode == 0
        # As a server sends it: deltas, commits first.
        repack = ["git", "repack", "-a", "-d", "-q", "--window=5", "--depth=20"]
        subprocess.run(repack, cwd=path, check=True)
        (path / "made").touch()
    (pack,) = path.glob("objects/pack/*.pack")
    return pack, int.from_bytes(pack.open("rb").read(12)[8:])


def _history(commits: int) -> Iterator[bytes]:
    for number in range(commits):
        when = 1_600_000_000 + number * 60
        text = b"line %d\n%d\n" % (number, number * number)
        yield (
            b"commit refs/heads/main\ncommitter Octo <octo@example.org> %d +0000\ndata 6\nChange\n"
            b"M 100644 inline d%d/f%d\ndata %d\n%b\n"
            % (when, number % 50, number % 200, len(text), text)
        )


def _measured(arguments: tuple[str, ...], pack: Path) -> tuple[int, float]:
    """Bytes and CPU seconds of one check."""
    with tempfile.TemporaryDirectory() as scratch, pack.open("rb") as stream:
        where = pack.parents[2] if arguments[0] == "fsck" else Path(scratch)
        if arguments[0] != "fsck":
            subprocess.run(["git", "init", "--quiet", "--bare", scratch], check=True)
        process = subprocess.Popen(
            (*LEAN_GIT, *arguments), cwd=where, stdin=stream, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
