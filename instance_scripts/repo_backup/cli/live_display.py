"""All that is drawn on a terminal: a backup in work, bars, tables. Instances do not have it.

A backup shows what is in work, how fast it goes, and a table at the end.
"""

import sys
import threading
import time
from collections.abc import Container, Iterator, Sequence
from typing import Self, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from backup_contract.documents.manifest import Entry
from backup_contract.text import one_line, size

_STYLES = {"failed": "bold red", "backed-up": "green", "skipped": "yellow"}
_SHOWN_AT_ONCE = 4

NAMED = TextColumn("{task.description}", style="dim", markup=False)
"""Names may hold brackets, which rich would take for its markup, links among it."""

T = TypeVar("T")


class LiveDisplay:
    """A bar with counts, bytes, rate and the repositories in work; problems scroll above it."""

    def __init__(self, console: Console) -> None:
        self._lock = threading.Lock()
        self._current: dict[str, None] = {}
        self._bytes = self._total = 0
        self._started = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[volume]}"),
            TextColumn("{task.fields[current]}", style="dim", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, volume="", current="listing …")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._progress.stop()

    def listed(self, count: int) -> None:
        """Now the bar has an end."""
        self._total = count
        self._progress.update(self._task, total=count, current="")

    def further(self, count: int) -> None:
        """The bar's end moves on."""
        with self._lock:
            self._total += count
            self._progress.update(self._task, total=self._total)

    def started(self, name: str) -> None:
        """Show it among the current ones."""
        with self._lock:
            self._current[one_line(name)] = None
            self._refresh()

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """Advance; a problem stays on the screen."""
        items = [each for each in entry.items if kinds is None or each.kind in kinds]
        with self._lock:
            self._current.pop(one_line(entry.full_name), None)
            self._bytes += sum(each.result.bytes_put_by(run_id) for each in items)
            self._progress.advance(self._task)
            self._refresh()
        for item in items:
            name, part = item.name, item.result
            if part.state == "failed" and entry.asked:
                self._print(f"✗ {name}: {part.reason}", "red")
            for warning in part.warnings:
                self._print(f"! {name}: {warning}", "yellow")

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._print(text)

    def _print(self, text: str, style: str | None = None) -> None:
        self._progress.console.print(one_line(text, None), style=style, markup=False)

    def _refresh(self) -> None:
        seconds = max(0.1, time.monotonic() - self._started)
        names = list(self._current)
        more = f" and {len(names) - _SHOWN_AT_ONCE} more" if len(names) > _SHOWN_AT_ONCE else ""
        self._progress.update(
            self._task,
            volume=f"{size(self._bytes)} at {size(self._bytes / seconds)}/s",
            current=", ".join(names[:_SHOWN_AT_ONCE]) + more,
        )


def live_display(stream: TextIO) -> LiveDisplay:
    """A live display on a stream that is a terminal."""
    return LiveDisplay(Console(file=stream))


def show_summary(
    title: str, remarks: Sequence[tuple[str, str]], counts: Sequence[tuple[str, str]]
) -> None:
    """The remarks, each with the state that it is about, and a table of the counts, on stdout."""
    console = Console()
    for state, remark in remarks:
        console.print(remark, style=_STYLES.get(state), markup=False, highlight=False)
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in counts:
        state = name.strip()
        table.add_row(name, value, style="dim" if value == "0" else _STYLES.get(state))
    console.print(table)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings on stdout, long cells folded."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True).print(table, markup=False, highlight=False)


def bar(items: Sequence[T], names: Sequence[str]) -> Iterator[T]:
    """The items, with a bar on stderr that names the one in work."""
    columns = (BarColumn(bar_width=30), MofNCompleteColumn(), NAMED)
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else what goes to a file would come out here
    ) as progress:
        task = progress.add_task("", total=len(items))
        for item, name in zip(items, names, strict=True):
            progress.update(task, description=name)
            yield item
            progress.advance(task)


def spinner(text: str) -> Status:
    """A spinner with a text on stderr, for as long as its context lasts."""
    return Console(stderr=True).status(Text(text))
