"""How every command speaks: a table for people, one JSON object for scripts, progress aside.

What was asked for goes to stdout; progress and complaints go to stderr, so that ``--json`` leaves
nothing but JSON on stdout. ``live_display`` draws on a terminal. It is imported where it draws:
that takes longer than most commands, and instances have neither it nor rich.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TextIO, TypeVar

from backup_contract.text import one_line

T = TypeVar("T")


def draws(stream: TextIO) -> bool:
    """Whether to draw on the stream: it is a terminal, and what draws is installed."""
    return stream.isatty() and all(map(find_spec, ("rich", "repo_backup.cli.live_display")))


def print_document(document: Mapping[str, Any]) -> None:
    """One JSON object, indented, and nothing else.

    What cannot be seen is escaped: a terminal shows the document as it is.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False)
    print("".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text))


def print_line(text: str, stream: TextIO | None = None) -> None:
    """One line on stdout, or on the stream, whatever others have put into it."""
    print(one_line(text, None), file=stream or sys.stdout, flush=True)


def print_message(text: str, stream: TextIO | None = None) -> None:
    """A message of one or more lines: the first is ours to begin, all others are indented."""
    first, *others = text.split("\n")
    print_line(first, stream)
    for line in others:
        print_line(line if line.startswith("  ") else f"  {line}", stream)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings; away from a terminal nothing is folded, for it is there to be copied."""
    rows = [[one_line(cell, None) for cell in row] for row in rows]
    if draws(sys.stdout):
        from repo_backup.cli.live_display import show_table

        show_table(headings, rows)
        return
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_facts(facts: Mapping[str, str]) -> None:
    """Names and values, one pair a line, unfolded: what stands there is to be pasted."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print_line(f"{name:<{width}}  {value}")


def tracked(items: Sequence[T], names: Sequence[str]) -> Iterator[T]:
    """The items, with a bar on a terminal that names the one in work."""
    if not draws(sys.stderr):
        return iter(items)
    from repo_backup.cli.live_display import bar

    return bar(items, [one_line(name, None) for name in names])


@contextmanager
def counting(total: int, total_bytes: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal for things that are done at once, of so many bytes in all.

    What is yielded counts one: its name and its bytes. Elsewhere nothing is shown.
    """
    if not draws(sys.stderr):
        yield lambda name, count: None
        return
    from repo_backup.cli.live_display import counted

    with counted(total, total_bytes) as count_one:
        yield lambda name, count: count_one(one_line(name, None), count)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """A sign of life on a terminal while something takes long; nothing is to be printed meanwhile.

    What is yielded changes the text. Elsewhere nothing is shown.
    """
    if not draws(sys.stderr):
        yield lambda text: None
        return
    from repo_backup.cli.live_display import spinner

    with spinner(one_line(text, None)) as status:
        yield status.update
