"""Draws a table on a terminal, within its width. Instances do not have this module."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_GAP = 2
"""Characters between two columns."""
_LONGEST_WORD = 24
"""Up to here a word is not divided: it may be a run id or a verdict."""
_SHORT_CELL = 8
"""Up to here a cell is not divided: it may be a number with its unit."""


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings on stdout, within the terminal's width.

    Long cells are wrapped between words, so ids and numbers stay whole. Only a longer word, such as
    the key of an archive, is divided.
    """
    console = Console(soft_wrap=True)
    columns = [*zip(headings, *rows, strict=True)]
    widths = column_widths(columns, console.width - _GAP * (len(columns) - 1))
    table = Table(box=None, pad_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False, highlight=False)


def column_widths(columns: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """How wide to print each column, so that together they have ``room``. Pure.

    Each is wide enough for its words, except very long ones; the rest is shared equally by those
    that need more. If words do not fit, the last column has what is left. All are None, so that
    rich decides, if it would have nothing.
    """
    needed = [max(map(cell_len, column)) for column in columns]
    least = [max(map(_longest_word, column)) for column in columns]
    spare = room - sum(least)
    if spare < 0:
        least[-1], spare = least[-1] + spare, 0
        if least[-1] < 1:
            return [None] * len(columns)
    widths: list[int | None] = [*least]
    by_need = sorted(range(len(columns)), key=lambda number: needed[number] - least[number])
    for done, number in enumerate(by_need):
        more = min(needed[number] - least[number], spare // (len(columns) - done))
        widths[number] = least[number] + more
        spare -= more
    return widths


def _longest_word(cell: str) -> int:
    words = [cell] if cell_len(cell) <= _SHORT_CELL else cell.split()
    return min(_LONGEST_WORD, max(map(cell_len, words), default=0))
