"""The restore drill: some archives are read back, unpacked and compared, in every run."""

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
from backup_contract.kinds import ACCOUNT
from backup_contract.moments import named_moment
from repo_backup.restore.archive_reader import ArchiveRef, Reader, unreadable
from repo_backup.runtime.background import at_once
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, UnfitMachineError

log = logging.getLogger(__name__)
RANDOM_ARCHIVES = 2
RUNS_FOR_ALL = 52
"""Large accounts drill more at a time: a year of weekly runs reaches every archive. Where the last
drill was longer ago than a week, a year has fewer runs."""
_YEAR = timedelta(days=365)
LONGEST_SECONDS = 300.0
"""No further archive is begun after that."""
MOST_OBJECTS = 200
"""Of the binaries that one archive refers to; the reporter looks at all of them in a bucket."""
_ROOM = 2.25
"""An archive, what is unpacked of it, and some air."""
SMALL_BYTES = 1 << 20
"""Archives up to this size are read back side by side, as waiting for the store takes longest."""
_MOST_LANES = 4
_LANE_BYTES = 96 << 20
"""Memory for each lane: more than git's check needs of as many objects as a small archive can hold,
so that none of them is checked less closely than it is by itself."""


@dataclass(frozen=True)
class Candidate:
    """An archive that may be drilled with its overlays, and whose it is."""

    item: Item
    archive: Archive

    @property
    def drilled(self) -> bool:
        """Whether this very archive was read back before."""
        return self.archive.drilled_at is not None

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return self.item.result.bytes_stored

    @property
    def unread_since(self) -> str:
        """When it was last read back, or else stored; empty where that is not known."""
        stored = named_moment(self.archive.run_id)
        return self.archive.drilled_at or (iso(stored) if stored else "")

    def changed_by(self, run_id: str) -> bool:
        """Whether this run put any file of it."""
        return self.item.result.bytes_put_by(run_id) > 0

    def put_by(self, run_id: str) -> bool:
        """Whether this run put all files of it."""
        return self.archive.run_id == run_id and self.item.result.bytes_put_by(run_id) == self.bytes


def candidates(items: Iterable[Item]) -> list[Candidate]:
    """Every archive that there is."""
    return [Candidate(item, item.archive) for item in items if item.archive]


def choose(
    all_: list[Candidate], run_id: str, room_bytes: int, chance: random.Random, at_once: int
) -> list[Candidate]:
    """The largest of what changed and ``at_once`` others. Pure.

    One of these was never read back, if there is such a one, the others were not for longest; of
    several that were read or stored at the same time chance decides. Archives for which the disk
    has no room are left for a machine that has it.
    """
    fitting = [each for each in all_ if each.bytes * _ROOM < room_bytes]
    changed = [each for each in fitting if each.changed_by(run_id)]
    chosen = sorted(changed, key=lambda each: -each.bytes)[:1]
    rest = [each for each in fitting if each not in chosen]
    chance.shuffle(rest)
    rest.sort(key=lambda each: each.unread_since)
    fresh = [each for each in rest if not each.drilled][-1:] if at_once else []
    oldest = [each for each in rest if each not in fresh]
    return [*chosen, *fresh, *oldest[: at_once - len(fresh)]]


def at_a_time(archives: int, runs_a_year: int = RUNS_FOR_ALL) -> int:
    """How many are drawn beside the largest, so that a year reaches every archive. Pure.

    All but one are the oldest: the others may be replaced before they are.
    """
    return max(RANDOM_ARCHIVES, 1 + -(-archives // runs_a_year))


def runs_a_year(all_: list[Candidate], now: datetime) -> int:
    """How many runs a year has, by when the last drill was; :data:`RUNS_FOR_ALL` at most. Pure."""
    drilled = max((each.archive.drilled_at or "" for each in all_), default="")
    try:
        since = now - datetime.fromisoformat(drilled)
    except (ValueError, TypeError):  # none yet, or a document has no date there
        return RUNS_FOR_ALL
    return max(1, min(RUNS_FOR_ALL, _YEAR // max(since, timedelta(days=1))))


def drill(
    manifest: Manifest,
    reader: Reader,
    directory: Path,
    stop: Stop,
    tell: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> None:
    """Read some archives back and note in the manifest how that went.

    ``tell`` is called with the name of each before it is read, how many are done, and of how many.
    Raises InterruptedRunError when told to stop.
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
    stop: Stop,
    tell: Callable[[str, int, int], None],
) -> dict[str, DrilledArchive]:
    """Read them back, small ones ``wide`` at the same time; by key what came of it.

    Each that is good is noted in the manifest. What was not begun in time is not in the result.
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
            tell(candidate.item.name, len(found), len(chosen))
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
    """How many small archives are read back at the same time. Pure."""
    each = int(SMALL_BYTES * _ROOM)
    return max(1, min(_MOST_LANES, memory_bytes // _LANE_BYTES, room_bytes // each))


def alone(chosen: list[Candidate], found: Mapping[str, DrilledArchive]) -> list[Candidate]:
    """What is read back with all memory for itself: what is large, and what was ``found``, by key,
    not to be good by a git that had a lane's memory. Pure."""
    read = {key: each.good for key, each in found.items()}
    return [
        each
        for each in chosen
        if each.bytes > SMALL_BYTES or read.get(each.archive.key) is not True
    ]


def read_back(
    reader: Reader, candidate: Candidate, directory: Path, *, put_now: bool
) -> DrilledArchive:
    """Download, unpack and compare one archive; ``put_now`` as :meth:`Reader.fetch` has it."""
    started = time.monotonic()
    good: bool | None = True
    reason = None
    remarks: tuple[str, ...] = ()
    item, archive = candidate.item, candidate.archive
    found = ArchiveRef(
        item.entry.full_name, archive.key, archive.version_id, item.result, kind=item.kind
    )
    try:
        with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as room:
            remarks = reader.fetch(found, Path(room), put_now=put_now).remarks
    except UnfitMachineError as error:
        good, reason = None, f"this machine could not check it: {error}"
    except RepositoryError as error:
        good, reason = False, str(error)
    except OSError as error:
        good, reason = None, f"this machine could not check it: {unreadable(error, directory)}"
    return DrilledArchive(archive.key, good, reason, remarks, time.monotonic() - started)


def _note(manifest: Manifest, candidate: Candidate) -> None:
    item = candidate.item
    archive = replace(candidate.archive, drilled_at=iso(datetime.now(UTC)))
    among = manifest.accounts if item.kind == ACCOUNT else manifest.entries
    entry = among[item.identity]
    among[item.identity] = entry.having(item.kind, replace(item.result, archive=archive))
