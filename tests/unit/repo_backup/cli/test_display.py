"""Progress and summary: live on a terminal, plain lines away from one."""

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
)
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.parts.objects_put import ObjectsPut
from backup_contract.documents.parts.results import Referred
from backup_contract.kinds import DATA, GIT, LFS
from backup_contract.text import size
from repo_backup.cli.display import open_display, print_summary
from repo_backup.cli.live_display import LiveDisplay, WorkLeft, show_summary
from repo_backup.cli.output import print_table
from repo_backup.cli.terminal_table import column_widths, show_table
from repo_backup.run.progress_display import LineDisplay
from repo_backup.runtime.log_lines import LogLines


def _entry(state: str = "backed-up") -> Entry:
    archive = Archive("k", 2_500_000, "0", "r1")
    part = ItemResult(state, "a reason", ("a warning",), archive=archive)  # type: ignore[arg-type]
    return Entry(1, "octo", "hello", False, False, False, {GIT: part})


def test_away_from_a_terminal_every_fact_is_a_line() -> None:
    stream = io.StringIO()
    with open_display("r1", stream) as display:
        assert isinstance(display, LineDisplay)
        display.listed(3)
        display.started("octo/hello")
        display.finished(_entry(), "r1")
        display.note("something")
    answer = [line.split(" ", 1) for line in stream.getvalue().splitlines()]
    assert all(datetime.fromisoformat(moment).utcoffset() == timedelta(0) for moment, _ in answer)
    lines = [line for _, line in answer]
    assert lines[0] == "INFO run=r1 event=listed repositories=3"
    assert lines[1].startswith("INFO run=r1 event=backed-up repository=octo/hello refs=0 bytes=25")
    assert lines[2] == 'WARNING run=r1 event=warning repository=octo/hello warning="a warning"'
    assert lines[3] == 'INFO run=r1 event=note text="something"'
    assert len(lines) == 4


def test_what_is_logged_meanwhile_is_among_the_lines_and_loses_no_field() -> None:
    stream = io.StringIO()
    log = logging.getLogger("repo_backup.run.somewhere")
    with open_display("r1", stream):
        log.warning('a "kept" archive', extra={"key": "a b", "why": "no"})
        log.info("%d uploads", 3)
        try:
            print(1 / 0)
        except ZeroDivisionError:
            log.exception("a defect")
    before = stream.getvalue()
    lines = [line.split(" ", 1)[1] for line in before.splitlines()]
    where = "run=r1 event=log logger=repo_backup.run.somewhere"
    assert lines[0] == f'WARNING {where} text="a \\"kept\\" archive" key="a b" why=no'
    assert lines[1] == f'INFO {where} text="3 uploads"'
    assert lines[2] == f'ERROR {where} text="a defect"'
    assert lines[-1] == 'ERROR run=r1 event=trace text="ZeroDivisionError: division by zero"'
    log.warning("after the run")
    assert stream.getvalue() == before


def test_on_a_terminal_progress_is_shown_live() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with LiveDisplay(console, lambda: 2_500_000) as display:
        display.listed(3)
        display.started("octo/hello")
        display.started("octo/world")
        display.finished(_entry("failed"), "r1")
        display.note("something")
    message = stream.getvalue()
    for words in ("1/3", "2.5 MB", "octo/world", "octo/hello: a reason", "something"):
        assert words in message


def test_time_left_goes_by_bytes_where_they_are_fetched() -> None:
    """The largest of a first run is done first: 1 repository of 3, and nearly all of the work."""
    work = WorkLeft({"octo/large": 980_000_000, "octo/a": 10_000_000, "octo/b": 4_000_000})
    assert work.share_done(0, 3) == 0
    work.finished("octo/large", fetched=True)
    assert work.share_done(1, 3) == pytest.approx(0.982)
    work.finished("octo/a", fetched=True)
    work.finished("octo/b", fetched=True)
    assert work.share_done(3, 3) == 1


def test_time_left_goes_by_repositories_where_nothing_changed() -> None:
    work = WorkLeft({"octo/large": 10**12, "octo/a": 10, "octo/b": 10, "octo/c": 10})
    work.finished("octo/large", fetched=False)
    assert work.share_done(1, 4) == pytest.approx(0.25)
    work.finished("octo/gist of unknown size", fetched=True)
    assert work.share_done(2, 5) == pytest.approx(0.4)


def _drawn(display: LiveDisplay) -> str:
    """The line as it is now."""
    console = display._progress.console
    with console.capture() as captured:
        console.print(display._progress.get_renderable())
    return captured.get().rstrip()


def test_at_80_columns_a_long_name_is_cut_and_nothing_else() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80)
    with LiveDisplay(console, lambda: 123_456_789) as display:
        display.listed(5000)
        for number in range(12):
            display.started(f"organization-with-a-long-name/repository-{number}")
        display.finished(_entry(), "r1")
        line = _drawn(display)
        display.drilling("octo/hello", 0, 4)
        drill = _drawn(display)
    for text in (line, drill):
        assert len(text.splitlines()) == 1
        assert len(text) <= 80
        assert "123.5 MB" in text
        assert "B/s" in text
    assert "1/5000" in line
    assert " left" in line
    assert "(+11) organiza" in line
    assert "0/4" in drill
    assert "restore drill: octo" in drill


def test_away_from_a_terminal_the_drill_has_one_line_however_many_archives_it_reads_at_once() -> (
    None
):
    stream = io.StringIO()
    display = LineDisplay(LogLines(stream, "r1"))
    for done in (0, 0, 1):
        display.drilling("octo/hello", done, 3)
    assert stream.getvalue().count("event=drilling archives=3") == 1


def test_away_from_a_terminal_the_summary_is_plain_problems_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = Manifest(
        "r1", 1, ["octo"], datetime.now(UTC), by_identity([_entry("failed")]), listed=1
    )
    manifest.drill = Drill((DrilledArchive("a", True), DrilledArchive("b", False)))
    print_summary(manifest)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["failed: octo/hello: a reason", "Run r1"]
    answer = dict(line.split(maxsplit=1) for line in lines[2:-1])
    assert answer["listed"] == answer["failed"] == "1"
    assert answer["uploaded"] == answer["stored"] == "2.5 MB"
    assert lines[-1] == "restore drill  1 of 2 archives good"


def test_every_kind_of_large_file_has_its_line_in_the_summary(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {LFS: Referred(2, 9, 1, 4), DATA: Referred(3, 30, 3, 30)}
    entry = _entry("backed-up")
    for kind, numbers in files.items():
        entry = entry.having(kind, ItemResult("backed-up", objects=numbers))
    manifest = Manifest("r1", 1, ["octo"], datetime.now(UTC), by_identity([entry]), listed=1)
    manifest.objects_put = ObjectsPut(4, 34)
    print_summary(manifest)
    printed = capsys.readouterr().out
    shared = "(counted per repository)"
    assert f"\nlarge files   1 of 2 LFS objects saved, 4 B; 1 not saved, 5 B {shared}\n" in printed
    assert f"\n              3 release assets saved, 30 B {shared}\n" in printed
    assert "\n              4 large files uploaded, 34 B\n" in printed


def test_on_a_terminal_the_summary_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary("Run r1", [("failed", "failed: octo/hello: [a] reason")], [("listed", "7")])
    message = capsys.readouterr().out
    assert message.startswith("failed: octo/hello: [a] reason")
    assert "Run r1" in message
    assert "│ listed │ 7 │" in message


def test_away_from_a_terminal_a_table_is_columns_that_are_not_folded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("name", "size"), [("octo/hello", "1 B"), ("o/h", "x" * 500)])
    message = capsys.readouterr().out
    assert message == f"name        size\nocto/hello  1 B\no/h         {'x' * 500}\n"


def test_on_a_terminal_a_table_folds_long_cells(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "size"), [("octo/[hello]", "x" * 500)])
    message = capsys.readouterr().out
    assert "octo/[hello]" in message
    assert max(map(len, message.splitlines())) <= 80


def test_a_table_of_runs_fits_80_columns_and_divides_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run_id = "2026-11-27T17-00-00Z"
    show_table(
        ("run", "verdict", "listed", "backed up", "unchanged", "failed", "stored"),
        [
            (run_id, "verified", "1500", "1400", "100", "0", "104.2 GB"),
            (
                *(run_id, "partial (narrowed; 12 of 30 repositories visible)", "30", "4", "26"),
                *("1 and 2 gists and 1 account", "1.2 GB"),
            ),
            (run_id, "not-launched", "0", "0", "0", "0", "0 B"),
        ],
    )
    drawn = capsys.readouterr().out
    assert max(map(len, drawn.splitlines())) <= 80
    words = drawn.split()
    assert words.count(run_id) == 3
    assert "104.2 GB" in drawn
    assert {"unchanged", "verified", "repositories", "not-launched"} <= {*words}


@pytest.mark.parametrize(
    ("cells", "room", "widths"),
    [
        ([["a b", "abc"], ["abcd"]], 20, [3, 4]),
        ([["aaaa bbbb"], ["cc"]], 8, [6, 2]),
        ([["104.2 GB"], ["cc dd ee ff"]], 10, [8, 2]),
        ([["k" * 60], ["1.2 GB"]], 46, [40, 6]),
        ([["aaaa"], ["bbbb"]], 7, [4, 3]),
        ([["aaaa"], ["bbbb"]], 4, [None, None]),
        ([["中文"], [""]], 5, [4, 0]),
        ([], 5, []),
    ],
)
def test_columns_share_the_room_that_their_words_leave(
    cells: list[list[str]], room: int, widths: list[int | None]
) -> None:
    assert column_widths(cells, room) == widths


def test_bytes_are_readable() -> None:
    counts = (999, 1500, 2_500_000, 7e12)
    assert [size(count) for count in counts] == ["999 B", "1.5 kB", "2.5 MB", "7.0 TB"]
