"""The page holds everything itself, and nothing that strangers named can become markup or code."""

import base64
import hashlib
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import ItemResult
from backup_contract.github_names import restorable
from backup_contract.kinds import WIKI
from repo_backup.cli.parser import parse
from repo_backup.page.render import STATIC_ROWS, render
from repo_backup.page.view_model import restore_command
from tests.unit.repo_backup.page.runs import Runs, entry
from tools.bench.page.history import History

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!--<script>",
    "{{ page.source }} {% raw %}",
    "\u2028\u2029\u202e]]>&lt;\"'`",
    "\ud800 a lone surrogate",
)
ELEMENTS = """
    a bdi body button caption circle code dd defs details div dl dt figcaption figure footer form
    g h1 h2 h3 head header html input label li link main meta nav noscript ol option p path pattern
    rect script section select span strong style summary svg table tbody td text th thead time
    title tr ul
"""
"""What the page is made of; an attack would bring others."""


class Reader(HTMLParser):
    """Collects elements, their attributes, and the text of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._in = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in self.raw:
            self.raw[self._in][-1] += data
        else:
            self.text += data

    def attribute(self, tag: str, name: str) -> list[str]:
        return [found[name] or "" for each, found in self.elements if each == tag and name in found]


def read(runs: Runs) -> Reader:
    return Reader(render(runs.page()).decode())


def data(reader: Reader) -> Any:
    return json.loads(reader.raw["script"][0])


@pytest.fixture
def hostile(runs: Runs) -> Runs:
    """Runs in which every text that a stranger chooses is an attack."""
    for text in HOSTILE:
        runs.add(
            *(
                entry(n, "failed", name=f"{text}{n}", reason=text, warnings=(text,), lfs=True)
                for n in range(1, 4)
            ),
            entry(4, "failed", reason=text, wiki=ItemResult("failed", text)),
            verdict="partial",
            problems=[f"{text}: {text}"],
            acknowledged=[text],
            reason=text,
        )
    path = runs.root / "runs" / "<b>hostile"
    path.mkdir(parents=True)
    (path / "manifest.json").write_text("</script><b>")
    return runs


def test_hostile_names_and_reasons_stay_text(hostile: Runs) -> None:
    reader = read(hostile)
    assert {tag for tag, _ in reader.elements} <= set(ELEMENTS.split())
    assert len(reader.raw["script"]) == 2
    attributes = {name for _, found in reader.elements for name in found}
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert HOSTILE[0] in reader.text
    assert data(reader)["reason"]["0"]


def test_no_markup_can_begin_in_the_data(hostile: Runs) -> None:
    html = render(hostile.page()).decode()
    start = html.index('id="data">') + len('id="data">')
    document = html[start : html.index("</script>", start)]
    assert not set("<>&\u2028\u2029") & set(document)
    assert json.loads(document)["name"][0].startswith("octo/")


def test_the_policy_allows_this_script_and_this_style_and_nothing_else(hostile: Runs) -> None:
    reader = read(hostile)
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in reader.attribute("meta", "content")[0].split(";")
        if " " in rule.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    for name, text in (("script", reader.raw["script"][1]), ("style", reader.raw["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[f"{name}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in " ".join(policy.values())


def test_the_page_names_no_address_of_the_network(runs: Runs) -> None:
    runs.add(entry(1), usd_run=0.1)
    html = render(runs.page()).decode()
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<]*", html))
    assert addresses == {"http://www.w3.org/2000/svg"}, "the name of SVG, which nobody fetches"
    reader = Reader(html)
    links = reader.attribute("a", "href") + reader.attribute("link", "href")
    assert all(each.startswith(("#", "data:")) for each in links)
    assert reader.attribute("script", "src") == []


def test_every_id_is_there_once_and_every_reference_leads_somewhere(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "failed", reason="500"), verdict="partial", usd_run=0.1)
    reader = read(runs)
    ids = [found["id"] for _, found in reader.elements if "id" in found]
    assert len(ids) == len(set(ids))
    asked = [
        word
        for _, found in reader.elements
        for name in ("aria-labelledby", "aria-describedby")
        for word in (found.get(name) or "").split()
    ]
    asked += [each[1:] for each in reader.attribute("a", "href")]
    assert set(asked) <= set(ids)


def test_without_javascript_a_small_account_has_its_table_with_commands(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "failed", reason="500"), verdict="partial")
    text = read(runs).text
    assert "repo-backup restore octo/repo-1 --source s3://bucket --into ." in text
    assert "failed: 500" in re.sub(r"\s+", " ", text)


def test_without_javascript_a_large_account_is_told_what_to_do(runs: Runs) -> None:
    History(STATIC_ROWS + 1, 1, archive_bytes=1).write(runs.root)
    runs.ids.append("")
    text = read(runs).text
    assert "repo-backup list" in text
    assert "--into ." not in text


def test_charts_are_painted_by_the_page_and_have_tooltips(runs: Runs) -> None:
    runs.add(entry(1), usd_run=0.25, seconds=120.0)
    runs.add(entry(1), verdict="partial", usd_run=0.5, seconds=240.0)
    runs.add(entry(1))
    runs.add(manifest=False, verdict="missed")
    html = render(runs.page()).decode()
    charts = re.findall(r'<svg[^>]*class="chart".*?</svg>', html, re.DOTALL)
    assert len(charts) == 3, "duration, archives, cost; nothing was uploaded"
    assert all("<style" not in each and "<script" not in each for each in charts)
    assert "<title>2026-11-13: 4 min</title>" in charts[0]
    assert "How long a run took, in minutes" in html
    assert "Between 2 min and 4 min, 4 min at the newest run." in html


def test_each_run_has_a_cell_of_its_verdict_in_order(runs: Runs) -> None:
    runs.add(entry(1))
    runs.add(entry(1, "failed", reason="500"), verdict="partial")
    runs.add(manifest=False, verdict="missed")
    cells = re.findall(r'<li class="cell (\w+)" title="([^"]*)"', render(runs.page()).decode())
    assert cells == [
        ("good", "Fri 2026-11-06 17:00 UTC: verified"),
        ("watch", "Fri 2026-11-13 17:00 UTC: partial"),
        ("bad", "Fri 2026-11-20 17:00 UTC: missed"),
    ]


def test_repositories_come_before_the_runs(runs: Runs) -> None:
    runs.add(entry(1))
    html = render(runs.page()).decode()
    assert html.index('id="repositories"') < html.index('id="runs"')


def test_a_first_run_has_its_figures_and_no_charts(runs: Runs) -> None:
    runs.add(entry(1), usd_run=0.00008, usd_storage_per_month=0.00001, seconds=120.0)
    html = render(runs.page()).decode()
    assert 'class="chart"' not in html
    assert "2 min" in html
    assert "under 0.0001 USD" in html
    assert "e-05" not in html


@pytest.mark.parametrize(("count", "shown"), [(4, 2), (12, 4)])
def test_dates_below_the_bars_leave_each_other_room(runs: Runs, count: int, shown: int) -> None:
    for _ in range(count):
        runs.add(entry(1), seconds=60.0)
    html = render(runs.page()).decode()
    chart = re.findall(r'<svg[^>]*class="chart".*?</svg>', html, re.DOTALL)[0]
    assert len(re.findall(r"<text[^>]*>2\d{3}-\d\d-\d\d</text>", chart)) == shown


def test_the_data_are_columns_of_one_length(runs: Runs) -> None:
    runs.add(entry(1, run_id="2026-11-06T17-00-00Z"), entry(2, "empty"))
    runs.add(entry(1, "unchanged"), entry(2, "empty"))
    found = data(read(runs))
    assert found["name"] == ["octo/repo-1", "octo/repo-2"]
    assert found["history"] == ["b1u1", "e2"]
    assert found["uploads"] == [[0, 1000], []]
    assert found["lastGood"] == [1, None]
    assert found["bytes"] == [1000, None]
    columns = ("name", "status", "bytes", "lastGood", "readBack", "history", "restorable")
    assert {len(found[name]) for name in columns} == {2}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("octo/hello", "s3://bucket/some prefix"),
        ("octo/hello", "o'brien/$(rm -rf ~)/`x`"),
        ("octo/$(touch x)", "/backups;reboot"),
    ],
)
def test_a_restore_command_is_safe_to_paste(
    name: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if not source.startswith(("s3:", "/")):
        Path(source).mkdir(parents=True)
    words = shlex.split(restore_command(name, source, WIKI, run_id="a b"))
    assert words[:3] == ["repo-backup", "restore", name]
    assert (words[words.index("--source") + 1], words[words.index("--run-id") + 1]) == (
        source,
        "a b",
    )
    if restorable(name):
        assert parse(words[1:]).repositories == [name]
    else:
        with pytest.raises(SystemExit):
            parse(words[1:])
