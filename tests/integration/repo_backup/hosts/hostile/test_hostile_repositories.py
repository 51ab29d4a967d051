"""What a repository's content may try: nothing of it is run, and each ends in bounded time."""

import hashlib
import shutil
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from repo_backup.git import mirror
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.hosts.hostile.attacks import outcome

pytestmark = pytest.mark.slow


def test_neither_hooks_nor_submodules_nor_filters_run(
    destination: Destination, hub: GitHubStandIn, evil: Path, tmp_path: Path
) -> None:
    modules = "".join(
        f'[submodule "{number}"]\n\tpath = {number}\n\turl = {url}\n'
        f"\tupdate = !touch {tmp_path}/x\n"
        for number, url in enumerate(
            (f"ext::sh -c touch% {tmp_path}/x", "file:///etc", "--upload-pack=x", "../../../etc")
        )
    )
    commit_files(evil, {".gitmodules": modules, ".gitattributes": "* filter=evil diff=evil\n"})
    hook = evil / "hooks" / "post-upload-pack"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/x\n")
    hook.chmod(0o755)
    assert outcome(destination) == "backed-up"
    assert not (tmp_path / "x").exists()


def test_trees_that_would_leave_a_checkout_are_kept_and_never_checked_out(
    destination: Destination, evil: Path
) -> None:
    blob_id = git(evil, "rev-parse", "main:README")
    for name in ("..", ".git", "GIT~1", "/etc", "a\\..\\b", "CON", "aux"):
        entry = b"120000 " + name.encode() + b"\0" + bytes.fromhex(blob_id)
        tree = _write(evil, "tree", entry)
        commit = _commit(evil, tree)
        git(evil, "update-ref", f"refs/heads/t{tree[:8]}", commit)
    assert outcome(destination) in ("backed-up",) or "git refuses" in outcome(destination)


def test_a_tree_that_names_itself_ten_times_at_ten_levels_takes_a_bounded_time(
    destination: Destination, evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "GREP_SECONDS", 2.0)
    readme = git(evil, "rev-parse", "main:README")
    inner = _write(evil, "tree", b"100644 f\0" + bytes.fromhex(readme))
    for _ in range(12):
        inner = _write(
            evil, "tree", b"".join(b"40000 d%d\0" % n + bytes.fromhex(inner) for n in range(10))
        )
    git(evil, "update-ref", "refs/heads/main", _commit(evil, inner))
    started = time.monotonic()
    assert outcome(destination) == "backed-up"
    assert destination.entry("evil")["warnings"] == [
        "whether it uses Git LFS took too much to find out"
    ]
    assert time.monotonic() - started < 60


def test_a_deep_tree_is_backed_up(destination: Destination, evil: Path) -> None:
    inner = _write(evil, "tree", b"")
    for _ in range(3000):
        inner = _write_loose(evil, b"40000 d\0" + bytes.fromhex(inner))
    git(evil, "update-ref", "refs/heads/main", _commit(evil, inner))
    assert outcome(destination) == "backed-up"


def test_names_that_only_differ_in_case_are_all_kept(
    destination: Destination, evil: Path, tmp_path: Path
) -> None:
    main = git(evil, "rev-parse", "main")
    names = {f"refs/heads/{name}" for name in ("main", "Main", "MAIN", "con", "-f")}
    _pack_refs(evil, [f"{main} {name}" for name in sorted({*names, "refs/tags/-x"})])
    assert outcome(destination) == "backed-up"
    restored = destination.restored("evil", destination.root / "restored")
    listed = git(restored, "for-each-ref", "--format=%(refname)").splitlines()
    assert set(listed) == {*names, "refs/tags/-x"}


@pytest.mark.slow
def test_a_hundred_thousand_refs_fit_into_bounded_memory(
    destination: Destination, evil: Path, tmp_path: Path
) -> None:
    main = git(evil, "rev-parse", "main")
    names = [f"refs/heads/branch-{number:06}" for number in range(120_000)]
    _pack_refs(evil, [f"{main} {name}" for name in (*names, "refs/heads/main")])
    assert outcome(destination) == "backed-up"
    assert destination.entry("evil")["refs"] == 120_001


def _pack_refs(repository: Path, lines: list[str]) -> None:
    """Let these, sorted, be a repository's refs, also those that no file system would keep."""
    shutil.rmtree(repository / "refs" / "heads")
    text = "".join(f"{line}\n" for line in lines)
    (repository / "packed-refs").write_text(
        f"# pack-refs with: peeled fully-peeled sorted \n{text}"
    )


def _write(repository: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=repository, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def _write_loose(repository: Path, tree: bytes) -> str:
    """The same for a tree without starting a process."""
    whole = b"tree %d\0" % len(tree) + tree
    oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = repository / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(whole, 1))
    return oid


def _commit(repository: Path, tree: str) -> str:
    who = b"Octo <octo@example.org> 1700000000 +0000"
    data = b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (tree.encode(), who, who)
    return _write(repository, "commit", data)
