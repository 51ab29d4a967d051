"""Log lines: UTC time, level and run id, then ``name=value`` fields.

``2026-11-27T17:00:12Z INFO run=2026-11-27T17-00-00Z event=listed repositories=8``. A value that
could be taken for another field is quoted, with quotes and backslashes escaped.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from backup_contract.text import one_line

PROGRAM = "repo_backup"
"""The logger whose INFO records are written; of other libraries only warnings are."""

_OF_EVERY_RECORD = logging.LogRecord("", 0, "", 0, "", None, None).__dict__.keys() | {
    *("message", "asctime", "taskName")
}


class LogLines:
    """Writes lines to a stream. Lines from several threads do not mix."""

    def __init__(
        self, stream: TextIO, run_id: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._stream = stream
        self._run_id = run_id
        self._now = now
        self._lock = threading.Lock()

    def write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        """Write one line. A ``str`` is quoted if necessary, a :class:`Quoted` always."""
        words = [f"{name}={_value(value)}" for name, value in fields.items()]
        moment = f"{self._now():%Y-%m-%dT%H:%M:%SZ}"
        line = " ".join([moment, level, f"run={word(self._run_id)}", f"event={event}", *words])
        with self._lock:
            print(line, file=self._stream, flush=True)


class Quoted(str):
    """A text that is always quoted, so that it looks the same with and without spaces."""

    __slots__ = ()


def word(name: str) -> str:
    """A name, quoted if it is empty or could be taken for another field."""
    shown = one_line(name)
    return quoted(name) if not shown or any(mark in shown for mark in ' "=\\') else shown


def quoted(text: str) -> str:
    """A value in quotes, with quotes and backslashes escaped."""
    shown = one_line(text, None).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


@contextmanager
def logging_to(lines: LogLines) -> Iterator[None]:
    """Within the block, write the log records of libraries and this program as lines."""
    handler, root, program = _Handler(lines), logging.getLogger(), logging.getLogger(PROGRAM)
    before = program.level
    root.addHandler(handler)
    program.setLevel(logging.INFO)
    try:
        yield
    finally:
        program.setLevel(before)
        root.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, lines: LogLines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as one line, and each line of its stack trace as another."""
        try:
            extra = {n: v for n, v in vars(record).items() if n not in _OF_EVERY_RECORD}
            fields = {"logger": record.name, "text": Quoted(record.getMessage()), **extra}
            self._lines.write(record.levelname, "log", fields)
            if record.exc_info:
                for line in logging.Formatter().formatException(record.exc_info).splitlines():
                    self._lines.write(record.levelname, "trace", {"text": Quoted(line)})
        except Exception:  # noqa: BLE001 -- as in logging: its errors end no backup
            self.handleError(record)


def _value(value: object) -> str:
    return quoted(value) if isinstance(value, Quoted) else word(str(value))
