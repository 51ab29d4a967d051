"""One run's record, from the documents that it left: report, manifest, progress. Pure.

Whoever may write to the destination may write anything into it:
:mod:`backup_contract.documents.fields` looks at each field before anything is made of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.manifest import COUNTED, Manifest
from backup_contract.visibility import Coverage, Visibility, describe
from backup_contract.visibility import read as read_visibility

_RUN_ID = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")

COMPLETE, INCOMPLETE, UNFINISHED = "complete", "incomplete", "unfinished"
"""The words for a run on which no reporter has given a verdict."""


@dataclass(frozen=True, slots=True)
class Report:
    """``report.json``: the reporter's verdict and figures. ``usd`` are about, ``seconds`` of all
    attempts together; what is None was not known."""

    verdict: str
    reason: str
    reported_at: datetime
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    attempts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None
    bytes_uploaded: int | None = None
    bytes_stored: int | None = None
    usd_run: float | None = None
    usd_storage_per_month: float | None = None
    only: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore drill: so many archives read back, the keys of those that were not good, and how
    many the machine could not read back, whatever they are worth."""

    checked: int
    bad: frozenset[str]
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the page tells it. ``reported`` is False where only the program's own word is.

    ``only`` are the patterns that it was narrowed to; none: it was asked for everything.
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

    @property
    def coverage(self) -> Coverage:
        """What may be said of what the run could see."""
        return describe(self.visibility)


def moment_of(run_id: str) -> datetime | None:
    """The moment that ``2026-11-27T17-00-00Z`` names; None for a run with a name of its own."""
    if not _RUN_ID.fullmatch(run_id):
        return None
    try:
        return datetime.strptime(run_id, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def parse_report(data: bytes) -> Report:
    """Read ``report.json``. Raises ValueError that names what is wrong with it."""
    return fields.decode(data, _report)


def parse_progress(data: bytes) -> tuple[str, datetime | None]:
    """How far ``progress.json`` says that a run is, in words, and when that was.

    Raises ValueError that names what is wrong with it.
    """
    return fields.decode(data, _progress)


def build_run(
    run_id: str, report: Report | None, manifest: Manifest | None, progress: bytes | None
) -> Run | None:
    """The record of a run from what it left; None if nothing dates it.

    The reporter's word goes before the program's own. Raises ValueError for a damaged progress.
    """
    so_far, told_at = parse_progress(progress) if progress else ("nothing but its launch", None)
    moment = (manifest and aware(manifest.started_at)) or moment_of(run_id)
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
        attempts=told.attempts,
        counts=counts or told.counts,
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


def _own_report(manifest: Manifest | None, so_far: str, moment: datetime) -> Report:
    """What can be said of a run on which no reporter said anything."""
    if manifest is None:
        return Report(UNFINISHED, f"It has not ended, or was cut off: {so_far}.", moment)
    entries = manifest.entries.values()
    failed = sum(entry.failed for entry in entries)
    unsaved = sum(entry.unsaved for entry in entries)
    left_out = sum(entry.asked and entry.git.state == "skipped" for entry in entries)
    but = f" (but for {left_out} left out by options)" if left_out else ""
    started, finished = aware(manifest.started_at), aware(manifest.finished_at)
    if not manifest.complete or started is None or finished is None:
        done = f"{len(manifest.entries)} of {manifest.listed} repositories were written down"
        verdict, reason = UNFINISHED, f"It has not ended, or was cut off: {done}."
    elif not any(entry.archives for entry in entries):
        verdict, reason = INCOMPLETE, f"Of all that was listed{but} nothing is backed up."
    elif failed or unsaved:
        wrong = [f"{failed} could not be backed up"] if failed else []
        wrong += [f"{unsaved} not saved, untried this time"] if unsaved else []
        verdict, reason = INCOMPLETE, f"{'; '.join(wrong)}; all others{but} are backed up."
    elif manifest.only:
        verdict = COMPLETE
        reason = (
            f"Nothing but {' '.join(manifest.only)} was backed up, as asked; the others{but} are "
            "as earlier runs left them, says the program that did it."
        )
    else:
        verdict = COMPLETE
        reason = f"All that was listed{but} is backed up, says the program that did it."
    if verdict != UNFINISHED and (seen := describe(manifest.visibility).sentence):
        reason = f"{seen}. {reason}"
    seconds = (finished - started).total_seconds() if started and finished else None
    return Report(verdict, reason, moment, attempts=manifest.attempt, seconds=seconds)


def _drill(manifest: Manifest | None) -> Drill | None:
    drill = manifest.drill if manifest else None
    if drill is None or not drill.checked:
        return None
    bad = frozenset(each.key for each in drill.bad)
    return Drill(len(drill.good) + len(bad), bad, len(drill.undone))


def _report(document: Fields) -> Report:
    fields.schema(document, 1)
    attempts = fields.optional(fields.items, document, "attempts") or []
    return Report(
        verdict=fields.word(document, "verdict"),
        reason=fields.optional(fields.text, document, "reason") or "",
        reported_at=fields.moment(document, "reported_at"),
        problems=_texts(document, "problems"),
        acknowledged=_texts(document, "acknowledged"),
        attempts=len(attempts),
        counts=fields.optional(_counts, document, "repositories") or {},
        seconds=fields.optional(fields.number, document, "seconds"),
        bytes_uploaded=fields.optional(fields.count, document, "bytes_uploaded"),
        bytes_stored=fields.optional(fields.count, document, "bytes_stored"),
        usd_run=fields.optional(fields.number, document, "usd_run"),
        usd_storage_per_month=fields.optional(fields.number, document, "usd_storage_per_month"),
        only=_texts(document, "only"),
        visibility=read_visibility(document.get("visibility")),
    )


def _progress(document: Fields) -> tuple[str, datetime | None]:
    done = fields.optional(fields.count, document, "done")
    listed = fields.optional(fields.count, document, "listed")
    said = f"{done} of {listed} repositories done" if listed and done is not None else ""
    words = ", ".join(filter(None, (fields.word(document, "phase"), said)))
    return words, fields.optional(fields.moment, document, "updated_at")


def _texts(document: Fields, name: str) -> tuple[str, ...]:
    return tuple(fields.optional(fields.texts, document, name) or ())


def _counts(document: Fields, name: str) -> dict[str, int]:
    """The counts that are not 0, by state."""

    def counts(found: Fields) -> dict[str, int]:
        numbers = {each: fields.optional(fields.count, found, each) for each in COUNTED}
        return {each: number for each, number in numbers.items() if number}

    return fields.inside(document, name, counts)


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
