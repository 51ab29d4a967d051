"""What became of a history in a year, as a row of a table."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tools.bench.environments import describe_machine


@dataclass(frozen=True)
class Run:
    """Bytes of git's answers, of all files that the run wrote, and CPU seconds of its tree."""

    fetched: int
    stored: int
    seconds: float


@dataclass
class Year:
    """What became of a history. ``bounds`` are those of the ``changed`` runs, in their order.

    The first changed run is told apart: its overlay holds what was found out about the base.
    """

    name: str
    first: Run
    base_bytes: int
    told_bytes: int
    changed: list[Run] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    unchanged: list[Run] = field(default_factory=list)
    whole_bytes: int = 0

    @property
    def full_bytes(self) -> int:
        """What full archives of the changed weeks would be together.

        The first and the last are measured; between them the archive is taken to grow evenly.
        """
        return len(self.changed) * (self.base_bytes + self.whole_bytes) // 2

    @property
    def worst_share(self) -> float:
        """The largest part that a changed run took of what it may."""
        return max(
            max(run.fetched, run.stored) / bound
            for run, bound in zip(self.changed[1:], self.bounds[1:], strict=True)
        )


def table(years: Sequence[Year], weeks: int, how: str) -> str:
    """The results as Markdown; ``how`` says how they were measured."""
    head = (
        "history",
        "changed runs",
        "first archive MB",
        "index in it MB",
        "fetched MB",
        "stored MB",
        "full archives MB",
        "ratio",
        "kept: overlays / full MB",
        "most of the bound",
        "first change: stored MB, CPU s",
        "CPU s: first run",
        "changed",
        "unchanged",
    )
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    rows += ["| " + " | ".join(_cells(year)) + " |" for year in years]
    return (
        f"# A year of weekly changes\n\n{describe_machine()}. Made by "
        f"`make bench PART=histories`; do not edit.\n\n{how}\n"
        + "\n".join(rows)
        + f"\n\nThe last {weeks} weeks before each history's newest commit, first parents of the "
        "default branch, no other refs. *Fetched* is what git's server answered in the changed "
        "runs, lists of refs included; *stored* is every file that these runs wrote: overlay, "
        "list of overlays, manifest, log, markers. *Full archives* is what the same runs would "
        "fetch and store without overlays: the archive at the first and at the last week is "
        "measured, and taken to grow evenly in between. *Kept* is the first archive with either. "
        "*The bound* for each changed run, for what is fetched and for what is stored, is 1.5 × "
        "the pack of its new objects + its refs and that pack's index, deflated + 100 kB. It does "
        "not hold for the first change after an archive was made: that one reads the archive once, "
        "and its overlay holds the objects' types, found out then. It is in the sums, but not in "
        "the later runs' CPU seconds. The index is what each later change reads of the archive. "
        "CPU seconds are medians of the program's process tree, with their range in parentheses. "
        "A folder is never compacted.\n"
    )


def _cells(year: Year) -> Iterator[str]:
    fetched, stored = (sum(getattr(x, y) for x in year.changed) for y in ("fetched", "stored"))
    kept = year.base_bytes + stored, year.base_bytes + year.full_bytes
    yield year.name
    yield str(len(year.changed))
    yield f"{year.base_bytes / 1e6:.1f}"
    yield f"{year.told_bytes / 1e6:.2f}"
    yield f"{fetched / 1e6:.1f}"
    yield f"{stored / 1e6:.1f}"
    yield f"{year.full_bytes / 1e6:.0f}"
    yield f"{year.full_bytes / stored:.0f} ×"
    yield f"{kept[0] / 1e6:.0f} / {kept[1] / 1e6:.0f} ({kept[1] / kept[0]:.0f} ×)"
    yield f"{year.worst_share:.2f}"
    yield f"{year.changed[0].stored / 1e6:.2f}, {year.changed[0].seconds:.1f}"
    yield f"{year.first.seconds:.1f}"
    for runs in (year.changed[1:], year.unchanged):
        seconds = [run.seconds for run in runs]
        yield f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
