"""All that is drawn on a terminal: a backup in work, bars, tables. Instances do not have it.

A backup shows what is in work, how fast it goes, and a table at the end.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Self, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from backup_contract.documents.manifest import Entry
from backup_contract.text import one_line, size

_STYLES = {"failed": "bold red", "backed-up": "green", "skipped": "yellow"}
_BAR_COLUMNS = 16
_RATE_SECONDS = 10.0
"""The rate is that of the last seconds; what was fetched an hour ago says nothing of now."""

NAMED = TextColumn(
    "{task.description}",
    style="dim",
    markup=False,
    table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
)
"""Names come last, and get what is left of the line. They may hold brackets, which rich would take
for its markup, links among it."""

T = TypeVar("T")


class _Rate:
    """How fast a count of bytes grows."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seen(self, now: float, count: int) -> float:
        """Bytes a second, by what was seen in the last seconds."""
        self._seen.append((now, count))
        while self._seen[0][0] < now - _RATE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (count - before) / max(0.5, now - since)


class _Volume(TextColumn):
    """Bytes and rate, asked anew whenever the line is drawn."""

    def __init__(self, count: Callable[[], int]) -> None:
        super().__init__("", markup=False, table_column=Column(no_wrap=True))
        self.max_refresh = 0.5
        self._count, self._rate = count, _Rate()

    def render(self, task: Task) -> Text:
        """As ``1.2 GB 3.4 MB/s``."""
        count = self._count()
        return Text(f"{size(count)} {size(self._rate.seen(time.monotonic(), count))}/s")


class _TimeLeft(TextColumn):
    """About how long it goes on, by how much of it is done; nothing before that can be said."""

    def __init__(self) -> None:
        super().__init__("", markup=False, table_column=Column(no_wrap=True))
        self.max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """As ``~1:05:09 left``."""
        done, total, elapsed = task.completed, task.total, task.elapsed
        if not done or not total or not elapsed or done >= total:
            return Text("")
        return Text(f"~{duration(elapsed / done * (total - done))} left")


def duration(seconds: float) -> str:
    """``0:42``, ``1:05:09``. Pure."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class LiveDisplay:
    """Counts, a bar, bytes, rate, time left and the repositories in work; problems scroll above.

    ``received`` tells how many bytes have come from GitHub.
    """

    def __init__(self, console: Console, received: Callable[[], int] = lambda: 0) -> None:
        self._lock = threading.Lock()
        self._current: dict[str, None] = {}
        self._total = 0
        self._progress = Progress(
            SpinnerColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            BarColumn(bar_width=_BAR_COLUMNS),
            _Volume(received),
            _TimeLeft(),
            NAMED,
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("listing …", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._progress.stop()

    def listed(self, count: int) -> None:
        """Now the bar has an end."""
        self._total = count
        self._progress.reset(self._task, total=count, description="")

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
            self._progress.advance(self._task)
            self._refresh()
        for item in items:
            name, part = item.name, item.result
            if part.state == "failed" and entry.asked:
                self._print(f"✗ {name}: {part.reason}", "red")
            for warning in part.warnings:
                self._print(f"! {name}: {warning}", "yellow")

    def drilling(self, name: str, done: int, total: int) -> None:
        """The line is the drill's from now on."""
        text = f"restore drill: {one_line(name)}"
        if not done:
            self._progress.reset(self._task)
        self._progress.update(self._task, total=total, completed=done, description=text)

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._print(text)

    def _print(self, text: str, style: str | None = None) -> None:
        self._progress.console.print(one_line(text, None), style=style, markup=False)

    def _refresh(self) -> None:
        """The one that is in work for longest first: there is often room for one name only."""
        names = list(self._current)
        more = f"(+{len(names) - 1}) " if len(names) > 1 else ""
        self._progress.update(self._task, description=f"{more}{names[0] if names else ''}")


def live_display(stream: TextIO, received: Callable[[], int]) -> LiveDisplay:
    """A live display on a stream that is a terminal."""
    return LiveDisplay(Console(file=stream), received)


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
    with Progress(
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        BarColumn(bar_width=_BAR_COLUMNS),
        _TimeLeft(),
        NAMED,
        console=Console(stderr=True),
        transient=True,
        expand=True,
        redirect_stdout=sys.stdout.isatty(),  # else what goes to a file would come out here
    ) as progress:
        task = progress.add_task("", total=len(items))
        for item, name in zip(items, names, strict=True):
            progress.update(task, description=name)
            yield item
            progress.advance(task)


@contextmanager
def counted(total: int, total_bytes: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr for things done at once; what is yielded counts one, by name and bytes."""
    done = 0
    with Progress(
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        BarColumn(bar_width=_BAR_COLUMNS),
        _Volume(lambda: done),
        _TimeLeft(),
        NAMED,
        console=Console(stderr=True),
        transient=True,
        expand=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        task = progress.add_task(f"of {size(total_bytes)}", total=total)

        def count_one(name: str, count: int) -> None:
            nonlocal done
            done += count
            progress.update(task, advance=1, description=name)

        yield count_one


def spinner(text: str) -> Status:
    """A spinner with a text on stderr, for as long as its context lasts."""
    return Console(stderr=True).status(Text(text))
