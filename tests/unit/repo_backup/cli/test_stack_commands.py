"""A run that is started from a shell is followed to its verdict, also where it has to wait first.

botocore's Stubber stands for the launcher; the bucket is a directory.
"""

import argparse
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import ANY, Stubber

from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.visibility import Visibility
from repo_backup.cli.commands import stack_commands as remote
from repo_backup.cli.deployed_stack import Stack
from repo_backup.cli.parser import parse
from repo_backup.runtime.errors import FatalError, InterruptedRunError
from repo_backup.store.directory import DirectoryStore

RUN_ID = "2026-11-27T17-00-00Z"
NOW = datetime(2026, 11, 27, 17, 9, tzinfo=UTC)
AT = "2026-11-27T17:30:00+00:00"
NOT_LAUNCHED: dict[str, Any] = {
    "status": "not launched",
    "run_id": RUN_ID,
    "attempt": 1,
    "problem": "No pool had capacity. The next attempt is planned for 2026-11-27 17:30 UTC.",
    "next_attempt_at": AT,
}
LAST = {**NOT_LAUNCHED, "problem": "No pool had capacity.", "next_attempt_at": None}
LAUNCHED = {"status": "launched", "run_id": RUN_ID, "attempt": 1}
REFUSED = {"status": "refused", "run_id": RUN_ID, "problem": "BackupOptions: …"}


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """A bucket in which the run's report is."""
    store = DirectoryStore(tmp_path)
    report = RunReport("verified", "All is there.", NOW)
    store.write(f"runs/{RUN_ID}/report.json", json.dumps(report.document).encode())
    return store


class Launcher:
    """A stack whose launcher gives one answer."""

    def __init__(self) -> None:
        session = Session()
        session.set_credentials("test", "test")
        functions: Any = session.create_client("lambda", region_name="eu-central-1")
        self.stub = Stubber(functions)
        self.stack = Stack("onlinebackup", "onlinebackup-launcher", "bucket", functions)

    def start(self, store: DirectoryStore, answer: Any, *options: str, event: Any = ANY) -> int:
        self._answer(answer, event)
        asked: argparse.Namespace = parse(["run-now", *options])
        return remote.start(self.stack, store, asked)

    def check(self, answer: Any) -> int:
        self._answer(answer, ANY)
        return remote.check_stack(self.stack, parse(["check"]))

    def _answer(self, answer: Any, event: Any) -> None:
        body = json.dumps(answer).encode()
        payload = StreamingBody(io.BytesIO(body), len(body))
        self.stub.add_response(
            "invoke",
            {"StatusCode": 200, "Payload": payload},
            {
                "FunctionName": self.stack.launcher,
                "Payload": event if event is ANY else json.dumps(event).encode(),
            },
        )


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    """A deployed launcher."""
    found = Launcher()
    with found.stub:
        yield found


@pytest.mark.parametrize("answer", [LAUNCHED, NOT_LAUNCHED], ids=["launched", "waiting"])
def test_what_runs_or_is_planned_is_followed_to_its_verdict(
    launcher: Launcher,
    store: DirectoryStore,
    answer: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert launcher.start(store, answer) == 0
    output = capsys.readouterr().out
    assert output.endswith("verified: All is there.\n")
    assert answer.get("problem", "") in output


@pytest.mark.parametrize(
    ("answer", "options", "code"),
    [
        (LAST, (), 1),
        (REFUSED, (), 1),
        (NOT_LAUNCHED, ("--no-wait",), 1),
        (LAUNCHED, ("--no-wait",), 0),
    ],
)
def test_what_nothing_follows_or_nobody_waits_for_is_not(
    launcher: Launcher,
    store: DirectoryStore,
    answer: dict[str, Any],
    options: tuple[str, ...],
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert launcher.start(store, answer, *options) == code
    output = capsys.readouterr().out
    assert "All is there." not in output
    assert answer.get("problem", "") in output


def test_what_the_options_ask_for_is_in_the_event(
    launcher: Launcher, store: DirectoryStore
) -> None:
    options = ("--only", "no-wiki", "--only", "docs-*", "--full", "--no-wait")
    event = {"only": ["no-wiki", "docs-*"], "full": True}
    assert launcher.start(store, LAUNCHED, *options, event=event) == 0


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"status": "launched"}, "run_id is missing"),
        ({}, "status is missing"),
        (None, "not a JSON object"),
    ],
)
def test_an_answer_that_is_no_launchers_ends_the_command_with_its_field(
    launcher: Launcher, store: DirectoryStore, answer: Any, named: str
) -> None:
    with pytest.raises(FatalError, match=f"gave an unexpected answer: .*{named}"):
        launcher.start(store, answer)


def test_until_there_is_progress_the_wait_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "POLL_SECONDS", 0.01)
    store, reported = DirectoryStore(tmp_path), list[str]()
    with pytest.raises(InterruptedRunError, match="its mail will come"):
        remote.follow(store, RUN_ID, f"waiting for the attempt at {AT}", 0.05, reported.append)
    assert set(reported) == {f"waiting for the attempt at {AT}"}
    progress = Progress(1, "backing-up", 1, 2, run_id=RUN_ID, updated_at=NOW)
    store.write(f"runs/{RUN_ID}/progress.json", progress.to_json())
    with pytest.raises(InterruptedRunError):
        remote.follow(store, RUN_ID, "", 0.01, reported.append)
    assert reported[-1] == "backing-up: 1 of 2 repositories"


def test_a_run_that_saw_public_repositories_only_is_told_as_that(
    launcher: Launcher, store: DirectoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = Visibility("octo", "public", 10)
    report = RunReport("verified", "Why.", NOW, visibility=(seen,))
    store.write(f"runs/{RUN_ID}/report.json", json.dumps(report.document).encode())
    assert launcher.start(store, LAUNCHED) == 0
    assert "verified (public only): Why.\n" in capsys.readouterr().out


class _Interrupted(DirectoryStore):
    """A store whose reader presses Ctrl-C."""

    def read(self, key: str) -> bytes | None:
        """Does not return."""
        raise KeyboardInterrupt


def test_who_stops_following_a_run_is_told_that_it_continues(
    launcher: Launcher, tmp_path: Path
) -> None:
    with pytest.raises(InterruptedRunError, match=f"{RUN_ID} continues; its mail will come"):
        launcher.start(_Interrupted(tmp_path), LAUNCHED)


def test_the_check_of_a_stack_ends_with_what_needs_action(
    launcher: Launcher, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {
        "status": "mend",
        "summary": "action needed: mail",
        "checks": {"mail": "action needed: confirm", "plan": "ok: paid"},
    }
    assert launcher.check(document) == 3
    assert capsys.readouterr().out.splitlines()[-1] == "action needed: mail"


def test_a_damaged_progress_is_named_and_the_run_is_followed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "POLL_SECONDS", 0.01)
    store, reported = DirectoryStore(tmp_path), list[str]()
    sound = Progress(1, "backing-up", 1, 2, run_id=RUN_ID, updated_at=NOW).to_json()
    damaged = sound.replace(b'"done": 1', b'"done": Infinity')
    store.write(f"runs/{RUN_ID}/progress.json", damaged)
    with pytest.raises(InterruptedRunError):
        remote.follow(store, RUN_ID, "", 0.01, reported.append)
    assert "progress.json is unreadable: done is not a whole number" in reported[-1]


@pytest.mark.parametrize("damaged", [b"[]", b"{}", b'{"verdict": "verified", "reason": 1}'])
def test_a_damaged_report_ends_the_following_with_its_name(tmp_path: Path, damaged: bytes) -> None:
    store = DirectoryStore(tmp_path)
    store.write(f"runs/{RUN_ID}/report.json", damaged)
    with pytest.raises(FatalError, match=rf"^runs/{RUN_ID}/report.json is unreadable: "):
        remote.follow(store, RUN_ID, "", 1, lambda _: None)
