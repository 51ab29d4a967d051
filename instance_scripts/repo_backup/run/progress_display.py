"""What a person sees of a backup: what ``live.py`` draws on a terminal, lines elsewhere."""

import sys
import threading
from types import TracebackType
from typing import Protocol, Self, TextIO

from backup_contract.documents.manifest import COUNTED, Entry, Manifest, Part
from backup_contract.visibility import describe
from repo_backup.cli.output import print_facts


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
        for name, part in parts_of(entry):
            if part.state not in ("unchanged", "absent"):
                event = part.state if entry.asked else "passed-over"
                size = (
                    f" bytes={part.archive.bytes}"
                    if part.state == "backed-up" and part.archive
                    else ""
                )
                reason = f' reason="{part.reason}"' if part.reason else ""
                self._say(
                    f"event={event} repository={name} refs={part.refs}{size}"
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


def open_display(stream: TextIO = sys.stderr) -> Display:
    """A live display when the stream is a terminal, lines otherwise."""
    if not stream.isatty():
        return LineDisplay(stream)
    from rich.console import Console

    from repo_backup.cli.live_display import LiveDisplay

    return LiveDisplay(Console(file=stream))


def print_summary(manifest: Manifest) -> None:
    """What became of the run, on stdout: problems first, the counts last."""
    title, remarks, counts = f"Run {manifest.run_id}", _remarks(manifest), _counts(manifest)
    if sys.stdout.isatty():
        from repo_backup.cli.live_display import show_summary

        show_summary(title, remarks, counts)
        return
    for _, remark in remarks:
        print(remark)
    print(title)
    print_facts(dict(counts))


def _remarks(manifest: Manifest) -> list[tuple[str, str]]:
    """What a person must know, and the state that it is about."""
    entries = manifest.entries.values()
    seen = describe(manifest.visibility)
    named = [pair for entry in entries for pair in parts_of(entry)]
    told = (
        ("failed", True, "failed"),
        ("failed", False, "failed before, and was not tried this time"),
        ("skipped", True, "left out"),
        ("skipped", False, "left out"),
    )
    remarks: list[tuple[str, str]] = [("skipped", seen.sentence)] if seen.sentence else []
    remarks += [
        (state, f"{words}: {name}: {part.reason}{'; nothing is saved of it' * entry.unsaved}")
        for state, asked, words in told
        for entry in entries
        if entry.asked is asked
        for name, part in parts_of(entry)
        if part.state == state
    ]
    lfs = ", ".join(name for name, part in named if part.lfs)
    if lfs:
        remarks.append(("", f"use Git LFS, whose objects are not in the archive: {lfs}"))
    return remarks


def _counts(manifest: Manifest) -> list[tuple[str, str]]:
    totals = manifest.totals
    label = describe(manifest.visibility).label
    counts = [("listed", f"{totals['listed']}{f' ({label})' * bool(label)}")]
    counts += [(f"  {state}", str(totals[state])) for state in COUNTED]
    counts.append(("wikis", str(totals["wikis"])))
    counts += [(each, size(totals[f"bytes_{each}"])) for each in ("uploaded", "stored")]
    if manifest.drill:
        checked = manifest.drill["checked"]
        good = sum(item["ok"] is True for item in checked)
        undone = sum(item["ok"] is None for item in checked)
        told = f"; {undone} could not be tried on this machine" if undone else ""
        counts.append(("restore drill", f"{good} of {len(checked)} archives good{told}"))
    return counts


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def parts_of(entry: Entry) -> list[tuple[str, Part]]:
    """A repository and its wiki by the names that people see."""
    parts = [(entry.full_name, entry.part)]
    return parts + ([(f"{entry.full_name}.wiki", entry.wiki)] if entry.wiki else [])
