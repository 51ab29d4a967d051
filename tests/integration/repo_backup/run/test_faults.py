"""One repository's trouble is its own, is named, and is retried where that helps."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import Entry
from local_cloud.github import Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.main import main
from repo_backup.git.mirror import Mirror
from repo_backup.run.progress_display import LineDisplay
from repo_backup.runtime.errors import DiskFullError
from tests.integration.repo_backup.conftest import Destination, refs
from tests.surplus import slow_but

Upstream = Callable[[str], Path]
PACK = "/octo/unicode.git/git-upload-pack"


@pytest.mark.parametrize(
    "fault",
    slow_but(
        {0, 4, 5, 6},
        [
            Fault(PACK, status=500, times=2),
            Fault(PACK, status=502, times=1),
            Fault(PACK, "reset", after_bytes=100_000, times=1),
            Fault(PACK, "truncate", after_bytes=100_000, times=1),
            Fault(PACK, "corrupt", after_bytes=100_000, times=1),
            Fault(PACK, "hang", after_bytes=100_000, times=1),
            Fault("/octo/unicode.git/info/refs", "truncate", after_bytes=80, times=1),
            Fault("/octo/unicode.git/info/refs", "reset", after_bytes=0, times=1),
            Fault("/octo/unicode.git/info/refs", status=429, headers={"Retry-After": "0"}, times=1),
        ],
    ),
    ids=lambda fault: f"{fault.action}-{fault.status}-{fault.path.rpartition('/')[2]}",
)
def test_a_passing_trouble_is_outlasted(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path, fault: Fault
) -> None:
    hub.faults.add(fault)
    assert destination.backup("--only", "unicode", "--stall-timeout", "1") == 0
    assert fault.times == 0
    assert refs(destination.restored("unicode", tmp_path / "out")) == refs(upstream("unicode"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(PACK, status=500), "answered 500"),
        (Fault(PACK, "reset", after_bytes=100_000), "broke"),
        (Fault(PACK, "corrupt", after_bytes=100_000), "git refuses the pack"),
        (Fault("/octo/unicode.git/info/refs", status=404), "nothing at"),
        (Fault("/octo/unicode.git/info/refs", status=403), "refuses"),
        (
            Fault(
                "/octo/unicode.git/info/refs",
                status=451,
                body=json.dumps({"block": {"html_url": "https://example.org/dmca"}}).encode(),
            ),
            "blocked for legal reasons (451): see https://example.org/dmca",
        ),
    ],
    ids=["500", "reset", "corrupt", "404", "403", "451"],
)
def test_a_lasting_trouble_costs_only_its_repository(
    destination: Destination, hub: GitHubStandIn, fault: Fault, reason: str
) -> None:
    hub.faults.add(fault)
    assert destination.backup() == 3
    states = destination.states()
    assert [name for name, state in states.items() if state == "failed"] == ["unicode"]
    assert states["hello"] == "backed-up"
    assert reason in destination.entry("unicode")["reason"]
    (marker,) = destination.markers()
    assert "failed=1" in marker.read_text()
    assert not (destination.root / "github_backups/octo/unicode.zip").exists()


def test_a_legal_block_is_not_asked_twice(destination: Destination, hub: GitHubStandIn) -> None:
    hub.faults.add(Fault("/octo/unicode.git/*", status=451))
    destination.backup("--only", "unicode")
    assert sum(request.path.startswith("/octo/unicode.git") for request in hub.requests) == 1


def test_a_failing_repository_keeps_its_earlier_archive(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream
) -> None:
    destination.backup()
    commit_files(upstream("unicode"), {"x": "y"}, message="More")
    hub.faults.add(Fault(PACK, status=500))
    assert destination.backup(run_id="r2") == 3
    entry = destination.entry("unicode", "r2")
    assert entry["state"] == "failed"
    assert entry["archive"]["run_id"] == "r1"
    assert destination.states("r2")["hello"] == "unchanged"


def test_a_failing_wiki_fails_alone(destination: Destination, hub: GitHubStandIn) -> None:
    hub.faults.add(Fault("/octo/hello.wiki.git/*", status=500))
    assert destination.backup() == 3
    states = destination.states()
    assert (states["hello"], states["hello.wiki"]) == ("backed-up", "failed")


def test_an_object_that_upstream_lost_is_found_out(
    destination: Destination, upstream: Upstream
) -> None:
    path = upstream("unicode")
    for pack in path.glob("objects/pack/*.pack"):
        moved = pack.rename(path / "loose.pack")
        for companion in path.glob("objects/pack/*"):
            companion.unlink()
        with moved.open("rb") as file:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=path, stdin=file, check=True)
    blob = git(path, "rev-parse", "refs/heads/main^{tree}")
    (path / "objects" / blob[:2] / blob[2:]).unlink()
    assert destination.backup() == 3
    assert destination.states()["unicode"] == "failed"


def test_a_repository_that_became_empty_never_replaces_its_archive(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup()
    init_repository(upstream("hello"))
    assert destination.backup(run_id="r2") == 0
    entry = destination.entry("hello", "r2")
    assert entry["state"] == "empty"
    assert entry["archive"]["run_id"] == "r1"
    assert "became empty" in entry["warnings"][0]
    destination.backup(run_id="r3")
    assert destination.entry("hello", "r3")["archive"]["run_id"] == "r1"
    assert "refs/heads/develop" in str(refs(destination.restored("hello", tmp_path / "out")))


def test_a_renamed_repository_is_no_new_one(destination: Destination, hub: GitHubStandIn) -> None:
    destination.backup()
    old = hub.catalogue.repositories.pop("octo/hello")
    hub.catalogue.add(Repository(old.id, "octo", "welcome"))
    shutil.move(hub.root / "octo/hello.git", hub.root / "octo/welcome.git")
    assert destination.backup(run_id="r2") == 0
    entry = destination.entry("welcome", "r2")
    assert entry["state"] == "backed-up"
    kept = "renamed from octo/hello, whose archive github_backups/octo/hello.zip is kept"
    assert kept in entry["warnings"]
    assert (destination.root / "github_backups/octo/hello.zip").exists()
    destination.backup(run_id="r3")
    assert destination.states("r3")["welcome"] == "unchanged"


def test_a_repository_renamed_after_the_listing_is_followed(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.catalogue.add(Repository(50, "octo", "welcome"))
    shutil.copytree(hub.root / "octo/hello.git", hub.root / "octo/welcome.git")
    hub.catalogue.renames["octo/hello"] = "octo/welcome"
    assert destination.backup("--only", "hello") == 0
    entry = destination.entry("hello")
    assert entry["state"] == "backed-up"
    assert "moved to" in entry["warnings"][0]


def test_names_that_differ_in_case_only_are_kept_apart(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.catalogue.add(Repository(60, "octo", "HELLO"))
    shutil.copytree(hub.root / "octo/unicode.git", hub.root / "octo/HELLO.git")
    assert destination.backup("--only", "hello") == 0
    hello, other = destination.entry("hello"), destination.entry("HELLO")
    assert hello["archive"]["key"] != other["archive"]["key"]
    assert hello["archive"]["sha256"] != other["archive"]["sha256"]


def test_a_name_that_is_another_ones_wiki_gets_a_key_of_its_own(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.catalogue.add(Repository(61, "octo", "hello.wiki"))
    for run_id in ("r1", "r2"):
        assert destination.backup("--only", "hello*", run_id=run_id) == 0
    wiki, other = destination.entry("hello", "r2")["wiki"], destination.entry("hello.wiki", "r2")
    assert wiki["archive"]["key"] == "github_backups/octo/hello.wiki.zip"
    assert other["archive"]["key"] == "github_backups/octo/hello.wiki~61.zip"
    assert (wiki["state"], other["state"]) == ("unchanged", "unchanged")
    answer = (
        "github_backups/octo/hello.wiki.zip is of another one, the wiki of octo/hello with id 1"
    )
    assert destination.entry("hello.wiki")["warnings"][0].startswith(answer)
    assert other["warnings"] == []


def test_a_disk_that_is_full_is_tried_again_alone(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, full = Mirror.receive, {"hello.git", "unicode.git"}

    def receive(self: Mirror, *arguments: Any, **named: Any) -> object:
        if self.path.name in full:
            full.discard(self.path.name)
            raise DiskFullError("full")
        return true(self, *arguments, **named)

    monkeypatch.setattr(Mirror, "receive", receive)
    assert destination.backup("--only", "hello", "--only", "unicode", "--no-wikis") == 0
    assert not full


def test_links_are_not_checked_where_memory_is_short_and_the_manifest_says_so(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "repo_backup.cli.commands.backup_command.available_memory_bytes", lambda: 16 << 20
    )
    assert destination.backup("--only", "hello", "--no-wikis") == 0
    assert "were not checked: memory is short" in destination.entry("hello")["warnings"][0]


def test_a_defect_never_passes_for_a_complete_run(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finished(self: LineDisplay, entry: Entry, run_id: str, kinds: object) -> None:
        if entry.name == "unicode":
            raise RuntimeError("a defect")

    monkeypatch.setattr(LineDisplay, "finished", finished)
    with pytest.raises(RuntimeError, match="a defect"):
        destination.backup()
    assert destination.markers() == []


def test_one_very_long_rate_limit_does_not_hold_the_others_back(
    destination: Destination, hub: GitHubStandIn
) -> None:
    limit = {"Retry-After": "86400"}
    hub.faults.add(Fault("/octo/unicode.git/*", status=429, headers=limit))
    assert destination.backup() == 3
    failed = [name for name, state in destination.states().items() if state == "failed"]
    assert failed == ["unicode"]


def test_a_repository_that_lies_about_its_refs_is_refused(
    destination: Destination, hub: GitHubStandIn
) -> None:
    lie = b"001e# service=git-upload-pack\n0000" + b"".join(
        b"%04x%b" % (len(line) + 4, line)
        for line in (b"%b refs/heads/../../evil\0side-band-64k\n" % (b"a" * 40),)
    )
    hub.faults.add(
        Fault(
            "/octo/hello.git/info/refs",
            status=200,
            headers={"Content-Type": "application/x-git-upload-pack-advertisement"},
            body=lie + b"0000",
        )
    )
    assert destination.backup() == 3
    assert "a ref that git forbids" in destination.entry("hello")["reason"]


def _commit(path: Path, text: str) -> str:
    """Write a commit whatever its form; its id."""
    return subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=path,
        input=text.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()[:40]


MALFORMED = "tree {tree}\nauthor A <a@b> 1300000000 {zone}\ncommitter A <a@b> 1 {zone}\n\n{text}\n"


def test_malformed_history_is_archived_with_a_warning_that_names_it(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    path = upstream("hello")
    tree = git(path, "rev-parse", "HEAD^{tree}")
    for number in range(3):
        oid = _commit(path, MALFORMED.format(tree=tree, zone="+051800", text=number))
        git(path, "update-ref", f"refs/heads/old-{number}", oid)
    assert destination.backup("--only", "hello") == 0
    entry = destination.entry("hello")
    output = "malformed history, archived as it is: badTimezone (3)"
    assert entry["state"] == "backed-up"
    assert entry["warnings"] == entry["archive"]["remarks"] == [output]
    assert destination.manifest()["drill"]["ok"] is True
    assert refs(destination.restored("hello", tmp_path / "out")) == refs(path)
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0
    destination.backup("--only", "hello", run_id="r2")
    unchanged = destination.entry("hello", "r2")
    assert (unchanged["state"], unchanged["warnings"]) == ("unchanged", [])
    assert unchanged["archive"]["remarks"] == [output]


def test_more_complaints_than_a_pipe_holds_do_not_stop_a_backup(
    destination: Destination, upstream: Upstream
) -> None:
    who = b"A <a@b> 1300000000 +051800"
    lines = [b"commit refs/heads/old\ncommitter %b\ndata 1\nx\n" % who for _ in range(2000)]
    stream = b"feature date-format=raw-permissive\n" + b"".join(lines)
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=upstream("hello"), input=stream, check=True
    )
    assert destination.backup("--only", "hello", "--no-drill") == 0
    assert "badTimezone (2000)" in destination.entry("hello")["warnings"][0]


def test_history_that_git_never_tolerates_is_archived_after_all(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    path = upstream("hello")
    tree = git(path, "rev-parse", "HEAD^{tree}")
    text = MALFORMED.format(tree=tree, zone="+0000", text="").rstrip("\n").replace("A <", "A\0 <")
    git(path, "update-ref", "refs/heads/odd", _commit(path, text))
    assert destination.backup("--only", "hello") == 0
    (warning,) = destination.entry("hello")["warnings"]
    assert warning.startswith("archived without a complete check: git refuses the pack")
    assert refs(destination.restored("hello", tmp_path / "out")) == refs(path)


def test_a_git_that_memory_was_taken_from_costs_only_its_repository(
    destination: Destination, tmp_path: Path
) -> None:
    killed = tmp_path / "bin" / "git"
    killed.parent.mkdir()
    true = shutil.which("git")
    killed.write_text(
        f'#!/bin/sh\ncase "$PWD $*" in *unicode.git*index-pack*) kill -9 $$ ;; esac\n'
        f'exec {true} "$@"\n'
    )
    killed.chmod(0o755)
    destination.environment.setenv("PATH", f"{killed.parent}:{os.environ['PATH']}")
    assert destination.backup() == 3
    entry = destination.entry("unicode")
    assert "killed by signal 9; memory may be short" in entry["reason"]
    assert [n for n, s in destination.states().items() if s == "failed"] == ["unicode"]
