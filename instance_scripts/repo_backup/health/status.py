"""Assesses the backups of a store, from the store alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_contract.documents.manifest import Manifest
from backup_contract.documents.output.runs import NewestVerified, RunningRow, RunRow
from backup_contract.documents.parts.labels import label
from backup_contract.documents.parts.upstream import sentence
from backup_contract.documents.suspicion import Suspicion
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.reliance import (
    UNREADABLE,
    Judgement,
    RunFacts,
    judge,
)
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.health.run_rows import facts, read_report, read_runs, read_whole
from repo_backup.health.running import read_running
from repo_backup.health.suspicions import read_suspicions
from repo_backup.store.base import Store, Stored
from repo_backup.store.inventory import not_in_place
from repo_backup.store.written.damage import ArchiveId, read_damage
from repo_backup.store.written.ignored_documents import IgnoredDocuments
from repo_backup.store.written.run_documents import read_manifest

MAX_AGE = timedelta(days=8)
"""How old the newest full run may be if no schedule is known."""


@dataclass(frozen=True)
class Assessment:
    """The judgement of a store's backups, and the facts behind it.

    ``runs`` are the newest, newest first. ``misplaced`` has a sentence for each archive that is
    missing or replaced, ``unlisted`` one for each repository that GitHub no longer lists.
    ``suspicions`` are those that nobody has acknowledged. ``failed`` names what the
    newest complete run could not back up, with the reason.
    """

    judgement: Judgement
    runs: list[RunRow]
    running: RunningRow | None
    misplaced: list[str]
    newest_verified: NewestVerified | None
    unlisted: list[str]
    suspicions: tuple[Suspicion, ...]
    failed: list[str]

    @property
    def under_way(self) -> str | None:
        """The id of the run that is under way, or None."""
        return self.running and self.running["run_id"]


def assess(
    store: Store,
    count: int,
    now: datetime,
    max_age: timedelta | None,
    named: Iterable[str] = (),
) -> Assessment:
    """Judge a store by its newest ``count`` runs.

    How old the newest full run may be is ``max_age``, or else follows from the schedule in the
    newest report, or else is :data:`MAX_AGE`. ``named`` are the keys of damaged documents that the
    caller reports itself.
    """
    with IgnoredDocuments({*named}) as ignored:
        runs = read_runs(store, count, ignored)
        running = read_running(store, runs, now)
        judged = read_whole(store, runs, ignored)
    newest = read_newest_complete(store, judged)
    placed = read_placement(store, judged, newest)
    schedule = Watched.by_age(max_age) if max_age else read_schedule(store, judged)
    found = judge(
        [*map(facts, judged)],
        running and running["run_id"],
        schedule,
        now,
        placed.misplaced,
        placed.damaged,
    )
    relied = newest_verified(found.relied, now)
    gone, open_ = unlisted(newest), read_suspicions(store, runs)
    failed = failed_items(newest)
    return Assessment(found, runs, running, placed.misplaced, relied, gone, open_, failed)


def read_newest_complete(store: Store, runs: Sequence[RunRow]) -> Manifest | str | None:
    """The manifest of the newest complete run, read again; a text if it is damaged."""
    run_id = next((run["run_id"] for run in runs if run["complete"]), None)
    found = read_manifest(store, run_id) if run_id else None
    if found is None:
        return None
    try:
        return Manifest.from_json(found.data)
    except ValueError as error:  # it has been replaced since it was read for the runs
        return f"{one_line(found.key)} is ignored: {error}"


def unlisted(manifest: Manifest | str | None) -> list[str]:
    """One line for each repository that GitHub no longer lists and whose archive is retained."""
    kept = manifest.kept or () if isinstance(manifest, Manifest) else ()
    named = [
        f"{each.full_name} {sentence(each.upstream)}; its archive is retained."
        for each in kept
        if each.result.archive
    ]
    return sorted({*named}, key=str.lower)


def failed_items(manifest: Manifest | str | None) -> list[str]:
    """A line for each item that failed: of a repository, a gist or an account."""
    failed = manifest.in_state("failed") if isinstance(manifest, Manifest) else []
    lines = (f"{label(item)}: {one_line(item.reason or 'no reason given')}" for item in failed)
    return sorted(lines, key=str.lower)


@dataclass(frozen=True)
class Placement:
    """Sentences about archives that are missing or replaced, or that ``verify`` found damaged."""

    misplaced: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def read_placement(
    store: Store, runs: Sequence[RunRow], manifest: Manifest | str | None
) -> Placement:
    """The archives of the newest complete run that are missing, replaced or damaged.

    Makes one request for each thousand archives. If a later run has not completed, it may have
    replaced some; then only missing archives count.
    """
    if not isinstance(manifest, Manifest):
        return Placement([manifest] if manifest else [])
    settled = bool(runs) and runs[0]["complete"]
    results = [item.result for item in manifest.archived]
    keys = [item.archive.key for item in manifest.archived if item.archive]
    present: dict[str, Stored] = {}
    for prefix in sorted({key.rpartition("/")[0] + "/" for key in keys}):
        present |= store.objects(prefix)
    wrong = (not_in_place([result], present, settled=settled) for result in results)
    noted = read_damage(store, present)
    archives = [item.archive for item in manifest.archived if item.archive]
    damaged = (
        reason if each.key in reason else f"{each.key} ({reason})"
        for each in archives
        if (reason := one_line(noted.get(ArchiveId.of(each), "")))
    )
    return Placement(sorted(filter(None, wrong)), sorted(damaged))


def read_schedule(store: Store, runs: Iterable[RunRow]) -> Watched:
    """The schedule in the newest report that has one; otherwise only the age counts."""
    judged = (run["run_id"] for run in runs if run["verdict"] not in (None, UNREADABLE))
    for report in (read_report(store, run_id, IgnoredDocuments()) for run_id in judged):
        if report and report.schedule:
            return Watched.in_report(report.schedule, MAX_AGE)
    return Watched.by_age(MAX_AGE)


def newest_verified(run: RunFacts | None, now: datetime) -> NewestVerified | None:
    """The run that is relied on, with its age."""
    if run is None or run.finished_at is None:
        return None
    days = round((now - run.finished_at) / timedelta(days=1), 2)
    return NewestVerified(run_id=run.run_id, finished_at=iso(run.finished_at), age_days=days)
