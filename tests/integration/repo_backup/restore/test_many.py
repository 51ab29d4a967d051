"""Many repositories restored to a folder by one command."""

import json
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce, refs

pytestmark = pytest.mark.usefixtures("small_account")


@pytest.fixture
def saved(destination: Destination, made_once: MadeOnce) -> Destination:
    """A backup of octo's four repositories."""
    made_once("many", destination.root, lambda: destination.backup())
    return destination


def _restore(saved: Destination, into: Path, *arguments: str) -> int:
    return main(["restore", "--source", str(saved.root), "--into", str(into), *arguments])


def test_all_repositories_are_restored_with_their_wikis_below_their_owners(
    saved: Destination, tmp_path: Path, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "out"
    assert _restore(saved, into, "--all") == 0
    names = sorted(each.name for each in (into / "octo").iterdir())
    assert names == [
        *("hello.git", "hello.wiki.git", "no-wiki.git", "secret.git", "secret.wiki.git")
    ]
    assert [each.name for each in into.iterdir()] == ["octo"]  # no temporary folder is left
    assert refs(into / "octo/hello.git") == refs(hub.root / "octo/hello.git")
    assert "3 of 3 repositories restored" in capsys.readouterr().out


def test_a_pattern_and_a_name_select_what_is_restored(saved: Destination, tmp_path: Path) -> None:
    assert _restore(saved, tmp_path / "out", "OCTO/no-*", "octo/secret") == 0
    names = {each.name for each in (tmp_path / "out/octo").iterdir()}
    assert names == {"no-wiki.git", "secret.git", "secret.wiki.git"}


def test_a_name_that_is_nothing_is_refused_before_anything_is_restored(
    saved: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _restore(saved, tmp_path / "out", "octo/hello", "octo/helo") == 1
    assert "there is no archive of octo/helo" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_there_and_right_is_left_and_what_is_not_is_named(
    saved: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "out"
    assert _restore(saved, into, "--all") == 0
    (into / "octo/secret.git/packed-refs").write_text("# pack-refs with: peeled\n")
    before = (into / "octo/hello.git/HEAD").stat().st_mtime_ns
    [pack] = (into / "octo/no-wiki.git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(b"\0" * pack.stat().st_size)
    capsys.readouterr()
    assert _restore(saved, into, "--all", "--json") == 3
    answer = json.loads(capsys.readouterr().out)
    assert {(each["repository"], each["kind"]): each["state"] for each in answer["archives"]} == {
        ("octo/hello", "git"): "present",
        ("octo/hello", "wiki"): "present",
        ("octo/no-wiki", "git"): "failed",
        ("octo/secret", "git"): "failed",
        ("octo/secret", "wiki"): "present",
    }
    assert (answer["restored"], answer["present"], answer["failed"]) == (0, 3, 2)
    assert all("remove it" in e["reason"] for e in answer["archives"] if e["state"] == "failed")
    assert (into / "octo/hello.git/HEAD").stat().st_mtime_ns == before


def test_a_damaged_archive_costs_only_itself(
    saved: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved.root / "github_backups/octo/secret.zip").write_bytes(b"no zip")
    assert _restore(saved, tmp_path / "out", "octo/*") == 3
    answer = capsys.readouterr().out
    assert "2 of 3 repositories restored" in answer
    assert "not restored: octo/secret: " in answer
    assert not (tmp_path / "out/octo/secret.git").exists()


def test_what_the_run_could_not_save_is_named_in_the_summary(
    hub: GitHubStandIn,
    destination: Destination,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del hub.catalogue.repositories["octo/hello"]
    assert destination.backup("--exclude", "secret") == 0
    assert _restore(destination, tmp_path / "out", "--all") == 3
    answer = capsys.readouterr().out
    assert "1 of 2 repositories restored" in answer
    assert "not in the backup: octo/secret: " in answer


def test_each_state_of_a_run_is_restored_by_its_name(
    saved: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _restore(saved, tmp_path / "out", "--all", "--at", "r1") == 0
    assert "as of r1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name a repository as OWNER/REPO"),
        (["--all", "octo/hello"], "cannot be combined with names"),
        (["octo/a", "b"], "'b' is not OWNER/REPO"),
    ],
)
def test_a_command_line_that_names_nothing_is_refused(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["restore", "--source", str(tmp_path), "--into", str(tmp_path / "o"), *arguments])
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--version-id", "--push-to"])
def test_an_option_of_one_repository_is_refused_with_several(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = [] if option == "--push-to" else ["--into", str(tmp_path / "o")]
    arguments = ["restore", "--source", str(tmp_path), "--all", option, "x", *target]
    assert main(arguments) == 2
    assert f"{option}: it goes with one repository" in capsys.readouterr().err
