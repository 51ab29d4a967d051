"""What the program writes week by week, the reporter takes for what it is: overlays, kills, new
archives in place of long chains, and what somebody else put in their place."""

import hashlib
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys
from local_cloud.github.corpus import commit_files, git
from local_cloud.github.data.maker import Size, fill
from local_cloud.github.storage.lfs import add_object
from repo_backup.kinds.git import compaction
from tests.integration.whole.system import SOURCE, Kill, System

HELLO = "github_backups/octo/hello"
LARGE = b"large" * 1000


def heads(system: System) -> int:
    """How many archives and overlays the reporter asked for; one question is for the log."""
    return system.world.calls.count("s3.HeadObject") - 1


def zip_bytes(system: System) -> int:
    """All archives and overlays that are there."""
    return sum(len(system.body(key)) for key in system.there() if key.endswith(".zip"))


def assert_restorable(system: System, folder: Path, *runs: str) -> None:
    """Each run by the program, the last by hand, and nothing is damaged."""
    for run_id in runs:
        assert system.restored(folder / run_id, run_id) == system.refs[run_id]["hello"]
    assert system.by_hand(folder / "hand") == system.refs[runs[-1]]["hello"]
    assert system.program("verify", "--source", SOURCE, "--all") == 0


def test_changes_of_every_sort_are_verified_and_every_run_can_be_restored(
    system: System, tmp_path: Path
) -> None:
    hello, other, wiki = map(system.upstream, ("hello", "other", "hello.wiki"))
    runs, before = [system.run()], 0
    asked, uploaded = [heads(system)], [system.manifest(runs[0])["totals"]["bytes_uploaded"]]

    def week(*changed: Path) -> None:
        for path in changed:
            commit_files(path, {"new.txt": f"{len(runs)}\n"}, message="New")
        runs.append(system.run())
        totals, stored = system.manifest(runs[-1])["totals"], zip_bytes(system)
        assert (totals["bytes_stored"], totals["bytes_uploaded"]) == (stored, stored - before)
        asked.append(heads(system))

    before = zip_bytes(system)
    assert uploaded == [before]
    week(hello, other)
    before = zip_bytes(system)
    git(hello, "update-ref", "-d", "refs/heads/topic")
    week(wiki)
    before = zip_bytes(system)
    git(hello, "update-ref", "refs/heads/main", "main~1")
    week(hello)
    before = zip_bytes(system)
    del system.hub.catalogue.repositories["octo/other"]
    shutil.rmtree(other)
    week()
    assert system.entry(runs[-1])["chain"]["links"] == 3
    (kept,) = system.manifest(runs[-1])["kept"]
    assert (kept["name"], kept["chain"]["links"]) == ("other", 1)
    week()
    assert system.world.verdicts == ["verified"] * 6
    # What is new is asked for, and the archive of what is kept, at each run.
    assert asked == [3, 2, 2, 1, 1, 1]
    assert_restorable(system, tmp_path, *runs)
    restored = system.restored(tmp_path / "other", runs[3], "other")
    assert restored == system.refs[runs[3]]["other"]


@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(
            Kill("put_archive", r"hello\+\w+\.\d+\.zip"), id="overlay", marks=pytest.mark.slow
        ),
        pytest.param(Kill("write_if", r"hello\+\w+\.json"), id="list", marks=pytest.mark.slow),
        pytest.param(Kill("write", r"evidence\.json", before=True), id="before the manifest"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_next_attempt_goes_on_where_a_killed_one_left_an_overlay(
    system: System, tmp_path: Path, kill: Kill
) -> None:
    first = system.run()
    commit_files(system.upstream("hello"), {"new.txt": "1\n"}, message="New")
    killed = system.run(kill=kill)
    assert system.world.verdicts == ["verified"]
    system.world.pass_time(timedelta(hours=1))
    system.attempt(killed, 2)
    last = system.run()
    assert system.world.verdicts == ["verified"] * 3
    assert [system.report(run_id)["notices"] for run_id in (killed, last)] == [[], []]
    assert system.entry(last)["state"] == "unchanged"
    assert_restorable(system, tmp_path, first, killed, last)


def test_project_data_and_lfs_objects_are_verified_with_git_and_a_killed_run_goes_on_with_them(
    system: System, tmp_path: Path
) -> None:
    system.arguments = ("--lfs",)
    data = fill(system.hub.data, 1, Size(issues=1, pulls=1))
    hello = system.upstream("hello")
    files = {".gitattributes": "*.bin filter=lfs -text\n", "a.bin": add_object(hello, LARGE)}
    commit_files(hello, files, message="Add a large file")
    first = system.run()
    assert system.verdict == "verified"
    data.create_issue("Another")
    killed = system.run(kill=Kill("put_archive", r"hello~data\+\w+\.\d+\.zip"))
    system.world.pass_time(timedelta(hours=1))
    system.attempt(killed, 2)
    assert system.world.verdicts == ["verified"] * 2
    entry = system.entry(killed)
    # The overlay that the killed attempt put stays, and that of the next one follows.
    assert (entry["data"]["state"], entry["data"]["chain"]["links"]) == ("backed-up", 2)
    assert (entry["state"], entry["lfs-objects"]["objects"]["saved"]) == ("unchanged", 1)
    assert system.body(object_keys.content(hashlib.sha256(LARGE).hexdigest())) == LARGE
    assert_restorable(system, tmp_path, first, killed)
    for run_id, issues in ((first, 1), (killed, 2)):
        restored = tmp_path / run_id / "hello.data" / "issues"
        assert len([*restored.glob("*.json")]) == issues


def test_a_chain_that_has_grown_long_gets_a_new_archive_and_its_overlays_are_hidden(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hello = system.upstream("hello")
    runs = [system.run()]
    for number in range(2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        runs.append(system.run())
    old = [key for key in system.there() if "+" in key]
    assert len(old) == 3
    monkeypatch.setattr(compaction, "LEAST_BYTES", 0)
    git(hello, "update-ref", "-d", "refs/heads/topic")
    git(hello, "update-ref", "refs/heads/main", "main~1")
    runs.append(system.run())
    assert system.entry(runs[-1])["archive"]["run_id"] == runs[-1]
    assert {*old} <= {*system.there()}
    runs.append(system.run())
    (retired,) = system.report(runs[-1])["retired"]
    assert re.fullmatch(r"github_backups/octo/hello\+\w+\.\* \(3\)", retired)
    assert not {*old} & {*system.there()}
    commit_files(hello, {"newer.txt": "1\n"}, message="Newer")
    monkeypatch.setattr(compaction, "LEAST_BYTES", 1 << 20)
    runs.append(system.run())
    assert system.entry(runs[-1])["chain"]["links"] == 1
    assert system.world.verdicts == ["verified"] * len(runs)
    assert [system.report(each)["notices"] for each in runs] == [[]] * len(runs)
    assert_restorable(system, tmp_path, *runs)


@pytest.mark.parametrize(
    ("what", "costs_an_overlay"),
    [
        pytest.param(r"\+\w+\.0001\.zip", True, id="overlay"),
        # The list's earlier version is read: nothing is lost, and the run before has named it.
        pytest.param(r"\+\w+\.json", False, id="list", marks=pytest.mark.slow),
    ],
)
def test_what_somebody_put_in_an_overlays_place_is_named_and_the_next_run_repairs_it(
    system: System, tmp_path: Path, what: str, costs_an_overlay: bool
) -> None:
    runs = [system.run()]
    commit_files(system.upstream("hello"), {"new.txt": "1\n"}, message="New")
    runs.append(system.run())
    (key,) = [each for each in system.there() if re.fullmatch(HELLO + what, each)]
    system.s3.put_object(Bucket="backups", Key=key, Body=b"x" * len(system.body(key)))
    runs.append(system.run())
    assert system.verdict == "partial"
    (problem,) = system.report(runs[-1])["problems"]
    assert problem.startswith(f"octo/hello: {key} ")
    assert problem in system.mail
    runs.append(system.run())
    warnings = system.entry(runs[-1])["warnings"]
    assert len(warnings) == costs_an_overlay
    assert all(key in warning and warning in system.mail for warning in warnings)
    assert system.entry(runs[-1])["archive"]["run_id"] == runs[-1]
    runs.append(system.run())
    assert system.world.verdicts[-2:] == ["verified"] * 2
    assert system.entry(runs[-1])["warnings"] == []
    assert_restorable(system, tmp_path, *runs)


@pytest.mark.slow
def test_an_archive_that_was_put_again_is_put_together_anew_by_the_next_run(
    system: System, tmp_path: Path
) -> None:
    """As by a copy onto itself, which makes another version of the same bytes."""
    runs = [system.run()]
    commit_files(system.upstream("hello"), {"new.txt": "1\n"}, message="New")
    runs.append(system.run())
    key = f"{HELLO}.zip"
    system.s3.put_object(Bucket="backups", Key=key, Body=system.body(key))
    runs += [system.run() for _ in range(3)]
    assert system.world.verdicts[2:] == ["unverified", "verified", "verified"]
    assert system.entry(runs[-1])["archive"]["run_id"] == runs[3]
    assert_restorable(system, tmp_path, *runs)
