"""What a person sees of a backup: ``cli.live_display`` on a terminal, lines elsewhere."""

import threading
from collections.abc import Container
from typing import Protocol, Self, TextIO

from backup_contract.documents.manifest import Entry
from backup_contract.text import one_line


class Display(Protocol):
    """Shows a run; called from every thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *ended: object) -> None: ...

    def listed(self, count: int) -> None:
        """So many repositories there are."""

    def further(self, count: int) -> None:
        """So many repositories are gone through once more, for what comes late."""

    def started(self, name: str) -> None:
        """A repository is being worked on."""

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """A repository is done: what is new of it is of these kinds, None for all."""

    def note(self, text: str) -> None:
        """Something worth knowing."""


class LineDisplay:
    """``name=value`` lines for logs; unchanged repositories are not worth one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        pass

    def listed(self, count: int) -> None:
        """One line."""
        self._say(f"event=listed repositories={count}")

    def further(self, count: int) -> None:
        """One line."""
        self._say(f"event=further repositories={count}")

    def started(self, name: str) -> None:
        """Nothing."""

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """One line for the repository and one for its wiki, when there is something to say."""
        for item in entry.items:
            if kinds is not None and item.kind not in kinds:
                continue
            name, part = item.name, item.result
            if part.state not in ("unchanged", "absent"):
                event = part.state if entry.asked else "passed-over"
                put = part.bytes_put_by(run_id)
                size = f" bytes={put}" if part.state == "backed-up" and put else ""
                reason = f" reason={_quoted(part.reason)}" if part.reason else ""
                self._say(
                    f"event={event} repository={_word(name)} refs={part.refs}{size}"
                    f" seconds={part.seconds:.1f}{reason}"
                )
            for warning in part.warnings:
                self._say(f"event=warning repository={_word(name)} warning={_quoted(warning)}")

    def note(self, text: str) -> None:
        """One line."""
        self._say(f"event=note text={_quoted(text)}")

    def _say(self, text: str) -> None:
        with self._lock:
            print(text, file=self._stream, flush=True)


def _quoted(text: str) -> str:
    """A value in quotes, in which no other value can begin."""
    shown = one_line(text, None).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _word(name: str) -> str:
    """A name as it is; in quotes where another value could begin in it."""
    shown = one_line(name)
    return _quoted(name) if any(mark in shown for mark in ' "=\\') else shown
