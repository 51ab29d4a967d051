"""A run's row in the table, as text. Pure."""

from dataclasses import dataclass

from backup_contract.text import size
from repo_backup.page.figures import duration, usd
from repo_backup.page.headline import MEANINGS, SHOWN_AT_ONCE, verdict_tone
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_record import Run

_COUNTED = (("backed-up", "changed"), ("unchanged", "unchanged"), ("failed", "failed"))


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as text."""

    run: Run
    tone: Tone
    meaning: str
    repositories: str
    duration: str
    cost: str
    uploaded: str
    stored: str
    problems: tuple[str, ...]
    more_problems: int

    @property
    def figures(self) -> str:
        """All known figures on one line, for narrow windows."""
        uploaded = "–" if self.run.bytes_uploaded is None else f"{self.uploaded} uploaded"
        every = (self.repositories, self.duration, uploaded, self.cost)
        return ", ".join(each for each in every if each != "–")


def run_row(run: Run) -> RunRow:
    """The row of a run."""
    counts = [f"{run.counts[state]:,} {word}" for state, word in _COUNTED if run.counts.get(state)]
    return RunRow(
        run,
        verdict_tone(run.verdict),
        _meaning(run),
        ", ".join(counts) or "–",
        "–" if run.seconds is None else duration(run.seconds),
        "–" if run.usd_run is None else usd(run.usd_run),
        "–" if run.bytes_uploaded is None else size(run.bytes_uploaded),
        "–" if run.bytes_stored is None else size(run.bytes_stored),
        run.problems[:SHOWN_AT_ONCE],
        max(0, len(run.problems) - SHOWN_AT_ONCE),
    )


def _meaning(run: Run) -> str:
    if not run.only:
        meaning = MEANINGS.get(run.verdict, "")
        if run.coverage.label and verdict_tone(run.verdict) is not Tone.BAD:
            return f"{run.coverage.label}; {meaning}"
        return meaning
    narrowed = f"narrowed to {' '.join(run.only)}"
    if verdict_tone(run.verdict) is Tone.GOOD:
        return f"{narrowed}: that is backed up, the others are as earlier runs left them"
    return f"{narrowed}: {MEANINGS.get(run.verdict, run.verdict)}"
