"""One hostile text through every surface: it forges no line, moves no cursor, and hides nothing."""

import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIT
from launcher.preflight.findings import Finding, Grade, answer
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, build_corpus
from repo_backup.cli import output
from repo_backup.cli.commands import stack_commands
from repo_backup.cli.live_display import LiveDisplay
from repo_backup.cli.main import main
from repo_backup.cli.output import (
    print_document,
    print_facts,
    print_line,
    print_table,
    tracked,
    working,
)
from repo_backup.page.render import render
from repo_backup.run.progress_display import LineDisplay
from repo_backup.runtime.errors import BackupError
from repo_backup.runtime.log_lines import LogLines
from repo_backup.store.directory import DirectoryStore
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from shared.aws.sns_topic import fitting_body, fitting_subject
from shared.errors import RefusedError
from tests.unit.repo_backup.page.runs import Runs, entry
from tests.unit.reporter.publish.samples import SAMPLES

FORGED = "VERIFIED: all is well"
ATTACKS = [
    *(f"a{end}{FORGED}{end}b" for end in ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85")),
    *(f"a{end}{FORGED}{end}b" for end in ("\u2028", "\u2029")),
    'x" event=complete repository="y',
    "\\",
    "\x1b[2J\x1b]8;;https://evil.test\x07click\x1b]8;;\x07\x9b2J\x7f\0",
    "\u202eypoc\u202c \u2066x\u2069 \u200b\u200d\ufeff\xad\u061c\U000e0041",
    "[link=https://evil.test]x[/link] [red] [/nonsense]",
    "$(reboot) `reboot` ; reboot ' reboot",
    "{0} {launcher} %s %(x)s {",
    "\ud800",
]
HOSTILE = " ".join(ATTACKS)
RUN_ID = "2026-11-27T17-00-00Z"


def check(text: str) -> None:
    """Every line is printable, and none is what the text pretends to be."""
    for line in text.split("\n"):
        assert line.isprintable(), repr(line)
        assert not line.lstrip(" |").startswith(FORGED)
        assert not re.match(r"event=complete|repo-backup: a", line)


def test_the_text_is_as_hostile_as_can_be() -> None:
    with pytest.raises(AssertionError):
        check(HOSTILE)


# ── Mails


def poisoned(value: Any, name: str = "") -> Any:
    """The same with the hostile text in every text that others write: what is read of documents."""
    if is_dataclass(value) and not isinstance(value, type):
        kept = {"run", "cost", "owners"} if name == "" else set()
        changed = {
            each.name: poisoned(getattr(value, each.name), each.name)
            for each in fields(value)
            if each.name not in kept and each.init
        }
        return replace(value, **changed)
    if isinstance(value, (tuple, list)):
        return type(value)(poisoned(each, name) for each in value)
    if isinstance(value, dict):
        return {each: poisoned(found, name) for each, found in value.items()}
    if isinstance(value, str) and not isinstance(value, Enum) and name in OTHERS:
        return f"{value} {HOSTILE}"
    return value


OTHERS = {
    *("name", "owner", "reason", "warnings", "notices", "errors", "problems", "acknowledged"),
    *("key", "log_tail", "damage", "only", "remarks", "drill_failures", "drill_undone"),
}


@pytest.mark.parametrize("title", SAMPLES)
def test_mails(title: str) -> None:
    facts = poisoned(SAMPLES[title])
    attempts = tuple(
        replace(
            each,
            problem=HOSTILE,
            answers=tuple(replace(one, code=HOSTILE, message=HOSTILE) for one in each.answers),
        )
        for each in facts.run.attempts
    )
    facts = replace(facts, run=replace(facts.run, attempts=attempts))
    message = summary(facts)
    check(fitting_subject(message.subject))
    text = fitting_body(as_text(message))
    assert FORGED in text
    check(text)
    for command in re.findall(r"(?:aws s3 rm|repo-backup restore) .*", text):
        assert "reboot" not in command


# ── The terminal and logs


def test_log_lines_have_the_values_that_they_were_given_and_no_other() -> None:
    stream = io.StringIO()
    part = ItemResult("failed", HOSTILE, warnings=(HOSTILE, "plain"))
    display = LineDisplay(LogLines(stream, RUN_ID))
    display.finished(replace(entry(1).having(GIT, part), owner=HOSTILE, name=HOSTILE), "r1")
    display.note(HOSTILE)
    lines = stream.getvalue().removesuffix("\n").split("\n")
    check(stream.getvalue())
    names = [[word.partition("=")[0] for word in shlex.split(line)[2:]] for line in lines]
    warning = ["run", "event", "repository", "warning"]
    failed = ["run", "event", "repository", "refs", "seconds", "reason"]
    assert names == [failed, warning, warning, ["run", "event", "text"]]


def shown(draw: Callable[[Console], object]) -> str:
    """What is drawn on a terminal, without rich's own colours and cursor movements."""
    stream = io.StringIO()
    draw(Console(file=stream, force_terminal=True, width=10_000))
    text = stream.getvalue()
    assert "\x1b]8" not in text  # a link
    return without_colours(text)


def without_colours(text: str) -> str:
    """What rich draws, without its own colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


def test_a_backup_on_a_terminal() -> None:
    part = ItemResult("failed", HOSTILE, warnings=(HOSTILE,))
    hostile = replace(entry(1).having(GIT, part), owner=HOSTILE, name=HOSTILE)

    def draw(console: Console) -> None:
        with LiveDisplay(console) as display:
            display.listed(1)
            display.started(hostile.full_name)
            display.note(HOSTILE)
            display._progress.refresh()
            display.finished(hostile, "r1")

    check(shown(draw))


def test_what_commands_print(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    print_line(HOSTILE, sys.stderr)
    print_table(("name",), [(HOSTILE,)])
    print_facts([("check", HOSTILE)])
    print_document({"text": HOSTILE})
    printed = capsys.readouterr()
    check(printed.out + printed.err)
    assert json.loads(printed.out[printed.out.index("{\n") :])["text"] == HOSTILE


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[GitHubStandIn]:
    """A GitHub that refuses one repository and one wiki with a hostile text."""
    build_corpus(tmp_path / "hub")
    words = HOSTILE.encode("utf-8", "replace")
    packet = b"ERR " + words
    refs = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    faults = [
        Fault("/octo/secret.git/*", status=403, body=words),
        Fault(
            "/octo/hello.wiki.git/*",
            status=200,
            headers=refs,
            body=b"%04x" % (len(packet) + 4) + packet,
        ),
    ]
    with GitHubStandIn(tmp_path / "hub", faults=faults) as hub:
        yield hub


def spoil(document: Any) -> Any:
    """The document with the hostile text in all that its reader takes for words of others."""
    if isinstance(document, dict):
        return {
            name: HOSTILE + str(value or "")
            if name in ("reason", "text") and not isinstance(value, (dict, list))
            else [HOSTILE]
            if name in ("warnings", "remarks", "notices", "errors", "problems")
            else spoil(value)
            for name, value in document.items()
        }
    return [spoil(each) for each in document] if isinstance(document, list) else document


def test_every_command_about_a_backup(
    corpus: GitHubStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", corpus.api_url)
    monkeypatch.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    monkeypatch.setattr("repo_backup.runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    root = tmp_path / "mirrors"
    selected = [f"--only={name}" for name in ("hello", "secret")]
    backup = ["backup", "--owner", "octo", "--destination", str(root), "--no-data", *selected]
    assert main([*backup, "--run-id", RUN_ID]) == 3
    written = root / layout.manifest(RUN_ID)
    document = json.loads(written.read_bytes())
    check(capsys.readouterr().err)
    parts = [part for each in document["repositories"] for part in (each, each["wiki"]) if part]
    reasons = [part["reason"] for part in parts]
    assert sum(FORGED in (reason or "") for reason in reasons) == 2
    # A lone surrogate alone would make it a damaged document, of which nothing is shown.
    written.write_text(json.dumps(spoil(document)).replace(json.dumps("\ud800")[1:-1], ""))
    (root / "runs" / "earlier").mkdir()
    (root / "runs" / "earlier" / "manifest.json").write_text(json.dumps({"run_id": HOSTILE}))
    (root / "github_backups" / "octo" / "odd\x1b[2J\u202e\nVERIFIED: all is well.zip").touch()
    source = ["--source", str(root)]
    commands = [
        ["status", *source],
        ["list", *source],
        ["list", "--runs", *source],
        ["list", "--json", *source],
        ["status", "--json", *source],
        ["verify", "--all", *source],
        ["list", "--at", RUN_ID, *source],
        ["verify", "--at", RUN_ID, *source],
        ["diff", RUN_ID, "earlier", *source],
        ["diff", RUN_ID, RUN_ID, *source],
        ["restore", "octo/hello", *source, "--into", str(tmp_path / "out")],
        ["restore", "octo/absent", *source, "--into", str(tmp_path / "out")],
        [*backup, "--run-id", "again"],
    ]
    shown: list[str] = []
    for command in commands:
        main(command)
        printed = capsys.readouterr()
        assert printed.out + printed.err
        check(printed.out + printed.err)
        shown += [command[0]] * (FORGED in printed.out)
    assert {"list", "verify"} <= set(shown)
    (root / layout.LOCK).write_text(
        json.dumps({"run_id": HOSTILE, "attempt": 1, "expires_at": "2999-01-01T00:00:00Z"})
    )
    main([*backup, "--run-id", "refused"])
    check(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("key", "document"),
    [
        (layout.progress(RUN_ID), {"phase": HOSTILE, "done": 1, "listed": 2}),
        (layout.report(RUN_ID), {"verdict": HOSTILE, "reason": HOSTILE, "problems": []}),
        (layout.report(RUN_ID), {"verdict": "partial", "reason": [HOSTILE], "problems": []}),
    ],
)
def test_a_run_that_is_followed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    document: dict[str, Any],
) -> None:
    monkeypatch.setattr(stack_commands, "POLL_SECONDS", 0.01)
    store = DirectoryStore(tmp_path)
    store.write(key, json.dumps(document).encode())
    with pytest.raises(BackupError) as raised:
        stack_commands.follow(store, RUN_ID, "waiting", 0.02, stack_commands._teller())
    print_line(f"repo-backup: {raised.value}", sys.stderr)
    printed = capsys.readouterr().err
    assert key in printed or "no report yet" in printed
    check(printed)


def test_tables_and_bars_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setattr(output, "draws", lambda stream: True)
    print_table(("name",), [(HOSTILE,)])
    assert list(tracked(["item"], [HOSTILE])) == ["item"]
    with working(HOSTILE):
        pass
    printed = capsys.readouterr()
    assert "\x1b]8" not in printed.out + printed.err
    check(without_colours(printed.out + printed.err))


# ── The page and the launcher's answers


def test_the_page(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    part = ItemResult("failed", HOSTILE, warnings=(HOSTILE,))
    runs.add(entry(1), entry(2).having(GIT, part), problems=[HOSTILE], verdict="partial")
    page = runs.page()
    page = replace(
        page,
        source=HOSTILE,
        repositories=tuple(
            replace(each, name=HOSTILE, former_names=(HOSTILE,)) for each in page.repositories
        ),
    )
    html = render(page).decode()
    check(html)
    (data,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    for column in ("name", "reason", "warnings", "former"):
        check(str(json.loads(data)[column]))


def test_the_launchers_answers() -> None:
    lines = answer([Finding("GitHub", Grade.ACTION_NEEDED, HOSTILE)])
    check(lines.checks["GitHub"])
    check(str(RefusedError("GitHubOwner", HOSTILE, HOSTILE)))
