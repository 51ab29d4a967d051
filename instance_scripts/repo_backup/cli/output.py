"""Prints the commands' results: a table for people, or one JSON object for scripts.

Results go to stdout. Progress and errors go to stderr, so that ``--json`` prints only JSON to
stdout. ``live_display`` and ``terminal_table`` draw on a terminal. They are imported on use,
because the import takes longer than most commands, and because instances have neither them nor
rich.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TextIO, TypeVar

from backup_contract.text import one_line

T = TypeVar("T")


def draws(stream: TextIO) -> bool:
    """Whether to draw on the stream: it is a terminal, and rich is installed."""
    return stream.isatty() and all(map(find_spec, ("rich", "repo_backup.cli.live_display")))


def print_document(document: Mapping[str, Any]) -> None:
    """Print one JSON object, indented.

    Invisible characters are escaped, because it may be printed to a terminal.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False)
    print("".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text))


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print one line on stdout or the stream. Line breaks and control characters are escaped."""
    print(one_line(text, None), file=stream or sys.stdout, flush=True)


def print_message(text: str, stream: TextIO | None = None) -> None:
    """Print a message of one or more lines; all lines but the first are indented."""
    first, *others = text.split("\n")
    print_line(first, stream)
    for line in others:
        print_line(line if line.startswith("  ") else f"  {line}", stream)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings. Outside a terminal nothing is wrapped, so it can be copied."""
    rows = [[one_line(cell, None) for cell in row] for row in rows]
    if draws(sys.stdout):
        from repo_backup.cli.terminal_table import show_table

        show_table(headings, rows)
        return
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one pair per line, not wrapped so that they can be pasted.

    A name with several values is printed only with the first.
    """
    rows = [*facts]
    width = max((len(name) for name, _ in rows), default=0)
    before = ""
    for name, value in rows:
        print_line(f"{'' if name == before else name:<{width}}  {value}")
        before = name


def tracked(items: Sequence[T], names: Sequence[str]) -> Iterator[T]:
    """Yield the items, with a bar on a terminal that names the current one."""
    if not draws(sys.stderr):
        return iter(items)
    from repo_backup.cli.live_display import bar

    return bar(items, [one_line(name, None) for name in names])


@contextmanager
def counting(total: int, total_bytes: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal for parallel work of ``total_bytes`` in all.

    Yields a function that counts one, by name and bytes. Elsewhere nothing is shown.
    """
    if not draws(sys.stderr):
        yield lambda name, count: None
        return
    from repo_backup.cli.live_display import counted

    with counted(total, total_bytes) as count_one:
        yield lambda name, count: count_one(one_line(name, None), count)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal during long work; nothing may be printed meanwhile.

    Yields a function that changes the text. Elsewhere nothing is shown.
    """
    if not draws(sys.stderr):
        yield lambda text: None
        return
    from repo_backup.cli.live_display import spinner

    with spinner(one_line(text, None)) as status:
        yield status.update
