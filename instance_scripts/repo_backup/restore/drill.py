"""The restore drill: every run restores some archives and checks them."""

import logging
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_contract.documents.manifest import Archive, Drill, DrilledArchive, Item, Manifest, iso
from backup_contract.documents.parts.labels import label
from backup_contract.moments import named_moment
from repo_backup.restore.archive_reader import ArchiveRef, Reader, unreadable
from repo_backup.runtime.background import at_once
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import LackingFilesError, RepositoryError, UnfitMachineError

log = logging.getLogger(__name__)
RANDOM_ARCHIVES = 2
RUNS_FOR_ALL = 52
"""Large accounts drill more per run, so that a year of weekly runs reaches every archive. If the
last drill was longer ago than a week, a year has fewer runs."""
_YEAR = timedelta(days=365)
LONGEST_SECONDS = 300.0
"""No further archive is started after this."""
MOST_OBJECTS = 200
"""How many of an archive's binaries are checked; in a bucket the reporter checks all of them."""
ROOM = 2.25
"""Disk bytes per byte of an archive: the archive, its unpacked copy and some slack."""
SMALL_BYTES = 1 << 20
"""Archives up to this size are drilled in parallel, because waiting for the store dominates."""
_MOST_LANES = 4
_LANE_BYTES = 96 << 20
"""The memory of each lane: more than git needs to check the most objects that a small archive can
have, so that each is checked as strictly as it would be alone."""


@dataclass(frozen=True)
class Candidate:
    """An archive, with its overlays, that may be drilled."""

    item: Item
    archive: Archive

    @property
    def drilled(self) -> bool:
        """Whether this very archive was drilled before."""
        return self.archive.drilled_at is not None

    @property
    def bytes(self) -> int:
        """The size of all its files in bytes."""
        return self.item.result.bytes_stored

    @property
    def unread_since(self) -> str:
        """When it was last drilled, or else stored; empty if unknown."""
        stored = named_moment(self.archive.run_id)
        return self.archive.drilled_at or (iso(stored) if stored else "")

    def changed_by(self, run_id: str) -> bool:
        """Whether this run stored any of its files."""
        return self.item.result.bytes_put_by(run_id) > 0

    def put_by(self, run_id: str) -> bool:
        """Whether this run stored all of its files."""
        return self.archive.run_id == run_id and self.item.result.bytes_put_by(run_id) == self.bytes


def candidates(items: Iterable[Item]) -> list[Candidate]:
    """The candidates among all items."""
    return [Candidate(item, item.archive) for item in items if item.archive]


def choose(
    all_: list[Candidate], run_id: str, room_bytes: int, chance: random.Random, at_once: int
) -> list[Candidate]:
    """The largest changed archive, and ``at_once`` others. Pure.

    One of the others was never drilled, if there is such a one; the rest were not drilled for
    longest, with ties broken at random. Archives too large for the disk are skipped.
    """
    fitting = [each for each in all_ if each.bytes * ROOM < room_bytes]
    changed = [each for each in fitting if each.changed_by(run_id)]
    chosen = sorted(changed, key=lambda each: -each.bytes)[:1]
    rest = [each for each in fitting if each not in chosen]
    chance.shuffle(rest)
    rest.sort(key=lambda each: each.unread_since)
    fresh = [each for each in rest if not each.drilled][-1:] if at_once else []
    oldest = [each for each in rest if each not in fresh]
    return [*chosen, *fresh, *oldest[: at_once - len(fresh)]]


def at_a_time(archives: int, runs_a_year: int = RUNS_FOR_ALL) -> int:
    """How many to drill besides the largest, so that a year reaches every archive. Pure.

    One of them may be a new archive, which may be replaced before its turn; the rest are the
    oldest.
    """
    return max(RANDOM_ARCHIVES, 1 + -(-archives // runs_a_year))


def runs_a_year(all_: list[Candidate], now: datetime) -> int:
    """Runs per year, from the time of the last drill; at most :data:`RUNS_FOR_ALL`. Pure."""
    drilled = max((each.archive.drilled_at or "" for each in all_), default="")
    try:
        since = now - datetime.fromisoformat(drilled)
    except (ValueError, TypeError):  # no drill yet, or a document without a date
        return RUNS_FOR_ALL
    return max(1, min(RUNS_FOR_ALL, _YEAR // max(since, timedelta(days=1))))


def drill(
    manifest: Manifest,
    reader: Reader,
    directory: Path,
    stop: CancellationToken,
    tell: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> None:
    """Drill some archives, and record the results in the manifest.

    ``tell`` is called before each with its name, how many are done, and the total. Raises
    InterruptedRunError if the run is stopped.
    """
    reader = replace(reader, most_objects=MOST_OBJECTS)
    room = shutil.disk_usage(directory).free
    everything = candidates(manifest.items)
    count = at_a_time(len(everything), runs_a_year(everything, datetime.now(UTC)))
    chance = random.Random()  # noqa: S311
    chosen = choose(everything, manifest.run_id, room, chance, count)
    wide = lanes(reader.memory_bytes, room)
    found = _read_all(chosen, wide, manifest, reader, directory, stop, tell)
    keys = (each.archive.key for each in chosen)
    checked = tuple(found[key] for key in keys if key in found)
    never = sum(not each.drilled for each in candidates(manifest.items))
    manifest.drill = Drill(
        checked,
        archives=len(everything),
        never_drilled=never,
        runs_until_all_drilled=-(-never // count),
    )


def _read_all(
    chosen: list[Candidate],
    wide: int,
    manifest: Manifest,
    reader: Reader,
    directory: Path,
    stop: CancellationToken,
    tell: Callable[[str, int, int], None],
) -> dict[str, DrilledArchive]:
    """Drill the chosen archives, ``wide`` small ones in parallel. Returns the results by key.

    Good archives are recorded in the manifest. Archives not started in time have no result.
    """
    started = time.monotonic()
    small = [each for each in chosen if each.bytes <= SMALL_BYTES]
    of_a_lane = replace(reader, memory_bytes=reader.memory_bytes // wide)
    found: dict[str, DrilledArchive] = {}
    noting = threading.Lock()

    def drill_one(candidate: Candidate, reader: Reader) -> None:
        stop.sleep(0)
        if time.monotonic() - started > LONGEST_SECONDS:
            return
        with noting:
            tell(label(candidate.item), len(found), len(chosen))
        put_now = candidate.put_by(manifest.run_id)
        read = read_back(reader, candidate, directory, put_now=put_now)
        with noting:
            found[candidate.archive.key] = read
            if read.good:
                _note(manifest, candidate)

    at_once(lambda number: drill_one(small[number], of_a_lane), len(small), wide)
    for candidate in alone(chosen, found):
        drill_one(candidate, reader)
    return found


def lanes(memory_bytes: int, room_bytes: int) -> int:
    """How many small archives are drilled in parallel. Pure."""
    each = int(SMALL_BYTES * ROOM)
    return max(1, min(_MOST_LANES, memory_bytes // _LANE_BYTES, room_bytes // each))


def alone(chosen: list[Candidate], found: Mapping[str, DrilledArchive]) -> list[Candidate]:
    """The archives to drill one at a time, with all memory: large ones, and small ones that a git
    with a lane's memory ``found`` bad or could not check. Pure."""
    read = {key: each.good for key, each in found.items()}
    return [
        each
        for each in chosen
        if each.bytes > SMALL_BYTES or read.get(each.archive.key) is not True
    ]


def read_back(
    reader: Reader, candidate: Candidate, directory: Path, *, put_now: bool
) -> DrilledArchive:
    """Download, unpack and check one archive. ``put_now`` as for :meth:`Reader.fetch`."""
    started = time.monotonic()
    good: bool | None = True
    reason = None
    remarks: tuple[str, ...] = ()
    lacks_files = False
    item, archive = candidate.item, candidate.archive
    found = ArchiveRef(
        item.entry.full_name, archive.key, archive.version_id, item.result, kind=item.kind
    )
    try:
        with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as room:
            restored = reader.fetch(found, Path(room), put_now=put_now)
            reader.check_object_list(found, restored, newest=True)
            remarks = restored.remarks
    except UnfitMachineError as error:
        good, reason = None, f"this machine could not check it: {error}"
    except RepositoryError as error:
        good, reason = False, str(error)
        lacks_files = isinstance(error, LackingFilesError)
    except OSError as error:
        good, reason = None, f"this machine could not check it: {unreadable(error, directory)}"
    seconds = time.monotonic() - started
    return DrilledArchive(archive.key, good, reason, remarks, seconds, lacks_files)


def _note(manifest: Manifest, candidate: Candidate) -> None:
    item = candidate.item
    archive = replace(candidate.archive, drilled_at=iso(datetime.now(UTC)))
    entry = manifest.all_entries[item.identity]
    manifest.add(entry.having(item.kind, replace(item.result, archive=archive)))
