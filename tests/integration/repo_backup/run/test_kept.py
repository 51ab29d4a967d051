"""What GitHub does not list any more is kept, whoever takes its name, whatever comes later."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Bucket, Destination, refs
from tests.surplus import slow_but

Upstream = Callable[[str], Path]
USUAL, OWN = "github_backups/octo/hello.zip", "github_backups/octo/hello~999.zip"
WIKI = "github_backups/octo/hello.wiki.zip"
FAST = "--no-drill"
pytestmark = pytest.mark.usefixtures("small_account")


def _vanish(hub: GitHubStandIn, name: str = "hello") -> Repository:
    return hub.catalogue.repositories.pop(f"octo/{name}")


def _squat(hub: GitHubStandIn, number: int = 999, name: str = "hello") -> None:
    """Another repository of that name, with other history."""
    hub.catalogue.add(Repository(number, "octo", name))
    commit_files(init_repository(hub.root / "octo" / f"{name}.git"), {"x": f"of {number}"})


def _kept(destination: Destination | Bucket, run_id: str) -> dict[str, int]:
    """Whose each archive is that a run's manifest keeps."""
    return {each["key"]: each["id"] for each in destination.manifest(run_id)["kept"]}


def _restored(source: str, name: str, into: Path, *arguments: str) -> list[str]:
    fixed = ["--source", source, "--into", str(into)]
    assert main(["restore", name, *fixed, *arguments]) == 0
    return refs(next(into.glob("*.git")))


def test_one_that_vanished_and_whose_name_is_taken_a_run_later_is_kept_in_a_folder(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    source = str(destination.root)
    assert destination.backup(FAST, run_id="r1") == 0
    former, archive = refs(upstream("hello")), (destination.root / USUAL).read_bytes()
    _vanish(hub)
    assert destination.backup(FAST, run_id="r2") == 0
    assert _kept(destination, "r2") == {USUAL: 1, WIKI: 1}
    assert _restored(source, "octo/hello", tmp_path / "vanished") == former
    _squat(hub)
    for run_id in ("r3", "r4", "r5"):
        assert destination.backup(FAST, run_id=run_id) == 0
        assert _kept(destination, run_id) == {USUAL: 1, WIKI: 1}
        assert destination.entry("hello", run_id)["archive"]["key"] == OWN
    assert (destination.root / USUAL).read_bytes() == archive
    (answer,) = destination.entry("hello", "r3")["warnings"]
    assert answer == f"{USUAL} is of another one, octo/hello with id 1; its own is {OWN}"
    assert destination.entry("hello", "r5")["warnings"] == []
    assert destination.states("r5")["hello"] == "unchanged"
    now = refs(upstream("hello"))
    assert _restored(source, "octo/hello", tmp_path / "now") == now != former
    assert _restored(source, "octo/hello", tmp_path / "first", "--run-id", "r1") == former
    assert _restored(source, "octo/hello~1", tmp_path / "by-id") == former
    assert _restored(source, "octo/hello~999", tmp_path / "by-new-id") == now


def test_the_same_in_a_bucket_leaves_one_version_of_each(
    s3: Bucket, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    s3.backup(FAST, run_id="r1")
    former = refs(upstream("hello"))
    _vanish(hub)
    s3.backup(FAST, run_id="r2")
    _squat(hub)
    for run_id in ("r3", "r4"):
        assert s3.backup(FAST, run_id=run_id) == 0
    assert _kept(s3, "r4") == {USUAL: 1, WIKI: 1}
    versions = s3.client.list_object_versions(Bucket=s3.name, Prefix="github_backups/octo/hello")
    keys = sorted(each["Key"] for each in versions["Versions"])
    assert keys == [WIKI, USUAL, OWN]
    assert _restored(s3.location, "octo/hello~1", tmp_path / "out") == former


@pytest.mark.parametrize(
    ("name", "key"), slow_but({1, 2}, [("hello", OWN), ("hello~1", USUAL), ("hello~999", OWN)])
)
def test_the_versions_that_are_listed_are_those_of_the_same_repository(
    s3: Bucket, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str], name: str, key: str
) -> None:
    s3.backup(FAST, run_id="r1")
    _vanish(hub)
    _squat(hub)
    s3.backup(FAST, run_id="r2")
    capsys.readouterr()
    arguments = ["list", "--json", "--versions", f"octo/{name}", "--source", s3.location]
    assert main(arguments) == 0
    (version,) = json.loads(capsys.readouterr().out)["versions"]
    head = s3.client.head_object(Bucket=s3.name, Key=key)
    assert version["version_id"] == head["VersionId"]


def test_one_whose_name_is_taken_between_two_runs_is_kept_in_the_first_of_them(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    before = (destination.root / USUAL).read_bytes()
    _vanish(hub)
    _squat(hub)
    assert destination.backup(FAST, run_id="r2") == 0
    assert (destination.root / USUAL).read_bytes() == before
    assert _kept(destination, "r2") == {USUAL: 1, WIKI: 1}
    assert destination.entry("hello", "r2")["archive"]["key"] == OWN


def test_an_empty_one_of_the_same_name_replaces_nothing(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream
) -> None:
    destination.backup(FAST)
    before = (destination.root / USUAL).read_bytes()
    hub.catalogue.add(Repository(999, "octo", "hello"))
    init_repository(upstream("hello"))
    assert destination.backup(FAST, run_id="r2") == 0
    assert (destination.root / USUAL).read_bytes() == before
    assert destination.entry("hello", "r2")["archive"] is None
    assert _kept(destination, "r2") == {USUAL: 1, WIKI: 1}


def test_the_old_name_of_a_renamed_one_is_kept_and_may_be_used_anew(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup(FAST, run_id="r1")
    former = refs(upstream("hello"))
    old = _vanish(hub)
    shutil.move(hub.root / "octo/hello.git", hub.root / "octo/welcome.git")
    hub.catalogue.add(Repository(old.id, "octo", "welcome"))
    destination.backup(FAST, run_id="r2")
    _squat(hub)
    destination.backup(FAST, run_id="r3")
    assert _kept(destination, "r3")[USUAL] == 1
    assert destination.entry("welcome", "r3")["archive"]["key"].endswith("/welcome.zip")
    assert destination.entry("hello", "r3")["archive"]["key"] == OWN
    source = str(destination.root)
    assert _restored(source, "octo/hello", tmp_path / "old", "--run-id", "r1") == former
    assert _restored(source, "octo/welcome", tmp_path / "new") == former


def test_one_that_comes_back_goes_on_with_its_archive(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    old = _vanish(hub)
    for run_id in ("r2", "r3"):
        destination.backup(FAST, run_id=run_id)
    hub.catalogue.add(old)
    assert destination.backup(FAST, run_id="r4") == 0
    assert destination.states("r4")["hello"] == "unchanged"
    assert _kept(destination, "r4") == {}


def test_list_and_verify_know_what_is_kept(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    destination.backup(FAST, run_id="r2")
    _squat(hub)
    destination.backup(FAST, run_id="r3")
    capsys.readouterr()
    assert main(["list", "--json", "--source", str(destination.root)]) == 0
    rows = json.loads(capsys.readouterr().out)["archives"]
    states = {row["key"]: (row["repository"], row["state"]) for row in rows}
    assert states[USUAL] == states[WIKI] == ("octo/hello", "kept")
    assert states[OWN] == ("octo/hello", "backed-up")
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0
    assert f"good: {USUAL}" in capsys.readouterr().out
    (destination.root / USUAL).write_bytes(b"no zip")
    assert main(["verify", "--all", "--source", str(destination.root)]) == 3
    assert f"BAD:  {USUAL}" in capsys.readouterr().out


def test_what_is_kept_of_a_taken_name_says_so_when_the_new_one_has_nothing(
    destination: Destination,
    hub: GitHubStandIn,
    upstream: Upstream,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup(FAST, run_id="r1")
    former = refs(upstream("hello"))
    _vanish(hub)
    _squat(hub)
    hub.faults.add(Fault("/octo/hello.git/*", status=500))
    assert destination.backup(FAST, run_id="r2") == 3
    assert _restored(str(destination.root), "octo/hello", tmp_path / "out") == former
    assert "retained of a repository that GitHub no longer lists" in capsys.readouterr().out


def test_a_kept_archive_that_somebody_removed_is_told_once_and_named_no_more(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    destination.backup(FAST, run_id="r2")
    (destination.root / USUAL).unlink()
    assert destination.backup(FAST, run_id="r3") == 0
    assert _kept(destination, "r3") == {WIKI: 1}
    (answer,) = destination.manifest("r3")["notices"]
    assert answer.startswith(f"octo/hello: its kept archive {USUAL} (of ")
    _squat(hub)
    assert destination.backup(FAST, run_id="r4") == 0
    assert destination.manifest("r4")["notices"] == []
    assert destination.entry("hello", "r4")["archive"]["key"] == USUAL


def test_a_kept_archive_that_was_replaced_is_vouched_for_no_more_and_never_overwritten(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    destination.backup(FAST, run_id="r2")
    (destination.root / USUAL).write_bytes(b"something else")
    _squat(hub)
    for run_id in ("r3", "r4"):
        assert destination.backup(FAST, run_id=run_id) == 0
    assert (destination.root / USUAL).read_bytes() == b"something else"
    archives = {each["key"]: each["archive"] for each in destination.manifest("r4")["kept"]}
    assert archives[USUAL] is None
    assert destination.entry("hello", "r4")["archive"]["key"] == OWN
    assert len(destination.manifest("r3")["notices"]) == 1
    assert destination.manifest("r4")["notices"] == []


def test_a_kept_archive_in_a_bucket_that_was_copied_is_known_by_its_bytes(
    s3: Bucket, hub: GitHubStandIn
) -> None:
    s3.backup(FAST, run_id="r1")
    _vanish(hub)
    s3.backup(FAST, run_id="r2")
    document = s3.manifest("r2")
    for each in document["kept"]:
        each["archive"] |= {"etag": '"of-the-first-bucket"', "version_id": "of-the-first-bucket"}
    document["kept"][1]["archive"]["sha256"] = "0" * 64
    s3.client.put_object(
        Bucket=s3.name, Key="runs/r2/manifest.json", Body=json.dumps(document).encode()
    )
    assert s3.backup(FAST, run_id="r3") == 0
    known, doubtful = s3.manifest("r3")["kept"]
    assert known["archive"]["version_id"] is None
    assert known["archive"]["etag"] != '"of-the-first-bucket"'
    assert doubtful["archive"] is None
    (answer,) = s3.manifest("r3")["notices"]
    assert doubtful["key"] in answer


def test_what_a_killed_run_uploaded_and_never_wrote_down_is_nobodys(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    hub.catalogue.add(Repository(500, "octo", "young"))
    shutil.copytree(hub.root / "octo/hello.git", hub.root / "octo/young.git")
    destination.backup(FAST, run_id="killed")
    shutil.rmtree(destination.root / "runs/killed")
    _vanish(hub, "young")
    destination.backup(FAST, run_id="r2")
    assert destination.manifest("r2")["kept"] == []
    assert destination.manifest("r2")["notices"] == []
    assert (destination.root / "github_backups/octo/young.zip").exists()


def test_a_newer_upload_that_a_killed_run_never_wrote_down_is_not_overwritten(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream
) -> None:
    destination.backup(FAST, run_id="r1")
    commit_files(upstream("hello"), {"y": "newer"})
    destination.backup(FAST, run_id="killed")
    shutil.rmtree(destination.root / "runs/killed")
    newer = (destination.root / USUAL).read_bytes()
    _vanish(hub)
    _squat(hub)
    for run_id in ("r2", "r3"):
        assert destination.backup(FAST, run_id=run_id) == 0
    assert (destination.root / USUAL).read_bytes() == newer
    assert destination.entry("hello", "r3")["archive"]["key"] == OWN
    assert _kept(destination, "r3")[USUAL] == 1


def test_an_owner_that_a_run_does_not_cover_is_not_its_business(
    destination: Destination, hub: GitHubStandIn
) -> None:
    both = ["--owner", "octo-org", FAST]
    destination.backup(*both, run_id="r1")
    del hub.catalogue.repositories["octo-org/tools"]
    hub.catalogue.add(Repository(700, "octo-org", "other"))
    shutil.copytree(hub.root / "octo/hello.git", hub.root / "octo-org/other.git")
    _vanish(hub)
    destination.backup(FAST, run_id="r2")
    assert _kept(destination, "r2") == {USUAL: 1, WIKI: 1}
    destination.backup(*both, run_id="r3")
    assert _kept(destination, "r3").keys() == {
        USUAL,
        WIKI,
        "github_backups/octo-org/tools.zip",
    }


def test_a_listing_that_broke_off_makes_nobody_vanish(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r0")
    _vanish(hub, "no-wiki")
    destination.backup(FAST, run_id="r1")
    earlier = {"github_backups/octo/no-wiki.zip"}
    for name in ("hello", "secret"):
        _vanish(hub, name)
    assert destination.backup(FAST, run_id="r2") == 1
    assert _kept(destination, "r2").keys() == earlier
    assert destination.backup(FAST, "--allow-shrink", run_id="r3") == 0
    assert _kept(destination, "r3").keys() > {USUAL, *earlier}


def test_runs_from_before_there_were_such_lists_are_read_until_each_archive_is_named(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    for run_id in ("r2", "r3"):
        destination.backup(FAST, run_id=run_id)
    for run_id in ("r1", "r2", "r3"):
        path = destination.root / "runs" / run_id / "manifest.json"
        document = json.loads(path.read_text())
        del document["kept"]
        path.write_text(json.dumps(document))
    _squat(hub)
    assert destination.backup(FAST, run_id="r4") == 0
    assert _kept(destination, "r4") == {USUAL: 1, WIKI: 1}


def test_all_that_a_token_sees_is_kept_as_an_owners_is(
    destination: Destination, hub: GitHubStandIn, environment: pytest.MonkeyPatch
) -> None:
    def run(run_id: str) -> None:
        environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
        fixed = ["--destination", str(destination.root), "--run-id", run_id, FAST]
        assert main(["backup", "--no-data", *fixed]) == 0

    run("r1")
    _vanish(hub)
    run("r2")
    _squat(hub)
    run("r3")
    assert _kept(destination, "r3") == {USUAL: 1, WIKI: 1}
    assert destination.entry("hello", "r3")["archive"]["key"] == OWN


def test_what_would_be_fetched_is_found_out_by_the_same_keys(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    _squat(hub)
    destination.backup(FAST, run_id="r2")
    capsys.readouterr()
    assert destination.backup("--dry-run", "--json", run_id="r3") == 0
    rows = json.loads(capsys.readouterr().out)["repositories"]
    assert {row["repository"]: row["would_be"] for row in rows}["octo/hello"] == "unchanged"


def test_a_checkpoint_calls_nothing_kept_that_is_still_to_be_looked_at(
    destination: Destination, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination.backup(FAST, run_id="r1")
    _vanish(hub)
    monkeypatch.setattr("repo_backup.run.checkpoints.CHECKPOINT_SECONDS", 0.0)
    seen: list[set[str]] = []
    true = Manifest.to_json

    def to_json(self: Manifest) -> bytes:
        seen.append({each.key for each in self.kept or ()})
        return true(self)

    monkeypatch.setattr(Manifest, "to_json", to_json)
    assert destination.backup(FAST, run_id="r2") == 0
    assert seen
    assert all(keys == {USUAL, WIKI} for keys in seen)


def test_a_wiki_that_is_not_there_any_more_is_named_with_its_archive(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    shutil.rmtree(hub.root / "octo/hello.wiki.git")
    assert destination.backup(FAST, run_id="r2") == 0
    wiki = destination.entry("hello", "r2")["wiki"]
    assert (wiki["state"], wiki["archive"]["key"]) == ("absent", WIKI)
    assert wiki["warnings"] == ["no longer exists; its archive is kept"]


def test_the_damaged_list_of_a_kept_archive_is_written_again_as_it_was(
    s3: Bucket, hub: GitHubStandIn, upstream: Upstream
) -> None:
    days = [f"2026-11-0{day}T17-00-00Z" for day in (1, 2, 3, 4)]
    s3.backup(FAST, run_id=days[0])
    commit_files(upstream("hello"), {"new.txt": "new\n"}, message="New")
    s3.backup(FAST, run_id=days[1])
    (listed,) = (key for key in s3.keys if key.endswith(".json") and "+" in key)
    before = s3.text(listed)
    _vanish(hub)
    s3.backup(FAST, run_id=days[2])
    s3.client.put_object(Bucket=s3.name, Key=listed, Body=b"damaged")
    published = {**s3.manifest(days[2]), "damaged_chains": [listed]}
    body = json.dumps(published).encode()
    s3.client.put_object(Bucket=s3.name, Key=layout.manifest(days[2]), Body=body)
    assert s3.backup(FAST, run_id=days[3]) == 0
    assert s3.text(listed) == before
    (kept,) = (each for each in s3.manifest(days[3])["kept"] if each["key"] == USUAL)
    assert kept["chain"]["links"] == 1
    (answer,) = (each for each in s3.manifest(days[3])["notices"] if listed in each)
    assert "was damaged, and is written anew" in answer


def test_a_wiki_that_a_token_is_not_shown_with_its_repository_is_not_called_gone(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    hub.faults.add(Fault("/octo/hello.*git/*", status=404))
    assert destination.backup(FAST, run_id="r2") == 3
    entry = destination.entry("hello", "r2")
    wiki = entry["wiki"]
    assert (entry["state"], wiki["state"], wiki["archive"]["key"]) == ("failed", "failed", WIKI)
    assert "warnings" not in wiki or not wiki["warnings"]
    hub.faults.clear()
    assert destination.backup(FAST, run_id="r3") == 0
    assert destination.entry("hello", "r3")["wiki"]["state"] == "unchanged"
