"""Project data by the real program, from the stand-in's API to a restored folder."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from local_cloud.github import GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.maker import Size, fill
from repo_backup.archive.document_zip import Packed, write_zip
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Destination

ONLY = ("--include", "hello", "--include", "secret")
KEY = "github_backups/octo/hello~data.zip"


@pytest.fixture
def editor(hub: GitHubStandIn) -> Editor:
    """Who edits octo/hello, which has some of everything."""
    repository = hub.catalogue.repositories["octo/hello"]
    return fill(hub.data, repository.id, Size(issues=3, pulls=2, discussions=1))


def data_of(destination: Destination, run_id: str = "r1") -> Any:
    return destination.entry("hello", run_id)["data"]


def restored(destination: Destination, into: Path, *more: str) -> Path:
    source = ("--source", str(destination.root))
    assert main(["restore", "octo/hello", *source, "--into", str(into), *more]) == 0
    return into / "hello.data"


def test_all_of_a_repositorys_data_is_backed_up_drilled_verified_and_restored_with_its_git(
    destination: Destination, editor: Editor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup(*ONLY, data=True) == 0
    found = data_of(destination)
    assert (found["state"], found["archive"]["key"]) == ("backed-up", KEY)
    assert KEY in {each["key"] for each in destination.manifest()["drill"]["checked"] if each["ok"]}
    assert destination.manifest()["totals"]["data"] == 2
    source = ("--source", str(destination.root))
    assert main(["verify", "--all", *source]) == 0
    capsys.readouterr()

    folder = restored(destination, tmp_path / "into")
    assert (tmp_path / "into" / "hello.git" / "HEAD").exists()
    assert {each.name for each in (folder / "issues").iterdir()} == {"1.json", "3.json", "5.json"}
    issue = json.loads((folder / "issues/1.json").read_bytes())
    assert len(issue["comment_data"]) == issue["comments"] == 2
    pull = json.loads((folder / "pulls/2.json").read_bytes())
    assert pull["review_data"]
    index = json.loads((folder / "index.json").read_bytes())
    assert index["sections"]["issues"]["state"] == "complete"
    assert (index["sections"]["issues"]["here"], index["sections"]["issues"]["github"]) == (3, 3)
    by = {name: each.get("complete_by") for name, each in index["sections"].items()}
    counted = {name for name, what in by.items() if what == "count"}
    assert counted == {"issues", "pulls", "discussions", "labels", "milestones", "releases"}
    assert {by["issue_comments"], by["reviews"], by["settings.rulesets"]} == {"last-page"}
    assert "hello.data/index.json lists what it contains" in capsys.readouterr().out


def test_while_nothing_changes_nothing_is_read_and_a_change_is_an_overlay(
    destination: Destination, editor: Editor, hub: GitHubStandIn, tmp_path: Path
) -> None:
    destination.backup(*ONLY, data=True)
    hub.requests.clear()
    assert destination.backup(*ONLY, "--no-drill", run_id="r2", data=True) == 0
    assert data_of(destination, "r2")["state"] == "unchanged"
    assert sum(each.path.startswith("/graphql") for each in hub.requests) == 1
    assert not any("/issues" in each.path for each in hub.requests)

    editor.create_issue("A new one")
    editor.delete_issue(3)
    assert destination.backup(*ONLY, "--no-drill", run_id="r3", data=True) == 0
    assert data_of(destination, "r3")["chain"]["links"] == 1
    folder = restored(destination, tmp_path / "now")
    assert "issues/3.json" in json.loads((folder / "deleted.json").read_bytes())
    assert (folder / "issues/3.json").exists()
    before = restored(destination, tmp_path / "then", "--run-id", "r1", "--data")
    assert json.loads((before / "deleted.json").read_bytes()) == {}
    assert not (tmp_path / "then" / "hello.git").exists()


def test_a_chain_grows_on_where_a_rename_changes_case_alone_and_the_folder_knows_none(
    destination: Destination,
    editor: Editor,
    hub: GitHubStandIn,
    tmp_path: Path,
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setattr(DirectoryStore, "case_sensitive", False)
    only = ("--include", "[hH]ello", "--kinds", "data")
    assert destination.backup(*only, data=True) == 0
    hub.catalogue.move("octo/hello", "octo/Hello")
    editor.create_issue("A new one")
    assert destination.backup(*only, run_id="r2", data=True) == 0
    found = destination.entry("Hello", "r2")["data"]
    assert (found["archive"]["key"], found["chain"]["links"]) == (KEY, 1)


def test_a_planted_overlay_is_noticed_though_nothing_changed_and_named_once(
    destination: Destination, editor: Editor, tmp_path: Path
) -> None:
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    archive = data_of(destination)["archive"]
    planted = destination.root / layout.overlay(KEY, layout.chain_id(archive["sha256"]), 1)
    documents = {
        "issues/666.json": {"number": 666, "title": "planted"},
        "deleted.json": {},
        "index.json": {
            "schema": 1, "repository": "octo/hello", "id": 1, "run_id": "r1",
            "documents": {}, "sections": {},
        },
    }  # fmt: skip
    packed = [
        (f"hello.data/{path}", Packed.of(json.dumps(each).encode()))
        for path, each in documents.items()
    ]
    write_zip(planted, packed, 1 << 20)
    assert destination.backup(*ONLY, "--no-drill", run_id="r2", data=True) == 0
    found = data_of(destination, "r2")
    assert (found["state"], "chain" in found) == ("backed-up", False)
    assert any(planted.name in each for each in found["warnings"])
    assert not (restored(destination, tmp_path / "now") / "issues/666.json").exists()
    assert destination.backup(*ONLY, "--no-drill", run_id="r3", data=True) == 0
    last = data_of(destination, "r3")
    assert (last["state"], "warnings" in last) == ("unchanged", False)


def test_git_of_every_repository_comes_before_the_first_question_for_data(
    destination: Destination, editor: Editor, hub: GitHubStandIn
) -> None:
    destination.backup(data=True)
    paths = [each.path for each in hub.requests]
    last_pack = max(at for at, path in enumerate(paths) if path.endswith("git-upload-pack"))
    assert last_pack < paths.index("/graphql")


def test_what_is_excluded_is_neither_read_nor_told_of_each_repository(
    destination: Destination, editor: Editor, hub: GitHubStandIn
) -> None:
    assert destination.backup(*ONLY, "--kinds", "git,wiki", data=True) == 0
    assert "data" not in destination.entry("hello")
    assert not any(each.path == "/graphql" for each in hub.requests)
    destination.backup(*ONLY, "--no-drill", run_id="r2", data=True)
    destination.backup(*ONLY, "--no-drill", run_id="r3")
    left_out = data_of(destination, "r3")
    assert (left_out["state"], left_out["reason"]) == ("skipped", "--no-data")
    assert left_out["archive"]["key"] == KEY


def test_project_data_alone_can_be_backed_up(destination: Destination, editor: Editor) -> None:
    assert destination.backup(*ONLY, "--kinds", "data", data=True) == 0
    hello = destination.entry("hello")
    assert (hello["state"], hello["reason"]) == ("skipped", "--kinds data")
    assert hello["data"]["state"] == "backed-up"
    assert hello["wiki"]["state"] == "skipped"


def test_it_cannot_be_pushed(
    destination: Destination, editor: Editor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*ONLY, "--no-drill", data=True)
    (tmp_path / "target").mkdir()
    source = ("--source", str(destination.root), "--push-to", str(tmp_path / "target"))
    for more in ((), ("--force",)):
        assert main(["restore", "octo/hello", "--data", *source, *more]) == 2
        assert "use --into" in capsys.readouterr().err


def test_where_the_hours_share_ends_before_the_data_does_git_is_saved_and_the_next_run_goes_on(
    destination: Destination, editor: Editor, hub: GitHubStandIn
) -> None:
    destination.environment.setenv("ONLINE_BACKUP_DEADLINE_MINUTES", "20")
    hub.limits.core = 20
    assert destination.backup("--include", "hello", "--no-drill", data=True) == 3
    hello = destination.entry("hello")
    assert hello["state"] == "backed-up"
    assert hello["data"]["state"] == "failed"
    assert "under way" in hello["data"]["reason"]
    assert "the next run goes on" in hello["data"]["reason"]
    hub.limits.core = 5000
    hub.limits.now = lambda: time.time() + 2 * 3600
    assert destination.backup("--include", "hello", "--no-drill", run_id="r2", data=True) == 0
    assert data_of(destination, "r2")["reason"] is None
