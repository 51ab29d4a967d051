"""Situations of backups, each written down as the program and the reporter write it.

A situation builds a folder, and has the level and some words of the one judge's answer to it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from backup_contract import object_keys as layout
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import (
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
    OrphanedArchive,
)
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.progress import Progress
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.verdict import judge
from backup_contract.kinds import GIT
from backup_contract.visibility import Visibility
from reporter.decide.next_step import Ending
from reporter.publish.run_report import run_report
from reporter.publish.subject import subject
from tests.unit.repo_backup.page.runs import entry, passed_over
from tests.unit.reporter.publish.samples import SAMPLES

FAILED = entry(2, "failed", reason="500")
ALL = (entry(1), entry(2))
BAD_DRILL = Drill((DrilledArchive("github_backups/octo/repo-1.zip", good=False, reason="odd"),), 1)
UNDONE_DRILL = Drill(
    (DrilledArchive("github_backups/octo/repo-1.zip", good=None, reason="no disk"),), 1
)


def weekly(moment: datetime, state: str = "ENABLED") -> Watched:
    """A schedule that is due each week at that moment."""
    day = f"{moment:%a}".upper()
    output = f"cron({moment.minute} {moment.hour} ? * {day} *)"
    return Watched(output, "UTC", state, timedelta(days=8))


def monthly(moment: datetime) -> Watched:
    """One that is due each month."""
    output = f"cron({moment.minute} {moment.hour} {moment.day} * ? *)"
    return replace(weekly(moment), expression=output)


def every(expression: str) -> Callable[[datetime], Watched]:
    """One that has no moment of its own."""
    return lambda moment: replace(weekly(moment), expression=expression)


@dataclass
class Folder:
    """A folder that was backed up to, and the subjects of the mails by run."""

    root: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    mails: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        *entries: Entry,
        ago: float = 0.5,
        ending: Ending | None = Ending.COMPLETED,
        schedule: Callable[[datetime], Watched] | None = None,
        complete: bool = True,
        only: Sequence[str] = (),
        drill: Drill | None = None,
        visibility: Visibility | None = None,
        problems: Sequence[str] = (),
        known: Sequence[str] = (),
        run_id: str = "",
        manifest: bool = True,
        kept: Sequence[OrphanedArchive] = (),
    ) -> str:
        """A run that began ``ago`` days ago; no ``ending``: without a reporter. Its id."""
        moment = self.now - timedelta(days=ago)
        run_id = run_id or f"{moment:%Y-%m-%dT%H-%M-%SZ}"
        ended = moment + timedelta(minutes=3)
        by_id = by_identity(entries)
        written = Manifest(
            run_id, 1, ["octo"], moment, by_id, len(entries), ended if complete else None, complete
        )
        written.only, written.drill, written.kept = [*only], drill, [*kept]
        written.visibility = (visibility or Visibility("octo", "all", len(entries)),)
        data = written.to_json()
        if manifest and entries:
            self.put(layout.manifest(run_id), data)
        for archive in (archive for each in entries for archive in each.archives):
            self.put(archive.key, b"x" * archive.bytes)
        if ending:
            digest = sha256(data).hexdigest()
            marker = Marker("github_backups/x.txt", run_id, 1, digest)
            judged = replace(written, finished_at=ended) if entries else None
            verdict = judge(ending, "So.", run_id, marker, judged, digest, problems, known)
            run = replace(SAMPLES["Verified"].run, id=run_id, created_at=moment)
            facts = replace(
                SAMPLES["Verified"],
                run=run,
                verdict=verdict,
                now=ended,
                manifest=judged,
                previous=None,
                schedule=schedule(moment) if schedule else None,
            )
            self.mails[run_id] = subject(facts)
            report = json.dumps(run_report(facts).document).encode()
            self.put(layout.report(run_id), report)
        return run_id

    def put(self, key: str, data: bytes) -> None:
        """Anything else."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, key: str) -> None:
        """Take something away."""
        (self.root / key).unlink()


Build = Callable[[Folder], object]


def failed_then(*later: Build) -> Build:
    """A run of everything in which a repository failed, and what came after."""

    def build(folder: Folder) -> None:
        folder.run(entry(1), FAILED, ago=3)
        for each in later:
            each(folder)

    return build


def good_then(*later: Build) -> Build:
    """A good run, and what came after."""

    def build(folder: Folder) -> None:
        folder.run(*ALL, ago=3)
        for each in later:
            each(folder)

    return build


def damaged(name: str) -> Build:
    """A document of the newest run is damaged."""

    def build(folder: Folder) -> None:
        folder.put(f"runs/{folder.run(*ALL)}/{name}", b"{")

    return build


def under_way(folder: Folder) -> None:
    """A run that wrote a checkpoint, and said so a moment ago."""
    run_id = folder.run(entry(1), ago=0.01, ending=None, complete=False)
    progress = Progress(1, "backing-up", 1, 2, run_id=run_id, updated_at=folder.now)
    folder.put(layout.progress(run_id), progress.to_json())


def same_second(folder: Folder) -> None:
    """Two runs of the same second, of which the one written last is the newer."""
    folder.run(*ALL, ending=None, run_id="b")
    folder.run(entry(1), FAILED, ending=None, run_id="a")


def gone(folder: Folder) -> None:
    """An archive is not there any more."""
    folder.run(*ALL)
    folder.remove("github_backups/octo/repo-2.zip")


def noted(folder: Folder) -> None:
    """``verify`` found an archive damaged that is where it should be."""
    folder.run(*ALL)
    archive = entry(2).git.archive
    assert archive
    damage = {"key": archive.key, "run_id": archive.run_id, "reason": "it is odd"}
    note = json.dumps({"schema": 1, "archives": [damage]}).encode()
    folder.put(layout.damage_note(archive.key), note)


def kept_gone(folder: Folder) -> None:
    """The archive that was kept of what GitHub does not list any more is not there."""
    result = entry(9).git
    assert result.archive
    kept = OrphanedArchive(result.archive.key, 9, "octo", "repo-9", GIT, result)
    folder.run(*ALL, kept=[kept])


def other(folder: Folder) -> None:
    """An archive has another size."""
    folder.run(*ALL)
    folder.put("github_backups/octo/repo-2.zip", b"x")


def ended(ending: Ending) -> Build:
    """A run that ended without a backup, after a good one."""
    return good_then(lambda folder: folder.run(ending=ending))


def seen(scope: str, visible: int, total: int | None = None) -> Build:
    """A good run that saw so much."""
    found = Visibility("octo", scope, visible, total)  # type: ignore[arg-type]
    return lambda folder: folder.run(*ALL, visibility=found)


GOOD, WATCH, BAD = "good", "watch", "bad"
SITUATIONS: dict[str, tuple[Build, str, str]] = {
    "fresh": (lambda f: f.run(*ALL, schedule=weekly), GOOD, "the newest run is good"),
    "fresh, no reporter": (lambda f: f.run(*ALL, ending=None), GOOD, "the newest run is good"),
    "ten days, weekly": (lambda f: f.run(*ALL, ago=10, schedule=weekly), BAD, "another was due"),
    "ten days, monthly": (lambda f: f.run(*ALL, ago=10, schedule=monthly), GOOD, "10 days old"),
    "ten days, every week": (
        lambda f: f.run(*ALL, ago=10, schedule=every("rate(7 days)")),
        BAD,
        "another was due",
    ),
    "ten days, every month": (
        lambda f: f.run(*ALL, ago=10, schedule=every("rate(30 days)")),
        GOOD,
        "10 days old",
    ),
    "ten days, no schedule": (lambda f: f.run(*ALL, ago=10), BAD, "more than 8"),
    "ten days, deleted schedule": (
        lambda f: f.run(*ALL, ago=10, schedule=every("")),
        BAD,
        "more than 8",
    ),
    "sixty days, disabled": (
        lambda f: f.run(*ALL, ago=60, schedule=lambda m: weekly(m, "DISABLED")),
        GOOD,
        "60 days old",
    ),
    "ten days, no reporter": (lambda f: f.run(*ALL, ago=10, ending=None), BAD, "more than 8"),
    "checkpoint": (lambda f: f.run(entry(1), ending=None, complete=False), BAD, "is unfinished"),
    "failed": (failed_then(), BAD, "ended partial with 1 of 2 failed"),
    "failed, no reporter": (
        lambda f: f.run(entry(1), FAILED, ending=None),
        BAD,
        "ended with 1 of 2 failed",
    ),
    "acknowledged": (lambda f: f.run(entry(1), FAILED, known=["octo/repo-2"]), GOOD, "is good"),
    "mended": (
        failed_then(lambda f: f.run(passed_over(entry(1)), entry(2), only=["repo-2"])),
        GOOD,
        "with what narrowed ones have corrected",
    ),
    "not mended": (
        failed_then(lambda f: f.run(entry(1), passed_over(FAILED), only=["repo-1"])),
        BAD,
        "(only repo-1), ended partial",
    ),
    "narrowed after good": (
        good_then(lambda f: f.run(entry(1), passed_over(entry(2)), only=["repo-1"])),
        GOOD,
        "was narrowed to repo-1",
    ),
    "narrowed only": (lambda f: f.run(entry(1), only=["*"]), BAD, "the good ones were narrowed"),
    "unsaved": (
        lambda f: f.run(entry(1), passed_over(entry(2, "skipped")), only=["x"], ending=None),
        BAD,
        "passed over 1 of which nothing is saved",
    ),
    "archive gone": (gone, BAD, "not where the newest run put it"),
    "archive of another size": (other, BAD, "not where the newest run put it"),
    "archive found damaged": (noted, BAD, "found damaged since: github_backups/octo/repo-2.zip"),
    "kept archive gone": (kept_gone, BAD, "octo/repo-9.zip"),
    "damaged manifest": (damaged("manifest.json"), BAD, "has an unreadable manifest"),
    "damaged report": (damaged("report.json"), BAD, "has an unreadable report"),
    "damaged progress": (damaged("progress.json"), GOOD, "the newest run is good"),
    "drill failed": (lambda f: f.run(*ALL, drill=BAD_DRILL), BAD, "ended unverified"),
    "drill failed, no reporter": (
        lambda f: f.run(*ALL, drill=BAD_DRILL, ending=None),
        BAD,
        "left nothing to rely on",
    ),
    "drill undone": (lambda f: f.run(*ALL, drill=UNDONE_DRILL), GOOD, "the newest run is good"),
    "drill undone, no reporter": (
        lambda f: f.run(*ALL, drill=UNDONE_DRILL, ending=None),
        GOOD,
        "the newest run is good",
    ),
    "unverified": (
        lambda f: f.run(*ALL, problems=["octo/repo-1: is odd"]),
        BAD,
        "ended unverified",
    ),
    "public only": (seen("public", 2), WATCH, "(public only)"),
    "two of thirty": (seen("selected", 2, 30), WATCH, "2 of 30 repositories of octo"),
    "total unknown": (seen("unknown", 2), GOOD, "total unknown"),
    "wiki failed": (
        lambda f: f.run(entry(1, wiki=ItemResult("failed", "500"))),
        BAD,
        "ended partial with 1 of 1 failed",
    ),
    "wiki failed, no reporter": (
        lambda f: f.run(entry(1, wiki=ItemResult("failed", "500")), ending=None),
        BAD,
        "ended with 1 of 1 failed",
    ),
    "nothing saved": (lambda f: f.run(entry(1, "empty")), BAD, "ended unverified"),
    "nothing saved, no reporter": (
        lambda f: f.run(entry(1, "empty"), ending=None),
        BAD,
        "left nothing to rely on",
    ),
    "interrupted": (ended(Ending.INTERRUPTED), BAD, "ended interrupted"),
    "timed out": (ended(Ending.TIMED_OUT), BAD, "ended timed-out"),
    "ended by itself": (ended(Ending.FAILED), BAD, "ended failed"),
    "not launched": (ended(Ending.NOT_LAUNCHED), BAD, "ended not-launched"),
    "missed": (ended(Ending.MISSED), BAD, "ended missed"),
    "same second": (same_second, BAD, "a, ended with 1 of 2 failed"),
    "under way": (good_then(under_way), GOOD, "the newest run is good and 3 days old"),
    "cut off": (
        good_then(lambda f: f.run(entry(1), ending=None, complete=False)),
        BAD,
        "is unfinished",
    ),
    "report alone": (
        lambda f: f.run(*ALL, manifest=False),
        GOOD,
        "the newest run is good",
    ),
    "crashed, then narrowed": (
        good_then(
            lambda f: f.run(ending=Ending.FAILED, ago=2),
            lambda f: f.run(entry(1), passed_over(entry(2)), only=["repo-1"]),
        ),
        BAD,
        "the newest run of everything",
    ),
}
