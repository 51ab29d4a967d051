"""Made-up histories of any size, written down as the program and the reporter write them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
    by_kind,
    iso,
)
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import GIT, WIKI
from backup_contract.moments import named_moment

WEEK = timedelta(days=7)
NEWEST = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
WORDS = ("atlas", "beacon", "cobalt", "delta", "ember", "fjord", "garnet", "harbor", "iris")
KINDS = ("api", "app", "cli", "docs", "infra", "kit", "lib", "proxy", "site", "tools", "web")
_REASONS = ("GitHub answered 500 four times", "the connection was silent for 60 seconds")
_ENDINGS = {
    "interrupted": "AWS reclaimed the instance at every attempt.",
    "timed-out": "The backup did not end before its deadline and was stopped.",
    "failed": "The instance ended and left no marker.",
    "not-launched": "No pool had capacity.",
    "missed": "The scheduled run was due and never started.",
}


@dataclass
class History:
    """An account of ``repositories``, backed up ``runs`` times, once a week, until ``ends_at``.

    ``archive_bytes`` is the median of an archive's size. The last run is ``last``: verified,
    partial, or another verdict. The same numbers give the same history.
    """

    repositories: int
    runs: int
    last: str = "verified"
    ends_at: datetime = NEWEST
    archive_bytes: int = 400_000
    owner: str = "octo"
    seed: int = 7
    entries: dict[int, Entry] = field(default_factory=dict)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Every document of every run with its key, the oldest run first."""
        chance = random.Random(self.seed)
        for number in range(self.runs):
            moment = self.ends_at - WEEK * (self.runs - 1 - number)
            run_id = f"{moment:%Y-%m-%dT%H-%M-%SZ}"
            is_last = number == self.runs - 1
            verdict = self.last if is_last else self._verdict(chance, number)
            manifest = None
            if verdict not in _ENDINGS:
                manifest = self._manifest(run_id, number, verdict, chance)
                yield layout.manifest(run_id), manifest.to_json()
            document = _report(run_id, verdict, manifest, chance)
            yield f"{layout.RUNS}{run_id}/report.json", json.dumps(document, indent=1).encode()

    def archives(self) -> dict[str, int]:
        """The archives that are there after the last run, with their sizes."""
        found = [archive for entry in self.entries.values() for archive in entry.archives]
        return {archive.key: archive.bytes for archive in found}

    def write(self, root: Path) -> None:
        """All of it as a directory that was backed up to; archives are holes of their size."""
        for key, data in self.documents():
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for key, count in self.archives().items():
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(count)

    def _verdict(self, chance: random.Random, number: int) -> str:
        if number == 0 or chance.random() < 0.9:
            return "verified"
        return chance.choice(["partial", "partial", "partial", *_ENDINGS])

    def _manifest(self, run_id: str, number: int, verdict: str, chance: random.Random) -> Manifest:
        moment = named_moment(run_id) or self.ends_at
        listed = max(1, round(self.repositories * (0.7 + 0.3 * (number + 1) / self.runs)))
        entries = {
            index: self._entry(index, run_id, moment, number == 0, chance)
            for index in range(1, listed + 1)
        }
        failing = [] if verdict == "verified" else [2, min(5, listed)]
        for index in failing:
            failed = ItemResult("failed", chance.choice(_REASONS)).keeping(entries[index].git)
            entries[index] = entries[index].having(GIT, failed)
        self.entries |= entries
        seconds = 60 + listed / 20 + chance.random() * 30
        drilled = [chance.choice(list(entries.values())) for _ in range(3)]
        self._drill(drilled, moment)
        checked = [
            DrilledArchive(archive.key, good=True, seconds=0.5)
            for entry in drilled
            for archive in entry.archives[:1]
        ]
        return Manifest(
            run_id,
            1,
            [self.owner],
            moment + timedelta(seconds=40),
            by_identity(self.entries[index] for index in entries),
            listed,
            moment + timedelta(seconds=40 + seconds),
            complete=True,
            drill=Drill(tuple(checked), archives=listed, never_drilled=0),
        )

    def _drill(self, drilled: list[Entry], moment: datetime) -> None:
        for entry in drilled:
            if entry.git.archive:
                archive = replace(entry.git.archive, drilled_at=iso(moment))
                self.entries[entry.id] = entry.having(GIT, replace(entry.git, archive=archive))

    def _entry(
        self, index: int, run_id: str, moment: datetime, first: bool, chance: random.Random
    ) -> Entry:
        before = self.entries.get(index)
        if before and before.git.archive and chance.random() > 0.03:
            part = replace(before.git, state="unchanged", reason=None, seconds=0.1)
            results = by_kind(part, _unchanged(before.results.get(WIKI)))
            return replace(before, results=results)
        name = before.name if before else self._name(index)
        if index % 41 == 7:
            return Entry(index, self.owner, name, False, False, False, {GIT: ItemResult("empty")})
        count = round(self.archive_bytes * chance.lognormvariate(0, 1.6)) + 200
        key = layout.archive(self.owner, name)
        part = ItemResult(
            "backed-up",
            refs_digest=f"{chance.getrandbits(256):064x}",
            refs=12,
            lfs=index % 97 == 3,
            seconds=1.5,
            archive=Archive(key, count, f"{chance.getrandbits(256):064x}", run_id, version_id="v"),
        )
        wiki = before.results.get(WIKI) if before else None
        if index % 9 == 4 and wiki is None:
            saved = Archive(
                layout.archive(self.owner, name, WIKI), 9000, "0" * 64, run_id, version_id="w"
            )
            wiki = ItemResult("backed-up", refs=1, archive=saved)
        return Entry(
            index,
            self.owner,
            name,
            index % 3 == 0,
            False,
            False,
            by_kind(part, _unchanged(wiki) if before else wiki),
        )

    def _name(self, index: int) -> str:
        word, kind = WORDS[index % len(WORDS)], KINDS[index // len(WORDS) % len(KINDS)]
        rest = index // (len(WORDS) * len(KINDS))
        return f"{word}-{kind}" + (f"-{rest}" if rest else "")


def _unchanged(part: ItemResult | None) -> ItemResult | None:
    return replace(part, state="unchanged") if part else None


def _report(
    run_id: str, verdict: str, manifest: Manifest | None, chance: random.Random
) -> dict[str, object]:
    """``report.json`` as the reporter writes it."""
    moment = named_moment(run_id) or NEWEST
    failed = [e for e in manifest.entries.values() if e.failed] if manifest else []
    reasons = {
        "verified": "Everything that GitHub lists is in the bucket, and every archive was checked.",
        "partial": f"{len(failed)} repositories could not be backed up; all others are in the "
        "bucket, and were checked.",
        "unverified": "1 archive in the bucket is not what the backup put there.",
        **_ENDINGS,
    }
    totals = manifest.totals if manifest else {}
    lasted = (manifest.finished_at or moment) - moment if manifest else timedelta(0)
    seconds = lasted.total_seconds() + 30
    return {
        "schema": 1,
        "run_id": run_id,
        "trigger": "schedule",
        "verdict": verdict,
        "reason": reasons[verdict],
        "problems": [f"{each.full_name}: {each.git.reason}" for each in failed],
        "acknowledged": [],
        "owners": list(manifest.owners) if manifest else [],
        "reported_at": (moment + timedelta(seconds=seconds)).isoformat(),
        "seconds": seconds,
        "attempts": [] if verdict == "missed" else [{"attempt": 1, "outcome": "ended"}],
        "repositories": {"backed-up": totals.get("backed-up", 0)} if manifest else None,
        "bytes_uploaded": totals.get("bytes_uploaded"),
        "bytes_stored": totals.get("bytes_stored"),
        "usd_run": 0.0012 + seconds * 5e-6 + chance.random() * 2e-4 if manifest else 0.0,
        "usd_storage_per_month": totals.get("bytes_stored", 0) / 2**30 * 0.023,
    }
