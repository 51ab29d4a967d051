"""A repository that changed is stored as an overlay: what goes over the wire, and what lies there
after a run that was killed anywhere."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.s3 import S3Store
from tests.integration.repo_backup.conftest import Bucket, Destination, refs

BY_HAND = """
cd "$1"
c=$(sha256sum hello.zip | cut -c1-12)
for z in hello.zip $(ls | grep "^hello+$c\\.[0-9]*\\.zip$"); do unzip -oq "$z" || break; done
git clone --quiet --mirror hello.git "$2"
"""
_RUNS = [f"2026-11-{day:02}T17-00-00Z" for day in range(1, 20)]
_RUNS += [each.replace("T17", "T16") for each in _RUNS]


@pytest.fixture
def hello(upstream: Callable[[str], Path]) -> Path:
    """The repository upstream."""
    return upstream("hello")


def backup(destination: Destination, number: int, *arguments: str) -> int:
    """The run of a day, of one repository."""
    only = ("--only", "hello", "--no-drill", "--no-wikis")
    return destination.backup(*only, *arguments, run_id=_RUNS[number])


def by_hand(root: Path, into: Path) -> list[str]:
    """What the printed shell lines restore."""
    folder = root / "github_backups/octo"
    subprocess.run(["sh", "-c", BY_HAND, "sh", folder, into], check=True, capture_output=True)
    subprocess.run(["rm", "-r", folder / "hello.git"], check=True)
    git(into, "fsck", "--full", "--strict", "--no-dangling")
    return refs(into)


def zips(destination: Destination) -> list[str]:
    """The archives of the repository, without folder and chain."""
    folder = destination.root / "github_backups/octo"
    return sorted(re.sub(r"\+\w+", "", each.name) for each in folder.glob("hello*.zip"))


def posts(hub: GitHubStandIn) -> int:
    """How many packs were asked for since."""
    found = sum(each.method == "POST" for each in hub.requests)
    hub.requests.clear()
    return found


def test_a_changed_repository_becomes_an_overlay_and_every_day_can_be_restored(
    destination: Destination, hub: GitHubStandIn, hello: Path, tmp_path: Path
) -> None:
    assert backup(destination, 0) == 0
    days = [refs(hello)]
    base = destination.entry("hello", _RUNS[0])["archive"]
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    posts(hub)
    assert backup(destination, 1) == 0
    assert posts(hub) == 1
    days.append(refs(hello))
    git(hello, "update-ref", "-d", "refs/tags/v0.1")
    assert backup(destination, 2) == 0
    assert posts(hub) == 0
    days.append(refs(hello))
    assert backup(destination, 3) == 0
    entry = destination.entry("hello", _RUNS[3])
    assert entry["state"] == "unchanged"
    assert entry["archive"]["sha256"] == base["sha256"]
    assert entry["chain"]["links"] == 2
    assert zips(destination) == ["hello.0001.zip", "hello.0002.zip", "hello.zip"]
    assert by_hand(destination.root, tmp_path / "hand") == days[-1]
    for number, day in enumerate(days):
        into = tmp_path / f"day-{number}"
        assert refs(destination.restored("hello", into, "--at", _RUNS[number])) == day


class KilledError(BaseException):
    """The run ends here and now."""


def killed_behind(run: Callable[[], int], owner: type, name: str, match: str) -> None:
    """A run that ends as soon as this function of a store has done its work on such a key."""
    true = getattr(owner, name)

    def once(self: object, key: str, *given: object, **named: object) -> object:
        done = true(self, key, *given, **named)
        if re.search(match, key):
            raise KilledError
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, once)
        with pytest.raises(KilledError):
            run()


_STEPS = {
    "overlay": ("put_archive", r"\+\w+\.\d+\.zip"),
    "list": ("write_if", r"\+\w+\.json"),
}


@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("links", [0, 1])
def test_a_run_killed_behind_an_overlay_is_followed_by_one_that_takes_it_into_the_chain(
    destination: Destination, hello: Path, tmp_path: Path, step: str, links: int
) -> None:
    backup(destination, 0)
    days = {_RUNS[0]: refs(hello)}
    for number in range(1, links + 1):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
        days[_RUNS[number]] = refs(hello)
    commit_files(hello, {"killed.txt": "killed\n"}, message="Killed", branch="topic")
    killed_behind(lambda: backup(destination, 8), DirectoryStore, *_STEPS[step])
    git(hello, "update-ref", "-d", "refs/heads/topic")
    assert backup(destination, 9) == 0
    days[_RUNS[9]] = refs(hello)
    assert destination.entry("hello", _RUNS[9])["chain"]["links"] == links + 2
    assert by_hand(destination.root, tmp_path / "hand") == days[_RUNS[9]]
    for run_id, day in days.items():
        into = tmp_path / run_id
        assert refs(destination.restored("hello", into, "--at", run_id)) == day
    assert backup(destination, 10) == 0
    assert destination.entry("hello", _RUNS[10])["state"] == "unchanged"


def test_a_run_killed_behind_a_new_base_is_followed_by_one_that_fetches_it_again(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    killed_behind(
        lambda: backup(destination, 2, "--full", "--force"),
        DirectoryStore,
        "put_archive",
        r"/hello\.zip",
    )
    assert by_hand(destination.root, tmp_path / "between") == refs(hello)
    assert backup(destination, 3) == 0
    entry = destination.entry("hello", _RUNS[3])
    assert (entry["state"], entry.get("chain")) == ("backed-up", None)
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def _overlay(destination: Destination, number: int) -> Path:
    """An overlay of the present chain, whether it is there or not."""
    folder = destination.root / "github_backups/octo"
    digest = hashlib.sha256((folder / "hello.zip").read_bytes()).hexdigest()
    return folder / f"hello+{digest[:12]}.{number:04}.zip"


def dropped_branch(destination: Destination, hello: Path) -> str:
    """The tip of a branch that the first two runs saved and upstream has lost since."""
    commit_files(hello, {"topic.txt": "1\n"}, branch="topic")
    tip = git(hello, "rev-parse", "topic")
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    git(hello, "update-ref", "-d", "refs/heads/topic")
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    return tip


def pins(found: list[str]) -> tuple[list[str], list[str]]:
    """The refs without pins, and what is pinned."""
    kept = [each for each in found if each.startswith("refs/kept/")]
    return [each for each in found if each not in kept], [each.split()[1] for each in kept]


@pytest.mark.parametrize("foreign", [b"no zip", b""])
@pytest.mark.parametrize("number", [2, 4])
def test_an_overlay_that_no_run_can_have_put_leads_to_a_base_that_keeps_what_others_hold(
    destination: Destination, hello: Path, tmp_path: Path, foreign: bytes, number: int
) -> None:
    tip = dropped_branch(destination, hello)
    _overlay(destination, number).write_bytes(foreign)
    assert backup(destination, 2) == 0
    entry = destination.entry("hello", _RUNS[2])
    assert (entry["state"], entry.get("chain")) == ("backed-up", None)
    (told,) = (each for each in entry["warnings"] if "a new archive holds" in each)
    assert f".{number:04}.zip" in told
    assert not _overlay(destination, number).exists()
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])
    commit_files(hello, {"more.txt": "more\n"}, message="More")
    assert backup(destination, 3) == 0
    assert destination.entry("hello", _RUNS[3])["chain"]["links"] == 1
    assert pins(by_hand(destination.root, tmp_path / "again")) == (refs(hello), [tip])


def test_a_base_that_is_made_anew_of_the_same_gets_a_chain_of_its_own(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    _overlay(destination, 3).write_bytes(b"no zip")
    assert backup(destination, 1) == 0
    assert not _overlay(destination, 3).exists()
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


@pytest.mark.parametrize("damage", ["missing", "shorter", "other bytes"])
def test_an_overlay_that_is_not_as_it_was_leads_to_a_base_that_keeps_what_can_be_read(
    destination: Destination, hello: Path, tmp_path: Path, damage: str
) -> None:
    tip = dropped_branch(destination, hello)
    overlay = _overlay(destination, 1)
    match damage:
        case "missing":
            overlay.unlink()
        case "shorter":
            overlay.write_bytes(overlay.read_bytes()[:-1])
        case "other bytes":
            overlay.write_bytes(b"x" * len(overlay.read_bytes()))
    assert backup(destination, 2) == 0
    entry = destination.entry("hello", _RUNS[2])
    assert entry.get("chain") is None
    assert any(".0001.zip" in each for each in entry["warnings"])
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])


@pytest.mark.parametrize("damage", ["missing", "damaged", "of another chain"])
def test_a_list_that_is_lost_in_a_folder_is_made_anew_and_no_run_is_lost(
    destination: Destination, hello: Path, tmp_path: Path, damage: str
) -> None:
    days = {}
    for number in (0, 1, 2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
        days[number] = refs(hello)
    overlay = _overlay(destination, 1)
    listed = overlay.with_name(overlay.name.replace(".0001.zip", ".json"))
    match damage:
        case "missing":
            listed.unlink()
        case "damaged":
            listed.write_bytes(b"{}\n")
        case "of another chain":
            listed.write_bytes(listed.read_bytes().replace(b"+", b"+0"))
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 3) == 0
    days[3] = refs(hello)
    assert destination.entry("hello", _RUNS[3])["chain"]["links"] == 3
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    for number, day in days.items():
        into = tmp_path / str(number)
        assert refs(destination.restored("hello", into, "--at", _RUNS[number])) == day


def test_rewritten_history_stays_where_everything_was_fetched_anew(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 0)
    before = refs(hello)
    git(hello, "update-ref", "refs/heads/main", "main~1")
    assert backup(destination, 1, "--full", "--force") == 0
    entry = destination.entry("hello", _RUNS[1])
    assert entry["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    into = tmp_path / "before"
    assert refs(destination.restored("hello", into, "--at", _RUNS[0])) == before
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 2) == 0
    assert destination.entry("hello", _RUNS[2])["chain"]["links"] == 2
    assert by_hand(destination.root, tmp_path / "again") == refs(hello)


def test_all_that_was_fetched_anew_replaces_the_base_if_nothing_is_lost(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    assert backup(destination, 2, "--full", "--force") == 0
    entry = destination.entry("hello", _RUNS[2])
    assert (entry["archive"]["run_id"], entry.get("chain")) == (_RUNS[2], None)
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def test_a_server_that_has_lost_the_old_history_costs_an_overlay_that_is_whole(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    before = refs(hello)
    for line in git(hello, "for-each-ref", "--format=%(refname)").splitlines():
        git(hello, "update-ref", "-d", line)
    git(hello, "gc", "--quiet", "--prune=now")
    commit_files(hello, {"other.txt": "other\n"}, message="Begin anew")
    assert backup(destination, 1) == 0
    assert destination.entry("hello", _RUNS[1])["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    assert refs(destination.restored("hello", tmp_path / "b", "--at", _RUNS[0])) == before


def test_a_wiki_grows_as_well(
    destination: Destination, upstream: Callable[[str], Path], tmp_path: Path
) -> None:
    wiki = upstream("hello.wiki")
    fixed = ("--only", "hello", "--no-drill")
    destination.backup(*fixed, run_id=_RUNS[0])
    commit_files(wiki, {"New.md": "new\n"}, branch=git(wiki, "symbolic-ref", "--short", "HEAD"))
    assert destination.backup(*fixed, run_id=_RUNS[1]) == 0
    assert destination.entry("hello", _RUNS[1])["wiki"]["chain"]["links"] == 1
    assert refs(destination.restored("hello", tmp_path / "wiki", "--wiki")) == refs(wiki)


def test_a_full_run_in_a_folder_names_the_runs_that_it_would_give_up(
    destination: Destination, hello: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        assert backup(destination, number, "--full") == 0
    assert backup(destination, 2) == 0
    assert destination.entry("hello", _RUNS[2]).get("chain") is None
    commit_files(hello, {"new.txt": "newer\n"}, message="Newer")
    assert backup(destination, 3) == 0
    before = zips(destination)
    assert backup(destination, 4, "--full") == 2
    assert f"{_RUNS[2]}, {_RUNS[1]}, {_RUNS[0]} could not be restored" in capsys.readouterr().err
    assert zips(destination) == before


def test_a_bucket_goes_through_the_same_and_keeps_what_a_full_run_replaces(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    def run(number: int, *arguments: str) -> int:
        only = ("--only", "hello", "--no-drill", "--no-wikis")
        return s3.backup(*only, *arguments, run_id=_RUNS[number])

    def copied(name: str) -> Path:
        for key in s3.keys:
            path = tmp_path / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.client.download_file(s3.name, key, str(path))
        return tmp_path / name

    days = {}
    for number, step in enumerate(["", *_STEPS.values(), ""]):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        if step:
            killed_behind(partial(run, number), S3Store, *step)
            commit_files(hello, {"newer.txt": f"{number}\n"}, message="Newer")
        assert run(number + 4) == 0
        days[_RUNS[number + 4]] = refs(hello)
    entry = s3.entry("hello", _RUNS[7])
    assert entry["chain"]["links"] == 5
    assert by_hand(copied("copy"), tmp_path / "hand") == refs(hello)
    assert run(9, "--full") == 0
    assert s3.entry("hello", _RUNS[9]).get("chain") is None
    for run_id, day in days.items():
        into = tmp_path / run_id
        fixed = ["restore", "octo/hello", "--source", s3.location, "--into", str(into)]
        assert main([*fixed, "--at", run_id]) == 0
        assert refs(next(into.glob("*.git"))) == day


def test_a_later_attempt_of_a_run_takes_its_own_overlay_for_what_it_has_done(
    destination: Destination, hub: GitHubStandIn, hello: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    assert backup(destination, 1) == 0
    posts(hub)
    assert backup(destination, 1, "--attempt", "2") == 0
    assert posts(hub) == 0
    entry = destination.entry("hello", _RUNS[1])
    assert (entry["state"], entry["chain"]["links"]) == ("backed-up", 1)
    totals = destination.manifest(_RUNS[1])["totals"]
    assert totals["bytes_uploaded"] == entry["chain"]["bytes"]


def test_a_renamed_repository_begins_anew_and_its_former_chain_is_kept(
    destination: Destination, hub: GitHubStandIn, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    before = refs(hello)
    old = hub.catalogue.repositories.pop("octo/hello")
    hub.catalogue.add(Repository(old.id, "octo", "hello-again"))
    hello.rename(hello.with_name("hello-again.git"))
    only = ("--only", "hello-again", "--no-drill", "--no-wikis")
    assert destination.backup(*only, run_id=_RUNS[2]) == 0
    entry = destination.entry("hello-again", _RUNS[2])
    assert entry["archive"]["key"] == "github_backups/octo/hello-again.zip"
    (kept,) = (each for each in destination.manifest(_RUNS[2])["kept"] if "wiki" not in each["key"])
    assert kept["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == before


def test_overlays_that_a_manifest_of_an_earlier_program_lacks_are_followed_by_one_of_today(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    """After a roll-back a run may find what the base holds, and names the base alone."""
    backup(destination, 0)
    main_was = git(hello, "rev-parse", "main")
    for number in (1, 2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
    git(hello, "update-ref", "refs/heads/main", main_was)
    written = destination.root / "runs" / _RUNS[2] / "manifest.json"
    document = json.loads(written.read_text())
    for entry in document["repositories"]:
        entry.pop("chain", None)
    written.write_text(json.dumps(document))
    assert backup(destination, 3) == 0
    assert destination.entry("hello", _RUNS[3])["chain"]["links"] == 3
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def test_a_bucket_that_was_copied_goes_on_without_fetching_anything_whole(
    s3: Bucket, hub: GitHubStandIn, hello: Path
) -> None:
    only = ("--only", "hello", "--no-drill", "--no-wikis")
    s3.backup(*only, run_id=_RUNS[0])
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    s3.backup(*only, run_id=_RUNS[1])
    before = {key: s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read() for key in s3.keys}
    copy = replace(s3, name=f"{s3.name}-copy")
    region = s3.client.meta.region_name
    s3.client.create_bucket(
        Bucket=copy.name,
        CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
    )
    versioned: Any = {"Status": "Enabled"}
    s3.client.put_bucket_versioning(Bucket=copy.name, VersioningConfiguration=versioned)
    for key, body in before.items():
        s3.client.put_object(Bucket=copy.name, Key=key, Body=body)
    posts(hub)
    assert copy.backup(*only, run_id=_RUNS[2]) == 0
    assert copy.entry("hello", _RUNS[2])["state"] == "unchanged"
    assert posts(hub) == 0
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert copy.backup(*only, run_id=_RUNS[3]) == 0
    assert copy.entry("hello", _RUNS[3])["chain"]["links"] == 2
    assert posts(hub) == 1
    assert main(["verify", "--source", copy.location, "--all"]) == 0


@pytest.mark.parametrize("links", [0, 1])
def test_junk_in_a_list_behind_what_is_named_does_not_end_the_chain(
    destination: Destination, hello: Path, tmp_path: Path, links: int
) -> None:
    for number in range(links + 1):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
    listed = _overlay(destination, 1).with_name(_overlay(destination, 1).name[:-8] + "json")
    good = listed.read_bytes() if links else b""
    listed.write_bytes(good + b"junk")
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 8) == 0
    entry = destination.entry("hello", _RUNS[8])
    assert (entry["chain"]["links"], entry["warnings"]) == (links + 1, [])
    assert listed.read_bytes().startswith(good)
    assert b"junk" not in listed.read_bytes()
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def test_a_new_base_that_is_asked_for_in_a_folder_keeps_what_upstream_has_lost(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    tip = dropped_branch(destination, hello)
    backup(destination, 2)
    assert destination.entry("hello", _RUNS[2])["chain"]["links"] == 2
    assert backup(destination, 3, "--full", "--force") == 0
    assert destination.entry("hello", _RUNS[3]).get("chain") is None
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])
