"""Gists by the real program, from the stand-in's list to a restored mirror."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backup_contract.judgement.verdict import Kind
from local_cloud.github import Fault, Gists, GitHubStandIn, TokenRights
from local_cloud.github.corpus import CORPUS_TOKEN, git
from local_cloud.github.data.model import Gist
from repo_backup.cli.main import main
from repo_backup.health.status import assess
from repo_backup.hosts.github.gists import NO_APP
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.page.evidence import rows
from repo_backup.page.run_history import read
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AbsentError
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.kinds.test_toy_kind import mail, page

ONLY = ("--include", "secret", "--no-drill", "--no-wikis")


@pytest.fixture
def gists(hub: GitHubStandIn) -> Gists:
    """Octo's gists may be made and changed; the token has the scope for secret ones."""
    hub.rights[CORPUS_TOKEN] = TokenRights(frozenset({"repo", "gist"}))
    return Gists(hub.root, hub.data)


@pytest.fixture
def gist(gists: Gists) -> Gist:
    """A secret gist with two commits."""
    made = gists.create({"notes.md": "# Notes\n"}, "Notes", public=False)
    gists.write(made, {"notes.md": "# More notes\n"})
    return made


def entries(destination: Destination, run_id: str = "r1") -> dict[str, Any]:
    return {each["id"]: each for each in destination.manifest(run_id).get("gists", [])}


def state(destination: Destination, gist: Gist, run_id: str) -> str:
    found: str = entries(destination, run_id)[gist.id]["state"]
    return found


def git_requests(hub: GitHubStandIn) -> int:
    return sum("/gist/" in each.path for each in hub.requests)


def test_gists_are_backed_up_verified_listed_and_restored_with_their_history(
    destination: Destination,
    gists: Gists,
    gist: Gist,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gists.comment(gist, "Nice, \ud83d")  # half of a surrogate pair
    fork = gists.fork(gist)
    assert destination.backup("--include", "secret", data=True) == 0
    key = f"github_backups/octo/{gist.id}~gist.zip"
    entry = entries(destination)[gist.id]
    assert (entry["state"], entry["secret"], entry["archive"]["key"]) == ("backed-up", True, key)
    totals = destination.manifest()["totals"]
    assert (totals["gists"], totals["listed"]) == (2, 8)
    assert "\ngists          2\n" in capsys.readouterr().out

    source = ("--source", str(destination.root))
    assert main(["verify", "--all", *source]) == 0
    assert main(["list", *source]) == 0
    assert key in capsys.readouterr().out.replace("'", "")
    into = tmp_path / "into"
    assert main(["restore", "octo", "--gists", *source, "--into", str(into)]) == 0
    assert "2 of 2 gists restored to" in capsys.readouterr().out
    folder = into / "octo" / "gists"
    mirrors = {f"{gist.id}.git", f"{fork.id}.git"}
    assert {each.name for each in folder.iterdir()} == {
        *mirrors, f"{gist.id}.json", f"{fork.id}.json"
    }  # fmt: skip
    assert git(folder / f"{gist.id}.git", "show", "HEAD~1:notes.md") == "# Notes"
    details = json.loads((folder / f"{gist.id}.json").read_bytes())
    assert details["description"] == "Notes"
    assert [each["body"] for each in details["comment_data"]] == ["Nice, \ud83d"]
    assert "comment_data" not in json.loads((folder / f"{fork.id}.json").read_bytes())

    one = tmp_path / "one"
    assert main(["restore", f"octo/{gist.id}", "--gists", *source, "--into", str(one)]) == 0
    assert {each.name for each in one.iterdir()} == {f"{gist.id}.git", f"{gist.id}.json"}
    capsys.readouterr()
    assert main(["restore", f"octo/{gist.id}", *source, "--into", str(one)]) == 1
    assert "is a gist: give --gists, too" in capsys.readouterr().err
    everything = tmp_path / "all"
    patterns = ("octo/secret", f"octo/{fork.id[:6]}*")
    assert main(["restore", *patterns, *source, "--into", str(everything)]) == 0
    assert "2 of 2 repositories and gists restored to" in capsys.readouterr().out
    assert (everything / "octo" / "secret.git").is_dir()
    assert main(["list", "--versions", f"octo/{gist.id}", *source]) == 0
    assert (everything / "octo" / "gists" / f"{fork.id}.git").is_dir()


def test_an_unchanged_gist_takes_no_request_and_a_later_commit_is_an_overlay(
    destination: Destination, hub: GitHubStandIn, gists: Gists, gist: Gist
) -> None:
    other = gists.create({"a.txt": "a\n"})
    assert destination.backup(*ONLY) == 0
    hub.requests.clear()
    assert destination.backup(*ONLY, run_id="r2") == 0
    assert git_requests(hub) == 0
    assert state(destination, gist, "r2") == "unchanged"

    gists.rename_file(gist, "notes.md", "read me.md")
    assert destination.backup(*ONLY, run_id="r3") == 0
    assert (state(destination, gist, "r3"), state(destination, other, "r3")) == (
        "backed-up",
        "unchanged",
    )
    assert entries(destination, "r3")[gist.id]["chain"]["links"] == 1
    # A date that changes alone is one question, once.
    gist.updated_at = hub.data.now()
    for run_id, requests in (("r4", 1), ("r5", 0)):
        hub.requests.clear()
        assert destination.backup(*ONLY, run_id=run_id) == 0
        assert git_requests(hub) == requests


def test_a_gist_that_is_deleted_is_kept_and_restorable(
    destination: Destination, gists: Gists, gist: Gist, tmp_path: Path
) -> None:
    destination.backup(*ONLY)
    gists.delete(gist)
    assert destination.backup(*ONLY, run_id="r2") == 0
    (kept,) = destination.manifest("r2")["kept_further"]
    assert (kept["kind"], kept["name"]) == ("gist", gist.id)
    (evidence,) = [
        each for each in rows(read(DirectoryStore(destination.root))) if each["kind"] == "gist"
    ]
    assert (evidence["backed_up_by_run"], evidence["repository"]) == ("r1", f"octo/{gist.id}")
    assert "Gists" not in {each.label for each in page(destination).facts}
    _, text = mail(destination, "r2", previous="r1")
    assert f"octo/{gist.id}, gist: github_backups/octo/{gist.id}~gist.zip" in text
    assert f"'{gist.id}~gist.zip'" in text
    assert destination.backup(*ONLY, run_id="r3") == 0
    into = ("--source", str(destination.root), "--into", str(tmp_path / "into"))
    assert main(["restore", f"octo/{gist.id}", "--gists", *into]) == 0


def test_a_deleted_gist_is_restored_with_its_description_and_comments_like_any_other(
    destination: Destination, gists: Gists, gist: Gist, tmp_path: Path
) -> None:
    gists.comment(gist, "Nice")
    other = gists.create({"a.txt": "a\n"}, "Plans")
    assert destination.backup(*ONLY, data=True) == 0
    gists.delete(gist)
    assert destination.backup(*ONLY, "--full", data=True, run_id="r2") == 0
    fixed = ("restore", "octo", "--gists", "--source", str(destination.root))
    assert main([*fixed, "--into", str(tmp_path)]) == 0
    folder = tmp_path / "octo" / "gists"
    details = json.loads((folder / f"{gist.id}.json").read_bytes())
    assert details["description"] == "Notes"
    assert [each["body"] for each in details["comment_data"]] == ["Nice"]
    assert (folder / f"{other.id}.json").exists()


def test_a_gist_that_goes_between_list_and_fetch_costs_only_itself(
    destination: Destination,
    hub: GitHubStandIn,
    gists: Gists,
    gist: Gist,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = gists.create({"a.txt": "a\n"})
    there, away = gists.path(gist), hub.root / "away"
    there.rename(away)
    assert destination.backup(*ONLY) == 3
    failed = entries(destination)[gist.id]
    assert failed["state"] == "failed"
    assert "it was deleted since, or the token may not read it" in failed["reason"]
    assert state(destination, other, "r1") == "backed-up"
    kind, text = mail(destination, "r1")
    assert kind is Kind.PARTIAL
    assert "1 gist could not be backed up; all others" in text
    assert "2 gists (1 failed, 1 backed up)" in text or "2 gists (1 backed up, 1 failed)" in text
    assert f"octo/{gist.id}, gist: GitHub" in text
    found = assess(DirectoryStore(destination.root), 5, datetime.now(UTC), None)
    assert "1 gist failed" in found.judgement.reason
    capsys.readouterr()
    assert main(["status", "--source", str(destination.root)]) == 3
    assert f"\nfailed: octo/{gist.id}, gist: GitHub" in capsys.readouterr().out
    assert main(["status", "--json", "--source", str(destination.root)]) == 3
    (named,) = json.loads(capsys.readouterr().out)["failed"]
    assert named.startswith(f"octo/{gist.id}, gist: GitHub")
    shown = page(destination)
    (told,) = [each for each in shown.concerns if each.title == "1 gist could not be backed up"]
    assert f"octo/{gist.id}" in str(told)
    (fact,) = [each for each in shown.facts if each.label == "Gists"]
    assert (fact.value, {*fact.note.split(", ")}) == ("2", {"1 failed", "1 backed-up"})
    assert not any("no run recorded" in each.title for each in shown.notes)
    away.rename(there)
    hub.requests.clear()
    assert destination.backup(*ONLY) == 0  # the same run goes on
    assert state(destination, gist, "r1") == state(destination, other, "r1") == "backed-up"
    assert not any(other.id in each.path for each in hub.requests)


def test_a_list_that_fails_makes_known_gists_fail_and_removes_none(
    destination: Destination, hub: GitHubStandIn, gist: Gist
) -> None:
    destination.backup(*ONLY)
    hub.faults.add(Fault("/gists", status=404))
    hub.faults.add(Fault("/users/octo/gists", status=404))
    assert destination.backup(*ONLY, run_id="r2") == 3
    failed = entries(destination, "r2")[gist.id]
    assert (failed["state"], bool(failed["archive"])) == ("failed", True)
    assert not destination.manifest("r2").get("kept_further")
    hub.faults.clear()
    assert destination.backup(*ONLY, run_id="r3") == 0
    assert state(destination, gist, "r3") == "unchanged"


def test_a_list_that_fails_before_any_gist_was_saved_fails_the_run(
    destination: Destination, hub: GitHubStandIn, gist: Gist
) -> None:
    hub.faults.add(Fault("/gists", status=500))
    assert destination.backup(*ONLY) == 3
    (failed,) = entries(destination).values()
    assert (failed["owner"], failed["id"], failed["state"]) == ("octo", "*", "failed")


@pytest.mark.parametrize(
    ("rights", "why"),
    [
        (TokenRights(frozenset({"repo"})), "the token lacks the scope gist"),
        (TokenRights(None, permissions={"contents": "read"}), "the token lacks the permission"),
    ],
)
def test_without_the_right_only_public_gists_are_saved_and_the_run_tells(
    destination: Destination,
    hub: GitHubStandIn,
    gists: Gists,
    gist: Gist,
    rights: TokenRights,
    why: str,
) -> None:
    public = gists.create({"a.txt": "a\n"})
    hub.rights[CORPUS_TOKEN] = rights
    assert destination.backup(*ONLY) == 0
    assert [*entries(destination)] == [public.id]
    (notice,) = [each for each in destination.manifest()["notices"] if "gists" in each]
    assert notice.startswith("octo: only public gists are saved: " + why)


def test_a_right_that_is_lost_keeps_secret_gists_until_it_is_back(
    destination: Destination, hub: GitHubStandIn, gist: Gist
) -> None:
    destination.backup(*ONLY)
    hub.rights[CORPUS_TOKEN] = TokenRights(frozenset({"repo"}))
    assert destination.backup(*ONLY, run_id="r2") == 0
    hidden = entries(destination, "r2")[gist.id]
    assert (hidden["state"], hidden["reason"]) == ("skipped", "the token lacks the scope gist")
    assert "kept_further" not in destination.manifest("r2")
    hub.rights[CORPUS_TOKEN] = TokenRights()
    assert destination.backup(*ONLY, run_id="r3") == 0
    assert state(destination, gist, "r3") == "unchanged"


def test_gists_that_are_left_out_or_not_asked_for_stay(
    destination: Destination, hub: GitHubStandIn, gist: Gist
) -> None:
    destination.backup(*ONLY)
    hub.requests.clear()
    assert destination.backup(*ONLY, "--no-gists", run_id="r2") == 0
    left_out = entries(destination, "r2")[gist.id]
    assert (left_out["state"], left_out["reason"]) == ("skipped", "--no-gists")
    assert not any(each.path == "/gists" for each in hub.requests)
    assert destination.backup(*ONLY, "--only", "secret", run_id="r3") == 0
    passed_over = entries(destination, "r3")[gist.id]
    assert (passed_over["asked"], bool(passed_over["archive"])) == (False, True)
    assert destination.backup(*ONLY, "--only", gist.id, run_id="r4") == 0
    assert state(destination, gist, "r4") == "unchanged"
    assert destination.backup(*ONLY, "--exclude", gist.id, run_id="r5") == 0
    assert entries(destination, "r5")[gist.id]["reason"] == f"--exclude {gist.id}"


def test_a_damaged_archive_of_a_gist_is_named_and_fetched_again(
    destination: Destination, gist: Gist, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*ONLY)
    archive = destination.root / "github_backups" / "octo" / f"{gist.id}~gist.zip"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-30] + bytes(30))
    assert main(["verify", "--all", "--source", str(destination.root)]) == 3
    assert f"{gist.id}~gist.zip" in capsys.readouterr().out
    assert destination.backup(*ONLY, run_id="r2") == 0
    assert state(destination, gist, "r2") == "backed-up"
    assert archive.read_bytes() == whole


def test_a_dry_run_and_an_estimate_count_gists(
    destination: Destination, gist: Gist, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = ("--owner", "octo", "--no-data", "--json", *ONLY[:2])
    assert main(["backup", *owner, "--dry-run", "--destination", str(destination.root)]) == 0
    planned = json.loads(capsys.readouterr().out)["repositories"]
    (row,) = [each for each in planned if each["repository"] == f"octo/{gist.id}"]
    assert (row["would_be"], row["left_out"]) == ("fetched", None)
    destination.environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    assert main(["estimate", *owner]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["repositories"], found["gists"]) == (1, 1)


def test_an_app_saves_no_gist_and_keeps_what_a_token_saved(
    destination: Destination,
    hub: GitHubStandIn,
    gist: Gist,
    environment: pytest.MonkeyPatch,
) -> None:
    destination.backup(*ONLY)
    key = hub.apps.create()
    hub.apps.install("octo")
    environment.delenv("GITHUB_TOKEN", raising=False)
    environment.setenv("GITHUB_APP_ID", "4711")
    environment.setenv("GITHUB_APP_KEY", key)
    assert destination.public_backup(*ONLY, run_id="r2") == 0
    kept = entries(destination, "r2")[gist.id]
    assert (kept["state"], kept["reason"]) == ("skipped", NO_APP)
    assert kept["archive"]


def test_where_gists_are_a_token_that_is_refused_is_left_out_once(
    hub: GitHubStandIn, gist: Gist
) -> None:
    http = Http(
        Token("rejected"), RateLimitGate(CancellationToken()), stall_seconds=5, connections=1
    )
    http.trust(hub.api_url, token_optional=True)
    url = f"{hub.api_url}/gist/{gist.id}.git/info/refs?service=git-upload-pack"
    with http.open("GET", url, "Basic") as answer:
        assert answer.whole(1 << 16).startswith(b"001e# service=git-upload-pack")
    assert [each.authorization for each in hub.requests] == ["Basic", None]
    with pytest.raises(AbsentError), http.open("GET", url.replace(gist.id, "0"), "Basic"):
        pass
