"""What a person sees: a live display on a terminal, one structured line per fact elsewhere."""

import sys
import threading
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from repo_backup.manifest import COUNTED, Entry, Manifest, Part

_STYLES = {"failed": "bold red", "backed-up": "green", "skipped": "yellow"}
_SHOWN_AT_ONCE = 4


class Display(Protocol):
    """Shows a run; called from every thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def listed(self, count: int) -> None:
        """So many repositories there are."""

    def started(self, name: str) -> None:
        """A repository is being worked on."""

    def finished(self, entry: Entry, run_id: str) -> None:
        """A repository is done."""

    def note(self, text: str) -> None:
        """Something worth knowing."""


class LineDisplay:
    """``name=value`` lines for logs; unchanged repositories are not worth one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def listed(self, count: int) -> None:
        """One line."""
        self._say(f"event=listed repositories={count}")

    def started(self, name: str) -> None:
        """Nothing."""

    def finished(self, entry: Entry, run_id: str) -> None:
        """One line for the repository and one for its wiki, when there is something to say."""
        for name, part in _parts(entry):
            if part.state not in ("unchanged", "absent"):
                size = (
                    f" bytes={part.archive.bytes}"
                    if part.state == "backed-up" and part.archive
                    else ""
                )
                reason = f' reason="{part.reason}"' if part.reason else ""
                self._say(
                    f"event={part.state} repository={name} refs={part.refs}{size}"
                    f" seconds={part.seconds:.1f}{reason}"
                )
            for warning in part.warnings:
                self._say(f'event=warning repository={name} warning="{warning}"')

    def note(self, text: str) -> None:
        """One line."""
        self._say(f'event=note text="{text}"')

    def _say(self, text: str) -> None:
        with self._lock:
            print(text, file=self._stream, flush=True)


class LiveDisplay:
    """A bar with counts, bytes, rate and the repositories in work; problems scroll above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._current: dict[str, None] = {}
        self._bytes = 0
        self._started = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[volume]}"),
            TextColumn("[dim]{task.fields[current]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, volume="", current="listing …")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def listed(self, count: int) -> None:
        """Now the bar has an end."""
        self._progress.update(self._task, total=count, current="")

    def started(self, name: str) -> None:
        """Show it among the current ones."""
        with self._lock:
            self._current[name] = None
            self._refresh()

    def finished(self, entry: Entry, run_id: str) -> None:
        """Advance; a problem stays on the screen."""
        with self._lock:
            self._current.pop(entry.full_name, None)
            self._bytes += sum(a.bytes for a in entry.archives if a.run_id == run_id)
            self._progress.advance(self._task)
            self._refresh()
        for name, part in _parts(entry):
            if part.state == "failed":
                self._progress.console.print(f"✗ {name}: {part.reason}", style="red", markup=False)
            for warning in part.warnings:
                text = f"! {name}: {warning}"
                self._progress.console.print(text, style="yellow", markup=False)

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._progress.console.print(text, markup=False)

    def _refresh(self) -> None:
        seconds = max(0.1, time.monotonic() - self._started)
        names = list(self._current)
        more = f" and {len(names) - _SHOWN_AT_ONCE} more" if len(names) > _SHOWN_AT_ONCE else ""
        self._progress.update(
            self._task,
            volume=f"{size(self._bytes)} at {size(self._bytes / seconds)}/s",
            current=", ".join(names[:_SHOWN_AT_ONCE]) + more,
        )


def open_display(stream: TextIO = sys.stderr) -> Display:
    """A live display when the stream is a terminal, lines otherwise."""
    console = Console(file=stream)
    return LiveDisplay(console) if console.is_terminal else LineDisplay(stream)


def print_summary(manifest: Manifest, console: Console) -> None:
    """The table at the end, problems first."""
    totals = manifest.totals
    table = Table(title=f"Run {manifest.run_id}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("listed", str(totals["listed"]))
    for state in COUNTED:
        style = _STYLES.get(state) if totals[state] else "dim"
        table.add_row(f"  {state}", str(totals[state]), style=style)
    table.add_row("wikis", str(totals["wikis"]))
    table.add_row("uploaded", size(totals["bytes_uploaded"]))
    table.add_row("stored", size(totals["bytes_stored"]))
    if manifest.drill:
        checked = manifest.drill["checked"]
        good = sum(item["ok"] for item in checked)
        table.add_row("restore drill", f"{good} of {len(checked)} archives good")
    named = [pair for entry in manifest.entries.values() for pair in _parts(entry)]
    for name, part in named:
        if part.state == "failed":
            console.print(f"failed: {name}: {part.reason}", style="red", markup=False)
    for name, part in named:
        if part.state == "skipped":
            console.print(f"left out: {name}: {part.reason}", markup=False, highlight=False)
    lfs = [name for name, part in named if part.lfs]
    if lfs:
        console.print(f"use Git LFS, whose objects are not in the archive: {', '.join(lfs)}")
    console.print(table)


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _parts(entry: Entry) -> list[tuple[str, Part]]:
    parts = [(entry.full_name, entry.part)]
    return parts + ([(f"{entry.full_name}.wiki", entry.wiki)] if entry.wiki else [])
