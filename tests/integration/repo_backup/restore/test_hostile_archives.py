"""An archive that somebody else put into the bucket: nothing of it runs, leaves, or grows."""

import hashlib
import json
import stat
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination

pytestmark = pytest.mark.slow

Members = dict[str, bytes]
RUNS = 'sh -c "touch {pwned}"'


@pytest.fixture
def pwned(tmp_path: Path) -> Path:
    """What must never come into being."""
    return tmp_path / "pwned"


@pytest.fixture
def members(destination: Destination) -> Members:
    """A good archive's files by name, for a test to spoil."""
    assert destination.backup("--only", "hello", "--no-drill") == 0
    with zipfile.ZipFile(destination.root / "github_backups/octo/hello.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put(
    destination: Destination,
    members: Mapping[str, bytes],
    *,
    compression: int = zipfile.ZIP_STORED,
    mode: int = 0o644,
) -> None:
    """Put an archive where no manifest names it."""
    path = destination.root / "github_backups/octo/evil.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = compression
            archive.writestr(entry, data)


def restore(destination: Destination, into: Path) -> int:
    source = ["--source", str(destination.root), "--into", str(into)]
    return main(["restore", "octo/evil", *source])


def with_config(extra: str) -> Callable[[Members, Path], Members]:
    def spoil(members: Members, pwned: Path) -> Members:
        command = RUNS.format(pwned=pwned)
        text = members["hello.git/config"].decode() + extra.format(command=command, pwned=pwned)
        return {**members, "hello.git/config": text.encode()}

    return spoil


def with_file(name: str, text: str = "x") -> Callable[[Members, Path], Members]:
    def spoil(members: Members, pwned: Path) -> Members:
        return {**members, name: text.format(pwned=pwned).encode()}

    return spoil


def with_head(text: str) -> Callable[[Members, Path], Members]:
    return lambda members, pwned: {**members, "hello.git/HEAD": text.encode()}


def without(name: str) -> Callable[[Members, Path], Members]:
    return lambda members, pwned: {n: data for n, data in members.items() if name not in n}


ATTACKS = {
    "hook": with_file("hello.git/hooks/post-checkout", "#!/bin/sh\ntouch {pwned}\n"),
    "fsmonitor": with_config("[core]\n\tfsmonitor = {command}\n"),
    "ssh-command": with_config("[core]\n\tsshCommand = {command}\n"),
    "hooks-path": with_config("[core]\n\thooksPath = /tmp\n"),
    "include": with_config("[include]\n\tpath = {pwned}\n"),
    "pack-objects-hook": with_config("[uploadpack]\n\tpackObjectsHook = {command}\n"),
    "promisor": with_config('[remote "o"]\n\tpromisor = true\n\turl = ext::{command}\n'),
    "skip-list": with_config("[fsck]\n\tskipList = /etc/passwd\n"),
    "worktree": with_config("[core]\n\tworktree = /\n"),
    "alternates": with_file("hello.git/objects/info/alternates", "/etc\n"),
    "grafts": with_file("hello.git/info/grafts"),
    "loose-object": with_file("hello.git/objects/ab/" + "c" * 38),
    "loose-ref": with_file("hello.git/refs/heads/../../HEAD"),
    "commondir": with_file("hello.git/commondir", "/etc\n"),
    "parent": with_file("../outside"),
    "parent-inside": with_file("hello.git/../../outside"),
    "absolute": with_file("/tmp/outside"),
    "backslash": with_file("hello.git\\..\\outside"),
    "second-top": with_file("other.git/HEAD"),
    "no-git-top": lambda members, pwned: {
        name.replace("hello.git", "hello"): data for name, data in members.items()
    },
    "git-top": lambda members, pwned: {
        name.replace("hello.git", "..git"): data for name, data in members.items()
    },
    "second-pack": with_file(f"hello.git/objects/pack/pack-{'a' * 40}.pack"),
    "keep-file": with_file(f"hello.git/objects/pack/pack-{'a' * 40}.keep"),
    "head-elsewhere": with_head("ref: ../../../etc/passwd\n"),
    "head-two-lines": with_head("ref: refs/heads/main\nx\n"),
    "head-no-text": lambda members, pwned: {**members, "hello.git/HEAD": b"\xff\xfe\n"},
    "config-no-text": lambda members, pwned: {**members, "hello.git/config": b"\xff\xfe\n"},
    "no-config": without("config"),
    "no-head": without("HEAD"),
    "no-index": without(".idx"),
    "no-pack": without(".pack"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_no_mirror_has_is_refused_and_nothing_is_left(
    destination: Destination,
    members: Members,
    pwned: Path,
    tmp_path: Path,
    attack: Callable[[Members, Path], Members],
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(destination, attack(members, pwned))
    into = tmp_path / "in" / "out"
    assert restore(destination, into) == 1
    assert "this zip" in capsys.readouterr().err
    assert list(into.iterdir()) == []
    assert not pwned.exists()
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]


def test_an_untouched_archive_under_another_name_is_restored(
    destination: Destination, members: Members, tmp_path: Path
) -> None:
    put(destination, members)
    assert restore(destination, tmp_path / "out") == 0


def test_a_link_becomes_no_link(destination: Destination, members: Members, tmp_path: Path) -> None:
    link = {**members, "hello.git/packed-refs": b"/etc/passwd"}
    put(destination, link, mode=stat.S_IFLNK | 0o777)
    restore(destination, tmp_path / "out")
    made = list((tmp_path / "out").rglob("*"))
    assert not any(path.is_symlink() for path in made)


def test_a_bomb_does_not_even_begin_to_grow(
    destination: Destination, members: Members, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = {**members, "hello.git/packed-refs": b"\0" * (64 << 20)}
    put(destination, bomb, compression=zipfile.ZIP_DEFLATED)
    assert restore(destination, tmp_path / "out") == 1
    assert "not packed the way" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_files_that_lie_over_each_other_are_refused(
    destination: Destination, members: Members, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(destination, members)
    path = destination.root / "github_backups/octo/evil.zip"
    data = bytearray(path.read_bytes())
    pack = max(members.values(), key=len)
    for at in (index for index in range(len(data) - 4) if data[index : index + 4] == b"PK\1\2"):
        data[at + 20 : at + 28] = (len(pack).to_bytes(4, "little")) * 2
    path.write_bytes(data)
    assert restore(destination, tmp_path / "out") == 1
    assert "this zip" in capsys.readouterr().err


def test_an_existing_link_is_not_written_through(
    destination: Destination, members: Members, tmp_path: Path
) -> None:
    put(destination, members)
    outside = tmp_path / "outside"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "hello.git").symlink_to(outside)
    assert restore(destination, tmp_path / "out") == 1
    assert not outside.exists()


def test_an_archive_that_lacks_an_object_is_not_called_good(
    destination: Destination, tmp_path: Path, members: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = init_repository(tmp_path / "whole.git")
    commit_files(whole, {"a": "one\n", "b": "two\n"})
    blob = git(whole, "rev-parse", "main:a")
    known = git(whole, "rev-list", "--objects", "--no-object-names", "main").split()
    wanted = "\n".join(each for each in known if each != blob).encode()
    name = subprocess.run(
        ["git", "pack-objects", "-q", str(tmp_path / "pack")],
        cwd=whole,
        input=wanted,
        capture_output=True,
        check=True,
    ).stdout.decode()
    head = git(whole, "rev-parse", "main")
    packs = {
        f"hello.git/objects/pack/pack-{name.strip()}.{kind}": (
            tmp_path / f"pack-{name.strip()}.{kind}"
        ).read_bytes()
        for kind in ("pack", "idx")
    }
    lacking = {n: data for n, data in members.items() if "/pack/pack-" not in n}
    lacking["hello.git/packed-refs"] = f"{head} refs/heads/main\n".encode()
    put(destination, {**lacking, **packs})
    assert restore(destination, tmp_path / "out") == 1
    assert "git fsck" in capsys.readouterr().err


def test_the_drill_and_verify_survive_what_restore_refuses(
    destination: Destination, members: Members, pwned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(destination, ATTACKS["hook"](members, pwned))
    evil = destination.root / "github_backups/octo/evil.zip"
    good = destination.root / "github_backups/octo/hello.zip"
    manifest = destination.root / "runs/r1/manifest.json"
    document = destination.manifest()
    (hello,) = [each for each in document["repositories"] if each["name"] == "hello"]
    hello["archive"] |= {"sha256": _sha(evil), "bytes": _size(evil)}
    manifest.write_text(json.dumps(document))
    evil.replace(good)
    assert destination.backup("--only", "hello", run_id="r2") == 3
    drill = destination.manifest("r2")["drill"]
    assert (drill["ok"], destination.manifest("r2")["complete"]) == (False, True)
    assert main(["verify", "--source", str(destination.root), "--all"]) == 3
    assert "BAD:  github_backups/octo/hello.zip" in capsys.readouterr().out
    assert not pwned.exists()


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size
