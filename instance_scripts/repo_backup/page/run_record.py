"""One run's record, from the documents that it left: report, manifest, progress. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backup_contract.documents.manifest import COUNTED, Manifest
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.reliance import INCOMPLETE, UNFINISHED, own_word
from backup_contract.judgement.rewrites import rewrite_lines, rewritten
from backup_contract.moments import named_moment
from backup_contract.visibility import Coverage, Visibility, describe


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore drill: so many archives read back, the keys of those that were not good, and how
    many the machine could not read back, whatever they are worth."""

    checked: int
    bad: frozenset[str]
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the page tells it. ``reported`` is False where no reporter judged it.

    ``only`` are the patterns that it was narrowed to; none: it was asked for everything.
    ``rewrites`` tell of ``rewritten`` branches and tags, a line each.
    """

    id: str
    moment: datetime
    verdict: str
    reason: str
    reported: bool
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    attempts: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None
    bytes_uploaded: int | None = None
    bytes_stored: int | None = None
    usd_run: float | None = None
    usd_storage_per_month: float | None = None
    complete: bool = False
    owners: tuple[str, ...] = ()
    drill: Drill | None = None
    token_expires_at: datetime | None = None
    only: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    rewrites: tuple[str, ...] = ()
    rewritten: int = 0

    @property
    def coverage(self) -> Coverage:
        """What may be said of what the run could see."""
        return describe(self.visibility)


def build_run(
    run_id: str, report: RunReport | None, manifest: Manifest | None, progress: Progress | None
) -> Run | None:
    """The record of a run from what it left; None if nothing dates it.

    The reporter's word goes before the program's own.
    """
    so_far, told_at = "nothing but its launch", progress.updated_at if progress else None
    if progress:
        done = f", {progress.done} of {progress.listed} repositories done"
        so_far = f"{progress.phase}{done if progress.listed else ''}"
    moment = (manifest and aware(manifest.started_at)) or named_moment(run_id)
    moment = moment or (report.reported_at if report else told_at)
    if moment is None:
        return None
    told = report or _own_report(manifest, so_far, moment)
    totals = manifest.totals if manifest else {}
    counts: dict[str, int] = {state: totals[state] for state in COUNTED if totals.get(state)}
    return Run(
        id=run_id,
        moment=moment,
        verdict=told.verdict,
        reason=told.reason,
        reported=report is not None,
        problems=told.problems,
        acknowledged=told.acknowledged,
        attempts=len(report.attempts) if report else manifest.attempt if manifest else 0,
        counts=counts or {k: n for k, n in (told.repositories or {}).items() if n},
        seconds=told.seconds,
        bytes_uploaded=_first(told.bytes_uploaded, totals.get("bytes_uploaded")),
        bytes_stored=_first(told.bytes_stored, totals.get("bytes_stored")),
        usd_run=told.usd_run,
        usd_storage_per_month=told.usd_storage_per_month,
        complete=bool(manifest and manifest.complete),
        owners=tuple(manifest.owners) if manifest else (),
        drill=_drill(manifest),
        token_expires_at=aware(manifest.token_expires_at) if manifest else None,
        only=tuple(manifest.only) if manifest else told.only,
        visibility=(manifest and manifest.visibility) or told.visibility,
        rewrites=tuple(rewrite_lines(manifest)) or told.rewrites,
        rewritten=rewritten(manifest) or told.rewritten,
    )


def aware(value: object) -> datetime | None:
    """A moment in UTC from ISO text or a datetime; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # the year 1 or 9999, moved over its edge by a time zone
        return None


def _own_report(manifest: Manifest | None, so_far: str, moment: datetime) -> RunReport:
    """What can be said of a run on which no reporter said anything."""
    if manifest is None:
        return RunReport(UNFINISHED, f"It has not ended, or was cut off: {so_far}.", moment)
    entries = manifest.all_entries.values()
    failed = sum(entry.failed for entry in entries)
    unsaved = sum(entry.unsaved for entry in entries)
    left_out = sum(entry.asked and entry.git.state == "skipped" for entry in entries)
    but = f" (but for {left_out} left out by options)" if left_out else ""
    started, finished = aware(manifest.started_at), aware(manifest.finished_at)
    verdict = own_word(manifest)
    if verdict == UNFINISHED:
        done = f"{len(manifest.entries)} of {manifest.listed} repositories were written down"
        reason = f"It has not ended, or was cut off: {done}."
    elif not any(entry.archives for entry in entries):
        reason = f"Of all that was listed{but} nothing is backed up."
    elif failed or unsaved:
        wrong = [f"{failed} could not be backed up"] if failed else []
        wrong += [f"{unsaved} not saved, untried this time"] if unsaved else []
        reason = f"{'; '.join(wrong)}; all others{but} are backed up."
    elif verdict == INCOMPLETE:
        reason = "An archive could not be restored, or is not named where it should be."
    elif manifest.only:
        reason = (
            f"Nothing but {' '.join(manifest.only)} was backed up, as asked; the others{but} are "
            "as earlier runs left them, says the program that did it."
        )
    else:
        reason = f"All that was listed{but} is backed up, says the program that did it."
    if verdict != UNFINISHED and (seen := describe(manifest.visibility).sentence):
        reason = f"{seen}. {reason}"
    seconds = (finished - started).total_seconds() if started and finished else None
    return RunReport(verdict, reason, moment, seconds=seconds)


def _drill(manifest: Manifest | None) -> Drill | None:
    drill = manifest.drill if manifest else None
    if drill is None or not drill.checked:
        return None
    bad = frozenset(each.key for each in drill.bad)
    return Drill(len(drill.good) + len(bad), bad, len(drill.undone))


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
