"""A whole run against real git: what is stored is what was there, and the second run is cheap."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import ALL, Destination, refs

Upstream = Callable[[str], Path]


def test_every_repository_and_wiki_comes_back_ref_by_ref(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    assert destination.backup() == 0
    with_archive = [name for name in ALL if name != "empty"]
    wikis = ["hello.wiki", "octo.github.io.wiki", "secret.wiki"]
    for name in (*with_archive, *wikis):
        wiki = ["--wiki"] if name in wikis else []
        mirror = destination.restored(name.removesuffix(".wiki"), tmp_path / name, *wiki)
        assert mirror.name == f"{name}.git"
        assert refs(mirror) == refs(upstream(name))
        git(mirror, "fsck", "--full", "--strict")


def test_states_say_what_became_of_each(destination: Destination) -> None:
    assert destination.backup() == 0
    assert destination.states() == {
        **{name: "backed-up" for name in ALL if name != "empty"},
        "empty": "empty",
        "hello.wiki": "backed-up",
        "octo.github.io.wiki": "backed-up",
        "secret.wiki": "backed-up",
        "no-wiki.wiki": "absent",
    }


def test_the_manifest_and_the_marker_vouch_for_the_archives(destination: Destination) -> None:
    assert destination.backup() == 0
    manifest = destination.manifest()
    for entry in manifest["repositories"]:
        if entry["archive"]:
            data = (destination.root / entry["archive"]["key"]).read_bytes()
            assert len(data) == entry["archive"]["bytes"]
            assert hashlib.sha256(data).hexdigest() == entry["archive"]["sha256"]
    assert manifest["complete"] is True
    assert manifest["totals"]["listed"] == len(ALL)
    (marker,) = destination.markers()
    output = dict(line.split("=") for line in marker.read_text().splitlines())
    document = (destination.root / output["manifest"]).read_bytes()
    assert output["manifest_sha256"] == hashlib.sha256(document).hexdigest()
    assert (output["run_id"], output["backed-up"], output["failed"]) == ("r1", "7", "0")


def test_an_archive_is_a_plain_zip_that_git_clones(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    archive = destination.root / "github_backups/octo/hello.zip"
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert {item.compress_type for item in opened.infolist()} == {zipfile.ZIP_STORED}
        opened.extractall(tmp_path / "unzipped")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(tmp_path / "unzipped/hello.git"), str(clone))
    assert (clone / "README.md").read_text() == "# Hello, world\n"


def test_merge_refs_of_pull_requests_are_left_out(destination: Destination, tmp_path: Path) -> None:
    destination.backup("--only", "hello")
    mirror = destination.restored("hello", tmp_path / "out")
    names = git(mirror, "for-each-ref", "--format=%(refname)").splitlines()
    assert "refs/pull/1/head" in names
    assert "refs/pull/1/merge" not in names


def test_an_unchanged_repository_costs_one_request(
    destination: Destination, hub: GitHubStandIn
) -> None:
    assert destination.backup("--no-drill") == 0
    hub.requests.clear()
    before = {path: path.stat().st_mtime_ns for path in destination.root.rglob("*.zip")}
    assert destination.backup("--no-drill", run_id="r2") == 0
    asked = [request for request in hub.requests if ".git/" in request.path]
    assert len(asked) == len({request.path for request in asked}) == len(ALL) + 4
    assert {request.method for request in asked} == {"GET"}
    assert {path: path.stat().st_mtime_ns for path in destination.root.rglob("*.zip")} == before
    assert destination.states("r2")["hello"] == "unchanged"
    assert destination.states("r2")["hello.wiki"] == "unchanged"
    entry = destination.entry("hello", "r2")
    assert entry["archive"]["run_id"] == "r1"


def test_connections_are_kept_alive(destination: Destination, hub: GitHubStandIn) -> None:
    destination.backup("--jobs", "2")
    assert len(hub.requests) > 20
    assert len({request.connection for request in hub.requests}) <= 3


def test_only_what_changed_moves(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup()
    commit_files(upstream("hello"), {"new.txt": "new\n"}, message="Change")
    hub.requests.clear()
    assert destination.backup(run_id="r2") == 0
    posts = [request.path for request in hub.requests if request.method == "POST"]
    assert posts == ["/octo/hello.git/git-upload-pack"]
    states = destination.states("r2")
    assert [name for name, state in states.items() if state == "backed-up"] == ["hello"]
    mirror = destination.restored("hello", tmp_path / "out")
    assert refs(mirror) == refs(upstream("hello"))


def test_a_moved_branch_alone_is_a_change(destination: Destination, upstream: Upstream) -> None:
    destination.backup("--only", "hello")
    git(upstream("hello"), "update-ref", "refs/heads/develop", "refs/heads/main")
    destination.backup("--only", "hello", run_id="r2")
    assert destination.states("r2")["hello"] == "backed-up"


def test_a_moved_merge_ref_is_no_change(destination: Destination, upstream: Upstream) -> None:
    destination.backup("--only", "hello")
    git(upstream("hello"), "update-ref", "refs/pull/1/merge", "refs/heads/develop")
    destination.backup("--only", "hello", run_id="r2")
    assert destination.states("r2")["hello"] == "unchanged"


def test_a_removed_archive_is_made_again(destination: Destination) -> None:
    destination.backup()
    (destination.root / "github_backups/octo/hello.zip").unlink()
    assert destination.backup(run_id="r2") == 0
    assert destination.states("r2")["hello"] == "backed-up"
    assert destination.states("r2")["unicode"] == "unchanged"


def test_the_same_mirror_gives_the_same_bytes(destination: Destination, tmp_path: Path) -> None:
    destination.backup("--only", "unicode")
    again = Destination(tmp_path / "again", destination.environment)
    again.backup("--only", "unicode", run_id="r9")
    first, second = destination.entry("unicode"), again.entry("unicode", "r9")
    assert first["archive"]["sha256"] == second["archive"]["sha256"]


def test_without_a_token_private_repositories_are_not_seen_and_absent_wikis_are_normal(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.environment.delenv("GITHUB_TOKEN")
    assert destination.public_backup() == 0
    states = destination.states()
    assert "secret" not in states
    assert states["no-wiki.wiki"] == "absent"
    assert {request.authorization for request in hub.requests} == {None}


def test_an_organization_and_a_user_can_be_backed_up_together(destination: Destination) -> None:
    assert destination.backup("--owner", "octo-org") == 0
    assert destination.states()["tools"] == "backed-up"
    assert (destination.root / "github_backups/octo-org/tools.zip").exists()


def test_no_owner_means_all_that_the_token_sees(destination: Destination) -> None:
    destination.environment.setenv("GITHUB_TOKEN", "stand-in-token-of-octo")
    arguments = ["backup", "--no-data", "--destination", str(destination.root), "--run-id", "r1"]
    assert main(arguments) == 0
    assert {"tools", "secret", "hello"} <= set(destination.states())


def test_more_repositories_than_a_page_are_all_listed(
    destination: Destination, hub: GitHubStandIn
) -> None:
    for number in range(100, 340):
        hub.catalogue.add(Repository(number, "octo", f"many-{number}"))
    arguments = ["--only", "hello", "--no-drill"]
    assert destination.backup(*arguments) == 0
    assert destination.manifest()["totals"]["listed"] == len(ALL) + 240


def test_what_is_left_out_is_named_with_its_reason(destination: Destination) -> None:
    assert destination.backup("--no-forks", "--exclude", "octo.*", "--no-wikis") == 0
    entries = {entry["name"]: entry for entry in destination.manifest()["repositories"]}
    assert (entries["old-fork"]["state"], entries["old-fork"]["reason"]) == (
        "skipped",
        "--no-forks",
    )
    assert entries["octo.github.io"]["reason"] == "--exclude octo.*"
    assert entries["hello"]["wiki"]["reason"] == "--no-wikis"


def test_what_is_left_out_later_keeps_its_archive_in_the_manifest(
    destination: Destination,
) -> None:
    destination.backup()
    destination.backup("--only", "unicode", run_id="r2")
    assert destination.entry("hello", "r2")["archive"]["run_id"] == "r1"
    destination.backup(run_id="r3")
    assert destination.states("r3")["hello"] == "unchanged"


def test_repositories_that_use_lfs_are_named(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup()
    flagged = [e["name"] for e in destination.manifest()["repositories"] if e["lfs"]]
    assert flagged == ["lfs"]
    assert "octo/lfs: 1 LFS object (123.5 kB) is not saved" in capsys.readouterr().out


def test_lfs_is_recognised_on_a_branch_among_many(
    destination: Destination, upstream: Upstream
) -> None:
    for number in range(30):
        commit_files(upstream("hello"), {"x": str(number)}, branch=f"a-{number:02d}")
    attributes = {".gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n"}
    commit_files(upstream("hello"), attributes, branch="z-last")
    assert destination.backup("--only", "hello") == 0
    assert destination.entry("hello")["lfs"] is True


def test_a_repository_of_sha256_objects_works(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    commit_files(init_repository(upstream("modern"), "sha256"), {"a": "b\n"})
    hub.catalogue.add(Repository(77, "octo", "modern"))
    assert destination.backup("--only", "modern") == 0
    mirror = destination.restored("modern", tmp_path / "out")
    assert refs(mirror) == refs(upstream("modern"))
    assert len(git(mirror, "rev-parse", "HEAD")) == 64


def test_a_detached_head_comes_back(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    oid = git(upstream("hello"), "rev-parse", "refs/tags/v0.1")
    git(upstream("hello"), "update-ref", "--no-deref", "HEAD", oid)
    assert destination.backup("--only", "hello") == 0
    assert git(destination.restored("hello", tmp_path / "out"), "rev-parse", "HEAD") == oid


def test_a_dry_run_names_what_it_would_do_and_writes_nothing(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup("--dry-run", "--no-forks") == 0
    output = capsys.readouterr().out
    assert "octo/old-fork" in output
    assert "excluded: --no-forks" in output
    assert "8 repositories, 6 would be fetched: about" in output
    assert not destination.root.exists()


def test_a_dry_run_knows_what_changed_since_the_last_run(
    destination: Destination,
    hub: GitHubStandIn,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup()
    commit_files(upstream("hello"), {"new.txt": "new\n"}, message="Change")
    hub.faults.add(Fault("/octo/lfs.git/*", status=451))
    before = sorted(path.name for path in destination.root.rglob("*"))
    hub.requests.clear()
    capsys.readouterr()
    assert destination.backup("--dry-run", "--json", run_id="r2") == 0
    output = json.loads(capsys.readouterr().out)
    rows = {row["repository"].removeprefix("octo/"): row for row in output["repositories"]}
    assert rows["hello"]["would_be"] == "fetched"
    assert rows["hello"]["wiki_would_be"] == rows["unicode"]["would_be"] == "unchanged"
    assert rows["empty"]["would_be"] == "empty"
    assert rows["no-wiki"]["wiki_would_be"] == "absent"
    assert rows["lfs"]["would_be"].startswith("failed: blocked for legal reasons")
    assert output["bytes_to_fetch"] == destination.entry("hello")["archive"]["bytes"]
    assert sorted(path.name for path in destination.root.rglob("*")) == before
    asked = [request for request in hub.requests if ".git/" in request.path]
    assert {request.method for request in asked} == {"GET"}
    assert len(asked) == len(ALL) + 4


def test_nothing_is_left_on_the_disk(destination: Destination, tmp_path: Path) -> None:
    destination.backup()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_drill_is_in_the_manifest_and_reaches_every_archive_in_time(
    destination: Destination,
) -> None:
    destination.backup()
    drill = destination.manifest()["drill"]
    assert drill["ok"] is True
    assert (len(drill["checked"]), drill["archives"], drill["never_drilled"]) == (3, 11, 8)
    largest = max(
        (e["archive"] for e in destination.manifest()["repositories"] if e["archive"]),
        key=lambda archive: int(archive["bytes"]),
    )
    assert largest["key"] in [item["key"] for item in drill["checked"]]
    for number in range(2, 6):
        destination.backup(run_id=f"r{number}")
    assert destination.manifest("r5")["drill"]["never_drilled"] == 0


def test_two_runs_in_the_same_minute_have_a_marker_each(destination: Destination) -> None:
    destination.backup()
    destination.backup(run_id="r2")
    output = [marker.read_text().splitlines()[0] for marker in destination.markers()]
    assert output == ["run_id=r1", "run_id=r2"]
