"""Builds one run's record from its documents: report, manifest, progress. Pure."""

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
    """A restore drill: how many archives were checked, the keys of the bad ones, and how many this
    machine could not check."""

    checked: int
    bad: frozenset[str]
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run on the page. ``reported``: a reporter judged it.

    ``only`` are the patterns that it was narrowed to; empty for a run of everything. ``rewrites``
    has a line for each of the ``rewritten`` branches and tags.
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
        """How much of the account the run could see."""
        return describe(self.visibility)


def build_run(
    run_id: str, report: RunReport | None, manifest: Manifest | None, progress: Progress | None
) -> Run | None:
    """The record of a run; None if it has no date.

    The reporter's verdict takes precedence over the program's own result.
    """
    so_far, updated_at = "nothing but its launch", progress.updated_at if progress else None
    if progress:
        done = f", {progress.done} of {progress.listed} repositories done"
        so_far = f"{progress.phase}{done if progress.listed else ''}"
    moment = (manifest and aware(manifest.started_at)) or named_moment(run_id)
    moment = moment or (report.reported_at if report else updated_at)
    if moment is None:
        return None
    recorded = report or _own_report(manifest, so_far, moment)
    totals = manifest.totals if manifest else {}
    counts: dict[str, int] = {state: totals[state] for state in COUNTED if totals.get(state)}
    return Run(
        id=run_id,
        moment=moment,
        verdict=recorded.verdict,
        reason=recorded.reason,
        reported=report is not None,
        problems=recorded.problems,
        acknowledged=recorded.acknowledged,
        attempts=len(report.attempts) if report else manifest.attempt if manifest else 0,
        counts=counts or {k: n for k, n in (recorded.repositories or {}).items() if n},
        seconds=recorded.seconds,
        bytes_uploaded=_first(recorded.bytes_uploaded, totals.get("bytes_uploaded")),
        bytes_stored=_first(recorded.bytes_stored, totals.get("bytes_stored")),
        usd_run=recorded.usd_run,
        usd_storage_per_month=recorded.usd_storage_per_month,
        complete=bool(manifest and manifest.complete),
        owners=tuple(manifest.owners) if manifest else (),
        drill=_drill(manifest),
        token_expires_at=aware(manifest.token_expires_at) if manifest else None,
        only=tuple(manifest.only) if manifest else recorded.only,
        visibility=(manifest and manifest.visibility) or recorded.visibility,
        rewrites=tuple(rewrite_lines(manifest)) or recorded.rewrites,
        rewritten=rewritten(manifest) or recorded.rewritten,
    )


def aware(value: object) -> datetime | None:
    """A UTC time from ISO text or a datetime; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # the time zone moves the year 1 or 9999 out of range
        return None


def _own_report(manifest: Manifest | None, so_far: str, moment: datetime) -> RunReport:
    """The report of a run that no reporter judged, from its manifest."""
    if manifest is None:
        return RunReport(UNFINISHED, f"It has not ended, or was cut off: {so_far}.", moment)
    entries = manifest.entries.values()
    accounts = sum(entry.failed for entry in manifest.accounts.values())
    failed = sum(entry.failed for entry in (*entries, *manifest.gists.values()))
    unsaved = sum(entry.unsaved for entry in entries)
    excluded = sum(entry.excluded for entry in entries)
    but = f" (except {excluded} excluded by options)" if excluded else ""
    started, finished = aware(manifest.started_at), aware(manifest.finished_at)
    verdict = own_word(manifest)
    if verdict == UNFINISHED:
        done = f"{len(manifest.entries)} of {manifest.listed} repositories were written down"
        reason = f"It has not ended, or was cut off: {done}."
    elif not any(entry.archives for entry in entries):
        reason = f"Nothing of what was listed{but} is backed up."
    elif failed or unsaved or accounts:
        wrong = [f"{failed} could not be backed up"] if failed else []
        wrong += [f"{unsaved} not saved and not tried this time"] if unsaved else []
        of = "1 account is" if accounts == 1 else f"{accounts} accounts are"
        wrong += [f"the data of {of} not complete"] if accounts else []
        others = "others" if failed or unsaved else "repositories"
        text = "; ".join(wrong)
        reason = f"{text[:1].upper()}{text[1:]}; all {others}{but} are backed up."
    elif verdict == INCOMPLETE:
        reason = "An archive could not be restored, or is not named where it should be."
    elif manifest.only:
        reason = (
            f"Only {' '.join(manifest.only)} was backed up, as requested; the others{but} are as "
            "earlier runs left them. The program that ran says so; no reporter checked it."
        )
    else:
        reason = (
            f"Everything listed{but} is backed up. The program that ran says so; no reporter "
            "checked it."
        )
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
