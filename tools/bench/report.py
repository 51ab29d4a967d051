"""The figures as a table and as a picture. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from statistics import median

STEPS = ("full run", "nothing changed", "3 % changed")
_BAR, _GAP, _LEFT, _WIDTH = 18, 8, 260, 900
_COLOURS = {"full run": "#4c78a8", "nothing changed": "#72b7b2", "3 % changed": "#f58518"}


@dataclass(frozen=True)
class Figure:
    """One measured run."""

    setting: str
    contender: str
    step: str
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    memory_mb: float
    github_requests: int
    github_bytes: int
    s3_requests: int
    s3_bytes: int


def table(figures: list[Figure], reference: str) -> str:
    """Markdown: medians, and their ratios to the reference with the spread over the repetitions."""
    lines = []
    for setting in _distinct(f.setting for f in figures):
        lines += [f"### {setting}", ""]
        for step in STEPS:
            chosen = [f for f in figures if (f.setting, f.step) == (setting, step)]
            if chosen:
                lines += _step_table(chosen, step, reference)
    return "\n".join(lines)


def _step_table(figures: list[Figure], step: str, reference: str) -> list[str]:
    lines = [
        f"| {step} | wall s | × {reference} | CPU s | × {reference} | peak MB "
        "| GitHub requests | MB | S3 requests | MB | rc |",
        "|---" * 11 + "|",
    ]
    base = [f for f in figures if f.contender == reference]
    for name in _distinct(f.contender for f in figures):
        own = [f for f in figures if f.contender == name]
        wall, cpu = ([f.wall_seconds for f in own], [f.cpu_seconds for f in own])
        ratios = [
            _ratio(wall, [f.wall_seconds for f in base]),
            _ratio(cpu, [f.cpu_seconds for f in base]),
        ]
        memory = max(f.memory_mb for f in own)
        github = (
            f"{max(f.github_requests for f in own)} | {_megabytes(f.github_bytes for f in own)}"
        )
        s3 = f"{max(f.s3_requests for f in own)} | {_megabytes(f.s3_bytes for f in own)}"
        codes = "/".join(str(code) for code in sorted({f.exit_code for f in own}))
        lines.append(
            f"| {name} | {median(wall):.2f} | {ratios[0]} | {median(cpu):.2f} | {ratios[1]} "
            f"| {memory:.0f} | {github} | {s3} | {codes} |"
        )
    return [*lines, ""]


def _megabytes(counts: Iterable[int]) -> str:
    return f"{max(counts) / 1e6:.1f}"


def _ratio(own: list[float], base: list[float]) -> str:
    """Median, and the range, of the ratios of runs that belong together."""
    pairs = [mine / theirs for mine, theirs in zip(own, base, strict=False) if theirs]
    if not pairs:
        return "–"
    if len(pairs) == 1:
        return f"{pairs[0]:.2f}"
    return f"{median(pairs):.2f} ({min(pairs):.2f}–{max(pairs):.2f})"


def picture(figures: list[Figure], setting: str) -> str:
    """An SVG of bars: wall seconds by contender and step, for one setting."""
    chosen = [f for f in figures if f.setting == setting]
    names = _distinct(f.contender for f in chosen)
    longest = max(f.wall_seconds for f in chosen)
    scale = (_WIDTH - _LEFT - 80) / longest
    parts, y = [], 40
    for name in names:
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 30}" text-anchor="end">{escape(name)}</text>')
        for step in STEPS:
            walls = [f.wall_seconds for f in chosen if (f.contender, f.step) == (name, step)]
            if walls:
                wide = max(1.0, median(walls) * scale)
                parts.append(
                    f'<rect x="{_LEFT}" y="{y}" width="{wide:.1f}" height="{_BAR}" '
                    f'fill="{_COLOURS[step]}"/><text x="{_LEFT + wide + 6:.1f}" y="{y + 14}">'
                    f"{median(walls):.1f} s {step}</text>"
                )
            y += _BAR + 2
        y += _GAP
    title = f'<text x="10" y="24" font-weight="bold">Wall seconds, {escape(setting)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + 120}" height="{y + 10}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>'
        f"{title}{''.join(parts)}</svg>\n"
    )


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
