"""``status``, ``list --runs``, the page and the mail give one answer in the same words."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from repo_backup.cli.main import main
from repo_backup.health.status import assess
from repo_backup.page.render import readable
from repo_backup.page.run_history import read
from repo_backup.page.view_model import build_page
from repo_backup.store.directory import DirectoryStore
from tests.integration.situations import ALL, BAD, GOOD, SITUATIONS, Folder, weekly


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    text: str


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command on the folder."""

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = main([*words, "--source", str(tmp_path / "backup")])
        return Said(code, capsys.readouterr().out)

    return run


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_surface_gives_the_same_answer_in_the_same_words(
    name: str, tmp_path: Path, ask: Callable[..., Said]
) -> None:
    build, level, words = SITUATIONS[name]
    folder = Folder(tmp_path / "backup")
    build(folder)
    status = ask("status", "--json")
    document = json.loads(status.text)
    assert (document["level"], words in document["reason"]) == (level, True), document["reason"]
    assert document["good"] == (level != BAD)
    assert status.code == (0 if level != BAD else 3)

    spoken = ask("status")
    prefix = "good: " if level != BAD else "NOT GOOD: "
    assert spoken.code == status.code
    assert f"\n{prefix}{document['reason']}" in spoken.text

    out = tmp_path / "page"
    page = json.loads(ask("report", "--out", str(out), "--json").text)
    same = ("good", "level", "headline")
    assert {each: page[each] for each in same} == {each: document[each] for each in same}
    source = re.sub(r'<span class="date">(.*?)</span>', r"\1", (out / "index.html").read_text())
    shown = html.unescape(source)
    assert f'<h1 id="answer">{readable(document["headline"])}</h1>' in shown
    assert readable(document["reason"][1:]) in shown

    listed = ask("list", "--runs")
    verdicts = dict(line.split()[:2] for line in listed.text.splitlines()[1:])
    assert verdicts == dict(
        line.split()[:2] for line in spoken.text.splitlines()[1 : 1 + len(verdicts)]
    )
    store = DirectoryStore(folder.root)
    found = assess(store, 5, folder.now, None)
    rows = build_page(read(store), "x", folder.now, found.judgement, found.under_way).runs
    assert {row.run.id: row.run.verdict for row in rows} == verdicts
    for run_id, mail in folder.mails.items():
        if verdicts[run_id] != "unreadable":
            assert mail.startswith(f"[OnlineBackup] {verdicts[run_id]}"), mail


def test_a_folder_without_a_run_is_relied_on_by_nobody(
    tmp_path: Path, ask: Callable[..., Said]
) -> None:
    (tmp_path / "backup").mkdir()
    status = ask("status", "--json")
    assert (status.code, json.loads(status.text)["reason"]) == (3, "no run here can be relied on")
    assert ask("report", "--out", str(tmp_path / "page")).code == 1


@pytest.mark.parametrize(("days", "level"), [("9", BAD), ("11", GOOD)])
def test_the_age_that_is_asked_for_counts_instead_of_the_schedule(
    days: str, level: str, tmp_path: Path, ask: Callable[..., Said]
) -> None:
    Folder(tmp_path / "backup").run(*ALL, ago=10, schedule=weekly)
    status = json.loads(ask("status", "--json", "--max-age", days).text)
    page = json.loads(
        ask("report", "--json", "--out", str(tmp_path / "page"), "--max-age", days).text
    )
    assert (status["level"], page["level"]) == (level, level)
    assert status["headline"] == page["headline"]


def test_there_are_situations_enough() -> None:
    assert len(SITUATIONS) >= 30
