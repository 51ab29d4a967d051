"""Draws on a terminal: a backup's progress, bars. Instances do not have this module.

During a backup it shows the current repositories and the rate, and a table at the end.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import truediv
from typing import Self, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from backup_contract.documents.manifest import Entry
from backup_contract.documents.parts.labels import label
from backup_contract.text import one_line, size

_STYLES = {"failed": "bold red", "backed-up": "green", "skipped": "yellow"}
_BAR_COLUMNS = 16
_REPOSITORY_BYTES = 2_000_000
"""The fixed time per repository, as bytes: ``estimate`` assumes 0.1 s and 20 MB/s."""
_RATE_SECONDS = 10.0
"""The rate is measured over the last seconds."""

NAMED = TextColumn(
    "{task.description}",
    style="dim",
    markup=False,
    table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
)
"""Names come last and get the rest of the line. They may contain brackets, which rich would
interpret as markup, including links."""

T = TypeVar("T")


class _Rate:
    """The rate at which a count of bytes grows."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seen(self, now: float, count: int) -> float:
        """Bytes per second, from the counts of the last seconds."""
        self._seen.append((now, count))
        while self._seen[0][0] < now - _RATE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (count - before) / max(0.5, now - since)


class _Volume(TextColumn):
    """Bytes and rate, updated whenever the line is drawn."""

    def __init__(self, count: Callable[[], int]) -> None:
        super().__init__("", markup=False, table_column=Column(no_wrap=True))
        self.max_refresh = 0.5
        self._count, self._rate = count, _Rate()

    def render(self, task: Task) -> Text:
        """Format as ``1.2 GB 3.4 MB/s``."""
        count = self._count()
        return Text(f"{size(count)} {size(self._rate.seen(time.monotonic(), count))}/s")


class WorkLeft:
    """The share of a run that is done: by bytes if they were fetched, and by repositories.

    The remaining bytes are expected to be fetched at the same share as those that are done: all of
    them in a first run, almost none if little changed.
    """

    def __init__(self, sizes: Mapping[str, int] | None = None) -> None:
        """Create for repositories of these sizes in bytes, by name; others count as a
        repository."""
        self._sizes = {**(sizes or {})}
        self._left = sum(self._sizes.values())
        self._seen = self._fetched = 0

    def finished(self, name: str, *, fetched: bool) -> None:
        """Count this repository as done."""
        count = self._sizes.pop(name, 0)
        self._left -= count
        self._seen += count
        self._fetched += count * fetched

    def share_done(self, done: float, total: float) -> float:
        """From 0 to 1, if ``done`` repositories of ``total`` are done."""
        expected = self._left * self._fetched / self._seen if self._seen else 0
        worked = self._fetched + done * _REPOSITORY_BYTES
        left = expected + (total - done) * _REPOSITORY_BYTES
        return worked / (worked + left) if worked else 0.0


class _TimeLeft(TextColumn):
    """The estimated time left, from the share that is done; nothing before there is one."""

    def __init__(self, share_done: Callable[[float, float], float] = truediv) -> None:
        super().__init__("", markup=False, table_column=Column(no_wrap=True))
        self.max_refresh = 0.5
        self._share_done = share_done

    def render(self, task: Task) -> Text:
        """Format as ``~1:05:09 left``."""
        done, total, elapsed = task.completed, task.total, task.elapsed
        if not done or not total or not elapsed or done >= total:
            return Text("")
        share = self._share_done(done, total)
        return Text(f"~{duration(elapsed / share * (1 - share))} left")


def duration(seconds: float) -> str:
    """``0:42``, ``1:05:09``. Pure."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class LiveDisplay:
    """Counts, a bar, bytes, rate, time left and current repositories; problems scroll above.

    ``received`` returns the bytes received from GitHub so far.
    """

    def __init__(self, console: Console, received: Callable[[], int] = lambda: 0) -> None:
        self._lock = threading.Lock()
        self._current: dict[str, None] = {}
        self._total = 0
        self._work = WorkLeft()
        self._progress = Progress(
            SpinnerColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            BarColumn(bar_width=_BAR_COLUMNS),
            _Volume(received),
            _TimeLeft(lambda done, total: self._work.share_done(done, total)),
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
        """Set the number of repositories, which is the bar's end."""
        self._total = count
        self._progress.reset(self._task, total=count, description="")

    def sizes(self, bytes_by_name: Mapping[str, int]) -> None:
        """Set the sizes from which the time left is estimated."""
        with self._lock:
            self._work = WorkLeft(bytes_by_name)

    def further(self, count: int) -> None:
        """Extend the bar."""
        with self._lock:
            self._total += count
            self._progress.update(self._task, total=self._total)

    def started(self, name: str) -> None:
        """Add a current repository."""
        with self._lock:
            self._current[one_line(name)] = None
            self._refresh()

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """Advance. A problem stays on the screen."""
        items = [each for each in entry.items if kinds is None or each.kind in kinds]
        with self._lock:
            self._current.pop(one_line(entry.full_name), None)
            self._work.finished(entry.full_name, fetched=entry.git.state == "backed-up")
            self._progress.advance(self._task)
            self._refresh()
        for item in items:
            name, part = label(item), item.result
            if part.state == "failed" and entry.asked:
                self._print(f"✗ {name}: {part.reason}", "red")
            for warning in part.warnings:
                self._print(f"! {name}: {warning}", "yellow")

    def drilling(self, name: str, done: int, total: int) -> None:
        """Show the restore drill from now on."""
        text = f"restore drill: {one_line(name)}"
        if not done:
            self._work = WorkLeft()
            self._progress.reset(self._task)
        self._progress.update(self._task, total=total, completed=done, description=text)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._print(text)

    def _print(self, text: str, style: str | None = None) -> None:
        self._progress.console.print(one_line(text, None), style=style, markup=False)

    def _refresh(self) -> None:
        """Show the longest-running one first, because there is often room for only one name."""
        names = list(self._current)
        more = f"(+{len(names) - 1}) " if len(names) > 1 else ""
        self._progress.update(self._task, description=f"{more}{names[0] if names else ''}")


def live_display(stream: TextIO, received: Callable[[], int]) -> LiveDisplay:
    """A live display on a stream that is a terminal."""
    return LiveDisplay(Console(file=stream), received)


def show_summary(
    title: str, remarks: Sequence[tuple[str, str]], counts: Sequence[tuple[str, str]]
) -> None:
    """Print the remarks, each with the state that it is about, and a table of counts on stdout."""
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


def bar(items: Sequence[T], names: Sequence[str]) -> Iterator[T]:
    """Yield the items, with a bar on stderr that names the current one."""
    with Progress(
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        BarColumn(bar_width=_BAR_COLUMNS),
        _TimeLeft(),
        NAMED,
        console=Console(stderr=True),
        transient=True,
        expand=True,
        redirect_stdout=sys.stdout.isatty(),  # otherwise output for a file would be printed here
    ) as progress:
        task = progress.add_task("", total=len(items))
        for item, name in zip(items, names, strict=True):
            progress.update(task, description=name)
            yield item
            progress.advance(task)


@contextmanager
def counted(total: int, total_bytes: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr for parallel work. Yields a function that counts one, by name and bytes."""
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
    """A spinner with a text on stderr, while its context lasts."""
    return Console(stderr=True).status(Text(text))
