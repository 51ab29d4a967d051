"""Ended while it reads project data or an account's, a run goes on where it was."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, Change, Fault, GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.maker import Size, fill
from repo_backup.cli.main import main
from repo_backup.runtime.cancellation import CancellationToken
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.run.test_resume import PROGRAM, wait_for

ONLY = ("--include", "hello", "--include", "secret", "--no-drill", "--jobs", "1")
STEPS = (
    ("/graphql", "operation=Sentinel"),
    ("/repos/octo/hello/pulls", "*"),
    ("/repos/octo/hello/issues/comments", "*"),
    ("/repos/octo/hello/labels", "*"),
    ("/graphql", "operation=Discussions"),
    ("/repos/octo/hello/hooks", "*"),
    ("/users/octo", "*"),
    ("/users/octo/starred", "*"),
)
"""Requests of the second walk, and of accounts, at which the program is killed."""
LISTED_BEFORE = ("/repos/octo/hello/pulls", "/repos/octo/hello/issues")
"""Lists that are read to their end before comments are."""
FILES = ("hello~data.zip", "~account.zip")
LATER_FILES = ("hello~data+*.0001.zip", "hello~data+*.json", "~account+*.0001.zip")
IN_PARTS = f"""
from repo_backup.kinds.data import data_fetch
data_fetch.SAVE_SECONDS = 0.0
{PROGRAM}"""
"""The program that stores what it has read of a repository as often as it can."""
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def editor(hub: GitHubStandIn) -> Editor:
    """Who edits octo/hello; the account has followers and stars."""
    hub.data.accounts["users/octo/followers"] = ["monalisa", "hubot"]
    hub.data.accounts["users/octo/starred"] = ["elsewhere/tool"]
    repository = hub.catalogue.repositories["octo/hello"]
    return fill(hub.data, repository.id, Size(issues=3, pulls=2, discussions=1))


@pytest.fixture
def start(hub: GitHubStandIn, destination: Destination) -> Iterator[Start]:
    """Start the program as a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*more: str, run_id: str = "r1", program: str = PROGRAM) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program, "backup", "--owner", "octo", *ONLY, *more]
        path = os.pathsep.join(filter(None, sys.path))
        process = subprocess.Popen(
            [*command, "--destination", str(destination.root), "--run-id", run_id],
            env={**os.environ, "PYTHONPATH": path, "GITHUB_TOKEN": CORPUS_TOKEN},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def documents(destination: Destination, into: Path) -> dict[str, Any]:
    """All that is restored of hello's and the account's data, but for dates of the run."""
    source = ("--source", str(destination.root), "--into", str(into))
    assert main(["restore", "octo/hello", "--data", *source]) == 0
    assert main(["restore", "octo", "--account", *source]) == 0
    return {
        path.relative_to(into).as_posix(): json.loads(path.read_bytes())
        for path in into.rglob("*.json")
        if path.name != "index.json"
    }


def undisturbed(destination: Destination, root: Path) -> Destination:
    """A backup of the same in one go."""
    other = Destination(root, destination.environment)
    assert other.backup(*ONLY, data=True) == 0
    return other


def test_an_interrupted_attempt_writes_its_requests_and_the_next_one_adds_to_them(
    destination: Destination, editor: Editor, hub: GitHubStandIn, start: Start
) -> None:
    fault = Fault(STEPS[-1][0], "hang", times=1)
    hub.faults.add(fault)
    process = start()
    wait_for(lambda: fault.times == 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 75
    first = destination.manifest()["api_requests"]
    assert first["changes"] > 20
    assert first["accounts"] >= 4
    hub.faults.clear()
    hub.requests.clear()
    assert destination.backup(*ONLY, "--attempt", "2", data=True) == 0
    both = destination.manifest()["api_requests"]
    # What was done is not asked for again; the account begins anew: /users/octo, /user, six lists.
    assert both["changes"] == first["changes"]
    assert both["accounts"] == first["accounts"] + 8
    assert not any("/repos/octo/hello/issues" in each.path for each in hub.requests)


def test_what_was_read_of_a_repository_when_the_run_was_told_to_stop_is_saved(
    destination: Destination,
    editor: Editor,
    hub: GitHubStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In this process: the signal comes while comments are asked for, and is noted before they are
    answered."""
    expected = documents(undisturbed(destination, tmp_path / "other"), tmp_path / "expected")
    noted, request = threading.Event(), CancellationToken.request

    def noting(token: CancellationToken, reason: str) -> None:
        request(token, reason)
        noted.set()

    def terminate() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.wait(20)

    monkeypatch.setattr(CancellationToken, "request", noting)
    stop = Change(terminate)
    hub.faults.add(Fault("/repos/octo/hello/issues/comments", "none", times=1, edits=[stop]))
    assert destination.backup(*ONLY, data=True) == 75
    data = destination.entry("hello")["data"]
    assert data["state"] == "failed"
    assert data["archive"]
    assert "the run was interrupted" in data["reason"]
    lacking = {name for group in data["sections"] for name in group["names"]}
    assert not lacking & {"issues", "pulls", "issue_comments"}
    assert "events" in lacking
    hub.requests.clear()
    assert destination.backup(*ONLY, "--attempt", "2", data=True) == 0
    # Only what is newer than that is looked for, the newest first.
    asked = [each.query for each in hub.requests if each.path == "/repos/octo/hello/pulls"]
    assert not [query for query in asked if "direction=asc" in query]
    assert documents(destination, tmp_path / "now") == expected


def test_killed_in_a_long_first_reading_the_next_attempt_asks_only_for_the_rest(
    destination: Destination,
    editor: Editor,
    hub: GitHubStandIn,
    start: Start,
    tmp_path: Path,
) -> None:
    for number in range(120):
        editor.comment(1, f"{number}")
    expected = documents(undisturbed(destination, tmp_path / "other"), tmp_path / "expected")
    # The second page of comments is never answered.
    comments = "/repos/octo/hello/issues/comments"
    fault = Fault(comments, "hang", query="*page=2*", times=1)
    hub.faults.add(fault)
    process = start(program=IN_PARTS)
    wait_for(lambda: fault.times == 0)
    wait_for(lambda: _read_of_hello(destination)["issue_comments"].get("here") == 100)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    said = destination.entry("hello")["data"]
    assert said["state"] == "failed"
    assert "pulls" not in _read_of_hello(destination)
    hub.faults.clear()
    hub.requests.clear()
    assert destination.backup(*ONLY, "--attempt", "2", data=True) == 0
    asked = [(each.path, each.query) for each in hub.requests]
    assert [query.rpartition("&")[2] for path, query in asked if path == comments] == ["page=2"]
    # What was read to its end is only looked at for what is newer: the newest first.
    from_the_oldest = [path for path, query in asked if "sort=created&direction=asc" in query]
    assert not [path for path in from_the_oldest if path in LISTED_BEFORE]
    assert {path for path, _ in asked} >= {*LISTED_BEFORE}
    assert documents(destination, tmp_path / "now") == expected
    assert destination.entry("hello")["data"]["state"] == "backed-up"
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0


def _read_of_hello(destination: Destination) -> dict[str, Any]:
    """The sections that are not complete, by the run's checkpoint."""
    with contextlib.suppress(OSError, ValueError, KeyError, StopIteration):
        groups = destination.entry("hello")["data"]["sections"]
        return {name: group for group in groups for name in group["names"]}
    return {"issue_comments": {"here": 0}}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "query"), STEPS, ids=[path + query for path, query in STEPS])
def test_killed_at_any_question_it_loses_nothing_and_goes_on(
    destination: Destination,
    editor: Editor,
    hub: GitHubStandIn,
    start: Start,
    tmp_path: Path,
    path: str,
    query: str,
) -> None:
    expected = documents(undisturbed(destination, tmp_path / "other"), tmp_path / "expected")
    hub.requests.clear()
    fault = Fault(path, "hang", query=query, times=1)
    hub.faults.add(fault)
    process = start()
    wait_for(lambda: fault.times == 0)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    hub.faults.clear()
    assert destination.backup(*ONLY, "--attempt", "2", data=True) == 0
    assert documents(destination, tmp_path / "now") == expected
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_killed_when_an_archive_is_there_it_goes_on(
    destination: Destination, editor: Editor, start: Start, tmp_path: Path, name: str
) -> None:
    expected = documents(undisturbed(destination, tmp_path / "other"), tmp_path / "expected")
    process = start()
    wait_for(lambda: [*destination.root.rglob(name)])
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert destination.backup(*ONLY, "--attempt", "2", data=True) == 0
    assert documents(destination, tmp_path / "now") == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", LATER_FILES)
def test_killed_when_an_overlay_is_there_or_listed_it_goes_on(
    destination: Destination,
    editor: Editor,
    hub: GitHubStandIn,
    start: Start,
    tmp_path: Path,
    name: str,
) -> None:
    assert destination.backup(*ONLY, data=True) == 0
    editor.create_issue("A new one")
    editor.delete_issue(3)
    hub.data.accounts["users/octo/followers"] = ["hubot"]
    # All is read again, also what is due once a week.
    process = start("--full", run_id="r2")
    wait_for(lambda: [*destination.root.rglob(name)])
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert destination.backup(*ONLY, "--full", "--attempt", "2", run_id="r2", data=True) == 0
    now = documents(destination, tmp_path / "now")
    assert "issues/3.json" in now["hello.data/deleted.json"]
    assert [each["login"] for each in now["octo.account/account/followers.json"]] == ["hubot"]
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0
