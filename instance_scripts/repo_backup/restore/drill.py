"""The restore drill: some archives are read back, unpacked and compared, in every run."""

import logging
import random
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backup_contract.documents.manifest import Entry, ItemResult, Manifest, iso
from repo_backup.restore.archive_reader import ArchiveRef, Reader
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, UnfitMachineError

log = logging.getLogger(__name__)
RANDOM_ARCHIVES = 2
RUNS_FOR_ALL = 52
"""Large accounts drill more at a time: a year of weekly runs reaches every archive."""
LONGEST_SECONDS = 300.0
"""No further archive is begun after that."""
_ROOM = 2.25
"""An archive, its unpacked mirror, and some air."""


@dataclass(frozen=True)
class Candidate:
    """An archive that may be drilled, and whose it is."""

    entry: Entry
    is_wiki: bool
    part: ItemResult

    @property
    def key(self) -> str:
        """The archive's key."""
        return self.part.archive.key if self.part.archive else ""

    @property
    def bytes(self) -> int:
        """The archive's size."""
        return self.part.archive.bytes if self.part.archive else 0

    @property
    def drilled(self) -> bool:
        """Whether this very archive was read back before."""
        return bool(self.part.archive and self.part.archive.drilled_at)


@dataclass(frozen=True)
class ReadBack:
    """What became of one archive: ``good`` is None where the machine had no room to find out."""

    good: bool | None
    reason: str | None
    remarks: tuple[str, ...]
    seconds: float


def candidates(entries: Iterable[Entry]) -> list[Candidate]:
    """Every archive that there is."""
    return [
        Candidate(entry, is_wiki, part)
        for entry in entries
        for is_wiki, part in ((False, entry.part), (True, entry.wiki))
        if part and part.archive
    ]


def choose(
    all_: list[Candidate], run_id: str, room_bytes: int, chance: random.Random
) -> list[Candidate]:
    """The largest of what changed and some at random, those never drilled first. Pure.

    Archives for which the disk has no room are left for a machine that has it.
    """
    fitting = [each for each in all_ if each.bytes * _ROOM < room_bytes]
    changed = [each for each in fitting if each.part.archive and each.part.archive.run_id == run_id]
    chosen = sorted(changed, key=lambda each: -each.bytes)[:1]
    rest = [each for each in fitting if each not in chosen]
    chance.shuffle(rest)
    rest.sort(key=lambda each: each.drilled)
    return chosen + rest[: at_a_time(len(all_))]


def at_a_time(archives: int) -> int:
    """How many are drawn at random. Pure."""
    return max(RANDOM_ARCHIVES, -(-archives // RUNS_FOR_ALL))


def drill(manifest: Manifest, reader: Reader, directory: Path, stop: Stop) -> None:
    """Read some archives back and note in the manifest how that went.

    Raises InterruptedRunError when told to stop.
    """
    started = time.monotonic()
    room = shutil.disk_usage(directory).free
    everything = candidates(manifest.entries.values())
    checked: list[dict[str, Any]] = []
    for candidate in choose(everything, manifest.run_id, room, random.Random()):  # noqa: S311
        stop.sleep(0)
        if time.monotonic() - started > LONGEST_SECONDS:
            break
        found = read_back(reader, candidate, directory)
        checked.append(
            {
                "key": candidate.key,
                "ok": found.good,
                "reason": found.reason,
                "remarks": list(found.remarks),
                "seconds": round(found.seconds, 3),
            }
        )
        if found.good:
            _note(manifest, candidate)
    never = sum(not each.drilled for each in candidates(manifest.entries.values()))
    manifest.drill = {
        "ok": all(item["ok"] is not False for item in checked),
        "checked": checked,
        "archives": len(everything),
        "never_drilled": never,
        "runs_until_all_drilled": -(-never // at_a_time(len(everything))),
    }


def read_back(reader: Reader, candidate: Candidate, directory: Path) -> ReadBack:
    """Download, unpack and compare one archive."""
    started = time.monotonic()
    good: bool | None = True
    reason = None
    remarks: tuple[str, ...] = ()
    archive = candidate.part.archive
    version = archive.version_id if archive else None
    found = ArchiveRef(candidate.entry.full_name, candidate.key, version, candidate.part)
    try:
        with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as room:
            remarks = reader.fetch_mirror(found, Path(room)).remarks
    except UnfitMachineError as error:
        good, reason = None, f"this machine could not check it: {error}"
    except RepositoryError as error:
        good, reason = False, str(error)
    except OSError as error:
        good, reason = None, f"this machine could not unpack it: {error.strerror}"
    return ReadBack(good, reason, remarks, time.monotonic() - started)


def _note(manifest: Manifest, candidate: Candidate) -> None:
    assert candidate.part.archive  # noqa: S101 - a candidate has an archive
    archive = replace(candidate.part.archive, drilled_at=iso(datetime.now(UTC)))
    part = replace(candidate.part, archive=archive)
    entry = manifest.entries[candidate.entry.id]
    changed = replace(entry, wiki=part) if candidate.is_wiki else replace(entry, part=part)
    manifest.entries[entry.id] = changed
