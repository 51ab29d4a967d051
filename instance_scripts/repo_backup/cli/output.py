"""How every command speaks: a table for people, one JSON object for scripts, progress aside.

What was asked for goes to stdout; progress and complaints go to stderr, so that ``--json`` leaves
nothing but JSON on stdout. rich is imported where it draws: that takes longer than most commands.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

_WIDE = 400

T = TypeVar("T")


def print_document(document: Mapping[str, Any]) -> None:
    """One JSON object, indented, and nothing else."""
    print(json.dumps(document, indent=1, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings; away from a terminal nothing is folded, for it is there to be copied."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
    console.print(table, markup=False, highlight=False)


def print_facts(facts: Mapping[str, str]) -> None:
    """Names and values, one pair a line, unfolded: what stands there is to be pasted."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}", flush=True)


def tracked(items: Sequence[T], names: Sequence[str]) -> Iterator[T]:
    """The items, with a bar on a terminal that names the one in work."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("[dim]{task.description}"))
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else what goes to a file would come out here
    ) as bar:
        task = bar.add_task("", total=len(items))
        for item, name in zip(items, names, strict=True):
            bar.update(task, description=name)
            yield item
            bar.advance(task)


def working(text: str) -> AbstractContextManager[object]:
    """A sign of life on a terminal while something takes long; nothing is to be printed meanwhile.

    Elsewhere nothing is shown.
    """
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(text)
