"""The charts of the page: one bar for each run, drawn by pygal as SVG that the page's CSS paints.

pygal's own script and style are left out: the page allows none but its own, and its colours follow
light and dark. Every bar has a native tooltip; the table of runs has the same figures as text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from backup_contract.text import size
from repo_backup.page.headline import PARTIAL, UNVERIFIED
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_record import INCOMPLETE, Run
from repo_backup.page.view_model import RunRow, duration, usd

_WIDTH, _HEIGHT = 520, 190
_DATES_SHOWN = 5
_LEAST_BARS = 12
"""So wide is a bar at most: a chart of few runs has room for more."""
_BYTE_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
_TIME_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))
_LONG_NUMBER = re.compile(r"-?\d+\.\d+")
_NEEDLESS = frozenset({"background", "titles", "overlay", "text-overlay", "tooltip-overlay"})
_LEVELS = {1: "none", 2: "partial", 3: "verified"}


@dataclass(frozen=True, slots=True)
class Chart:
    """``svg`` is inline markup; ``description`` says in words what it shows."""

    id: str
    title: str
    description: str
    svg: str


def draw(rows: Sequence[RunRow]) -> list[Chart]:
    """The charts of these runs, from the oldest to the newest; those without a figure left out."""
    if not rows:
        return []
    charts = [_verdicts(rows)]
    charts += _figures(rows, "duration", "How long a run took", _TIME_UNITS, duration, _seconds)
    charts += _figures(rows, "uploaded", "What a run uploaded", _BYTE_UNITS, size, _uploaded)
    charts += _figures(rows, "stored", "All newest archives", _BYTE_UNITS, size, _stored)
    charts += _figures(rows, "cost", "What a run cost, about", (("USD", 1.0),), usd, _cost)
    return charts


def _seconds(run: Run) -> float | None:
    return run.seconds


def _uploaded(run: Run) -> float | None:
    return run.bytes_uploaded


def _stored(run: Run) -> float | None:
    return run.bytes_stored


def _cost(run: Run) -> float | None:
    return run.usd_run


def _verdicts(rows: Sequence[RunRow]) -> Chart:
    good = sum(row.tone is Tone.GOOD for row in rows)
    title = "Verdicts"
    said = f"{good} of {len(rows)} runs backed up all that they listed. A full bar is a run that "
    said += "did, two thirds one that saved a part, one third one that saved nothing."
    values = [_level(row) for row in rows]
    tips = [row.run.verdict for row in rows]
    labels = [{"value": level, "label": word} for level, word in _LEVELS.items()]
    svg = _bars(rows, [float(v) for v in values], tips, range=(0, 3), y_labels=labels)
    return Chart("verdicts", title, said, svg)


def _level(row: RunRow) -> int:
    if row.tone is Tone.GOOD:
        return 3
    return 2 if row.run.verdict in (PARTIAL, UNVERIFIED, INCOMPLETE) else 1


def _figures(
    rows: Sequence[RunRow],
    name: str,
    title: str,
    units: Sequence[tuple[str, float]],
    told: Callable[[float], str],
    figure: Callable[[Run], float | None],
) -> Iterator[Chart]:
    values = [figure(row.run) for row in rows]
    known = [value for value in values if value is not None]
    if not known or max(known) <= 0:
        return
    unit, divisor = next((u for u in units if max(known) >= 2 * u[1]), units[-1])
    scaled = [None if value is None else value / divisor for value in values]
    tips = ["" if value is None else told(value) for value in values]
    least, most, newest = told(min(known)), told(max(known)), told(known[-1])
    span = f"Between {least} and {most}, " if least != most else ""
    said = f"{span}{newest} at the newest run."
    yield Chart(name, f"{title}, in {unit}", said, _bars(rows, scaled, tips))


def _bars(
    rows: Sequence[RunRow],
    values: Sequence[float | None],
    tips: Sequence[str],
    **options: object,
) -> str:
    """Bars in two series: runs that backed up all that they listed, and the others."""
    import pygal

    dates = [f"{row.run.moment:%Y-%m-%d}" for row in rows]
    room = [""] * (_LEAST_BARS - len(rows))
    step = -(-len(dates + room) // _DATES_SHOWN)
    first = min(step // 2, len(dates) - 1)
    # A label by its place, not by its text: two runs of one day would write over each other.
    labels = [date if at % step == first else "" for at, date in enumerate(dates)]
    chart = pygal.StackedBar(
        width=_WIDTH,
        height=_HEIGHT,
        margin=4,
        spacing=8,
        js=(),
        show_legend=False,
        explicit_size=False,
        disable_xml_declaration=True,
        x_labels=labels + room,
        y_labels_major_count=4,
        show_minor_y_labels=False,
        include_x_axis=True,
        truncate_label=-1,
        value_formatter=lambda value: f"{value:.6f}".rstrip("0").rstrip("."),
        **options,
    )
    tones = [row.tone is Tone.GOOD for row in rows]
    for title, wanted in (("all backed up", True), ("anything else", False)):
        series = [
            {"value": value, "label": f"{date}: {tip}"} if good is wanted and value else None
            for value, date, tip, good in zip(values, dates, tips, tones, strict=True)
        ]
        chart.add(title, series + [None] * len(room))
    return _tamed(chart.render_tree())


def _tamed(svg: ElementTree.Element) -> str:
    """pygal's drawing without script, styles, overlays, empty bars and long numbers.

    What it calls a label becomes the tooltip that browsers show by themselves.
    """
    svg.attrib.clear()
    svg.attrib |= {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "class": "chart", "aria-hidden": "true"}
    for parent in list(svg.iter()):
        for child in list(parent):
            if _is_needless(child):
                parent.remove(child)
    for element in svg.iter():
        for name, value in element.attrib.items():
            element.attrib[name] = _LONG_NUMBER.sub(_shortened, value)
        if element.tag == "desc":
            element.tag, element.attrib = "title", {}
    return ElementTree.tostring(svg, encoding="unicode")


def _is_needless(element: ElementTree.Element) -> bool:
    classes = str(element.get("class") or "").split()
    if not isinstance(element.tag, str) or element.tag in ("defs", "title"):
        return True
    if element.tag == "desc":
        return classes != ["label"]
    if "bar" in classes:
        return not any(child.get("class") == "label" for child in element)
    return not _NEEDLESS.isdisjoint(classes)


def _shortened(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}"
