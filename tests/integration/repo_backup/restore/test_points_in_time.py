"""A run or a day is restored, listed and compared; what is gone is said, with what is not."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.s3 import open_bucket
from tests.integration.repo_backup.chain import KEY, Chain, mirror_tips
from tests.integration.repo_backup.conftest import Bucket

Run = Callable[..., int]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A base, two overlays, and then a new base with one."""
    folder = tmp_path_factory.mktemp("points")
    chain = Chain(DirectoryStore(folder / "store"), folder)
    lay_down(chain)
    return chain


def lay_down(chain: Chain) -> None:
    """Five weekly runs, the first on 2026-09-04."""
    chain.base()
    chain.grow()
    git(chain.upstream, "update-ref", "refs/heads/old", "refs/heads/main~1")
    chain.grow({})
    git(chain.upstream, "update-ref", "-d", "refs/heads/old")
    commit_files(chain.upstream, {"more": "x" * 5000})
    chain.base()
    chain.grow()


@pytest.fixture
def chain(made: Chain, tmp_path: Path) -> Chain:
    """The same, to be changed."""
    mine = copy.copy(made)
    shutil.copytree(made.folder / "store", tmp_path / "store")
    mine.store = DirectoryStore(tmp_path / "store")
    return mine


@pytest.fixture
def run(chain: Chain, tmp_path: Path) -> Run:
    """A command on the chain's folder."""
    return lambda *arguments: main([*arguments, "--source", str(tmp_path / "store")])


def restored(run: Run, tmp_path: Path, *arguments: str) -> dict[str, str]:
    """The refs of what is restored."""
    into = tmp_path / f"out-{len([*tmp_path.iterdir()])}"
    assert run("restore", "octo/hello", "--into", str(into), *arguments) == 0
    return mirror_tips(into / "hello.git")


@pytest.mark.parametrize(
    ("at", "number"),
    [("2026-09-25", 3), ("2026-10-01", 3), ("2026-10-02", 4), ("9999-12-31", 4)],
)
def test_a_day_is_the_newest_run_that_began_on_it_or_before(
    chain: Chain,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    at: str,
    number: int,
) -> None:
    assert restored(run, tmp_path, "--at", at) == chain.refs[chain.runs[number]]
    assert f"(as of {chain.runs[number]})" in capsys.readouterr().out


def test_a_run_that_did_not_complete_does_not_stand_for_its_day(
    chain: Chain, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "store" / layout.manifest(chain.runs[4])
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "complete": False}))
    assert restored(run, tmp_path, "--at", "2026-10-02") == chain.refs[chain.runs[3]]
    path.write_text("{")
    assert restored(run, tmp_path, "--at", "2026-10-02") == chain.refs[chain.runs[3]]


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("--at", "2026-09-03"), "no complete run on 2026-09-03 or before it (UTC); the oldest"),
        (("--at", "2026-09-04T17-00-01Z"), "did you mean 2026-09-04T17-00-00Z?"),
        (("--run-id", "nothing"), "there is no manifest of run nothing; see `list --runs`"),
    ],
)
def test_a_day_before_all_runs_or_a_run_that_never_was_is_said_with_what_there_is(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], output: str
) -> None:
    for command in (("restore", "octo/hello", "--into", "x"), ("list",), ("verify",)):
        assert run(*command, *arguments) == 1
        assert output in capsys.readouterr().err


def test_in_a_folder_a_replaced_base_is_said_with_the_oldest_run_that_can_be_restored(
    chain: Chain, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = ("--into", str(tmp_path / "out"))
    for arguments in (("--at", chain.runs[0]), ("--at", "2026-09-12")):
        assert run("restore", "octo/hello", *into, *arguments) == 1
        output = capsys.readouterr().err
        assert f"octo/hello cannot be restored as of {chain.runs['-12' in arguments[1]]}" in output
        assert f"it is the archive that run {chain.runs[3]} uploaded" in output
        assert f"the oldest run that can be is {chain.runs[3]}" in output
    assert not (tmp_path / "out/hello.git").exists()
    for run_id, state in ((chain.runs[0], "expired"), (chain.runs[3], "backed-up")):
        assert run("list", "--at", run_id, "--json") == 0
        (row,) = json.loads(capsys.readouterr().out)["archives"]
        assert (row["state"], row["overlays"]) == (state, 0)
    (tmp_path / "store" / chain.document.links[0].key).unlink()
    assert run("restore", "octo/hello", *into, "--at", chain.runs[4]) == 1
    assert f"the oldest run that can be is {chain.runs[3]}" in capsys.readouterr().err


def test_a_bucket_has_every_run_until_its_versions_expire(
    s3: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = Chain(open_bucket(s3.name, connections=2), tmp_path)
    lay_down(chain)

    def run(*arguments: str) -> int:
        return main([*arguments, "--source", s3.location])

    # The reporter retires overlays of an earlier base, and their list, by delete markers.
    old = [key for key in s3.keys if "+" in key and chain.document.id not in key]
    for key in old:
        s3.client.delete_object(Bucket=s3.name, Key=key)
    assert len(old) == 3
    for number, run_id in enumerate(chain.runs):
        assert restored(run, tmp_path, "--at", run_id) == chain.refs[run_id]
        assert run("list", "--at", f"2026-09-{4 + 7 * number:02}" if number < 4 else run_id) == 0
    assert run("verify", "--all", "--at", chain.runs[1]) == 0
    versions = chain.store.versions(KEY)
    assert (
        restored(run, tmp_path, "--version-id", versions[1].id or "") == chain.refs[chain.runs[2]]
    )
    output = capsys.readouterr().out
    assert "missing" not in output
    assert "expired" not in output

    s3.client.delete_object(Bucket=s3.name, Key=KEY, VersionId=versions[1].id or "")
    assert run("restore", "octo/hello", "--into", str(tmp_path / "x"), "--at", chain.runs[1]) == 1
    assert f"the oldest run that can be is {chain.runs[3]}" in capsys.readouterr().err
    for run_id in chain.runs[1:5:3]:
        assert run("list", "--at", run_id) == 0
        assert ("expired" in capsys.readouterr().out) is (run_id == chain.runs[1])


def test_diff_tells_what_became_of_repositories_sizes_and_refs(
    chain: Chain, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("diff", chain.runs[3], chain.runs[4], "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = document["repositories"]
    assert (document["before"], document["after"]) == (chain.runs[3], chain.runs[4])
    assert (row["repository"], row["kind"], row["change"]) == ("octo/hello", "git", "changed")
    assert row["bytes_after"] == chain.result.bytes_stored > row["bytes_before"]
    ids = [chain.refs[chain.runs[number]]["refs/heads/main"] for number in (3, 4)]
    assert row["refs"] == {"added": {}, "gone": {}, "changed": {"refs/heads/main": ids}}
    assert run("diff", "2026-09-25", "2026-10-02") == 0
    output = capsys.readouterr().out
    assert f"from {chain.runs[3]} to {chain.runs[4]}: 1 changed" in output
    assert f"octo/hello: refs/heads/main {ids[0][:10]} -> {ids[1][:10]}" in output
    assert run("diff", chain.runs[4], chain.runs[4]) == 0
    assert "nothing changed" in capsys.readouterr().out
    # The base of the third run was replaced: its overlay is still there, and has the refs.
    assert run("diff", chain.runs[2], chain.runs[3], "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["repositories"]
    assert [*row["refs"]["gone"]] == ["refs/heads/old"]
    assert run("diff", chain.runs[0], chain.runs[3]) == 0
    replaced = f"its refs cannot be read: a later run replaced {KEY}"
    assert f"octo/hello: {replaced}" in capsys.readouterr().out
    path = tmp_path / "store" / layout.manifest(chain.runs[0])
    path.write_text(json.dumps({**json.loads(path.read_text()), "complete": False}))
    assert run("diff", chain.runs[0], chain.runs[3], "--no-refs") == 0
    shown = capsys.readouterr()
    assert "cannot be read" not in shown.out
    assert f"run {chain.runs[0]} did not complete" in shown.err
