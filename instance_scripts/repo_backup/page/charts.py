"""The page's charts: one bar for each run, computed here, drawn as SVG by the page's template.

The page's CSS colours them, so that they follow light and dark mode. Every bar has a tooltip, and
the table of runs has the same figures as text. Lengths are in units of the drawing.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from backup_contract.text import size
from repo_backup.page.figures import duration, usd
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_record import Run
from repo_backup.page.run_row import RunRow

_WIDTH, _HEIGHT = 520, 190
_TOP, _BOTTOM, _RIGHT = 12, 168, 516
_LEFT, _CHARACTER = 10, 9.6
"""The space left of the bars fits the longest label of the vertical axis at the font size of a
phone (16 units, see page.css)."""
_DATE_WIDTH = 92
"""The width of a date at that size, so that the first and last one stay within the drawing."""
_DATES_SHOWN = 4
_INTERVALS = 4
_BAR_SHARE = 0.88
"""The share of its space that a bar fills."""
LEAST_RUNS = 4
_LEAST_BARS = 8
"""With fewer runs, bars are as wide as with this many."""
_BYTE_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
_TIME_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with a tooltip. ``good``: the run backed up all that it listed."""

    x: float
    y: float
    width: float
    height: float
    good: bool
    tip: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside an axis. ``at`` is its height or, below the bars, its centre."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``description`` says in words what it shows. The bars are between ``left`` and ``right``."""

    id: str
    title: str
    description: str
    left: float
    bars: tuple[Bar, ...]
    scale: tuple[Label, ...]
    dates: tuple[Label, ...]
    right: float = _RIGHT
    bottom: float = _BOTTOM
    width: float = _WIDTH
    height: float = _HEIGHT


def draw(rows: Sequence[RunRow]) -> list[Chart]:
    """The charts of these runs, from the oldest to the newest; charts without figures are omitted.

    There are none for fewer than :data:`LEAST_RUNS`, as the table of runs needs less space.
    """
    if len(rows) < LEAST_RUNS:
        return []
    charts = [*_figures(rows, "duration", "How long a run took", _TIME_UNITS, duration, _seconds)]
    charts += _figures(rows, "uploaded", "What a run uploaded", _BYTE_UNITS, size, _uploaded)
    charts += _figures(rows, "stored", "All newest archives", _BYTE_UNITS, size, _stored)
    charts += _figures(rows, "cost", "Estimated cost of a run", (("USD", 1.0),), usd, _cost)
    return charts


def _seconds(run: Run) -> float | None:
    return run.seconds


def _uploaded(run: Run) -> float | None:
    return run.bytes_uploaded


def _stored(run: Run) -> float | None:
    return run.bytes_stored


def _cost(run: Run) -> float | None:
    return run.usd_run


def _figures(
    rows: Sequence[RunRow],
    name: str,
    title: str,
    units: Sequence[tuple[str, float]],
    label: Callable[[float], str],
    figure: Callable[[Run], float | None],
) -> Iterator[Chart]:
    values = [figure(row.run) for row in rows]
    known = [value for value in values if value is not None]
    if not known or max(known) <= 0:
        return
    unit, divisor = next((u for u in units if max(known) >= 2 * u[1]), units[-1])
    scaled = [None if value is None else value / divisor for value in values]
    tips = ["" if value is None else label(value) for value in values]
    least, most, newest = label(min(known)), label(max(known)), label(known[-1])
    span = f"Between {least} and {most}, " if least != most else ""
    message = f"{span}{newest} at the newest run."
    ticks = _round_numbers(max(known) / divisor)
    yield _chart(name, f"{title}, in {unit}", message, rows, scaled, tips, ticks)


def _round_numbers(most: float) -> list[tuple[float, str]]:
    """Round numbers from 0 to ``most``, at most ``_INTERVALS`` apart: 0, 20, 40, 60 below 67."""
    power = 10.0 ** math.floor(math.log10(most / _INTERVALS))
    step = next(n * power for n in (1, 2, 5, 10) if n * power * _INTERVALS >= most * (1 - 1e-9))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    count = int(most / step * (1 + 1e-9))
    return [(0.0, "0"), *((n * step, f"{n * step:.{decimals}f}") for n in range(1, count + 1))]


def _chart(
    name: str,
    title: str,
    description: str,
    rows: Sequence[RunRow],
    values: Sequence[float | None],
    tips: Sequence[str],
    ticks: Sequence[tuple[float, str]],
) -> Chart:
    """The chart of these values; every bar is tall enough to be visible."""
    left = _LEFT + _CHARACTER * max(len(text) for _, text in ticks)
    room = (_RIGHT - left) / max(len(rows), _LEAST_BARS)
    unit = (_BOTTOM - _TOP) / max(ticks[-1][0], *(value or 0 for value in values))
    dates = [f"{row.run.moment:%Y-%m-%d}" for row in rows]
    bars = [
        Bar(
            x=round(left + room * (at + (1 - _BAR_SHARE) / 2), 1),
            y=round(_BOTTOM - (tall := max(1.0, value * unit)), 1),
            width=round(room * _BAR_SHARE, 1),
            height=round(tall, 1),
            good=row.tone is Tone.GOOD,
            tip=f"{date}: {tip}",
        )
        for at, (row, value, date, tip) in enumerate(zip(rows, values, dates, tips, strict=True))
        if value
    ]
    step = -(-max(len(rows), _LEAST_BARS) // _DATES_SHOWN)
    first = min(step // 2, len(dates) - 1)
    return Chart(
        id=name,
        title=title,
        description=description,
        left=round(left, 1),
        bars=tuple(bars),
        scale=tuple(Label(round(_BOTTOM - value * unit, 1), text) for value, text in ticks),
        dates=tuple(
            Label(_within(left + room * (at + 0.5)), dates[at])
            for at in range(first, len(dates), step)
        ),
    )


def _within(middle: float) -> float:
    """The centre nearest to ``middle`` at which a date stays within the drawing."""
    half = _DATE_WIDTH / 2
    return round(min(max(middle, half), _WIDTH - half), 1)
