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

from backup_contract.documents.manifest import Archive, Drill, DrilledArchive, Item, Manifest, iso
from repo_backup.restore.archive_reader import ArchiveRef, Reader, unreadable
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, UnfitMachineError

log = logging.getLogger(__name__)
RANDOM_ARCHIVES = 2
RUNS_FOR_ALL = 52
"""Large accounts drill more at a time: a year of weekly runs reaches every archive."""
LONGEST_SECONDS = 300.0
"""No further archive is begun after that."""
_ROOM = 2.25
"""An archive, what is unpacked of it, and some air."""


@dataclass(frozen=True)
class Candidate:
    """An archive that may be drilled, and whose it is."""

    item: Item
    archive: Archive

    @property
    def drilled(self) -> bool:
        """Whether this very archive was read back before."""
        return self.archive.drilled_at is not None


def candidates(items: Iterable[Item]) -> list[Candidate]:
    """Every archive that there is."""
    return [Candidate(item, item.archive) for item in items if item.archive]


def choose(
    all_: list[Candidate], run_id: str, room_bytes: int, chance: random.Random
) -> list[Candidate]:
    """The largest of what changed and some at random, those never drilled first. Pure.

    Archives for which the disk has no room are left for a machine that has it.
    """
    fitting = [each for each in all_ if each.archive.bytes * _ROOM < room_bytes]
    changed = [each for each in fitting if each.archive.run_id == run_id]
    chosen = sorted(changed, key=lambda each: -each.archive.bytes)[:1]
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
    everything = candidates(manifest.items)
    checked: list[DrilledArchive] = []
    for candidate in choose(everything, manifest.run_id, room, random.Random()):  # noqa: S311
        stop.sleep(0)
        if time.monotonic() - started > LONGEST_SECONDS:
            break
        found = read_back(reader, candidate, directory)
        checked.append(found)
        if found.good:
            _note(manifest, candidate)
    never = sum(not each.drilled for each in candidates(manifest.items))
    manifest.drill = Drill(
        tuple(checked),
        archives=len(everything),
        never_drilled=never,
        runs_until_all_drilled=-(-never // at_a_time(len(everything))),
    )


def read_back(reader: Reader, candidate: Candidate, directory: Path) -> DrilledArchive:
    """Download, unpack and compare one archive."""
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
            remarks = reader.fetch(found, Path(room)).remarks
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
    entry = manifest.entries[item.id]
    manifest.entries[item.id] = entry.having(item.kind, replace(item.result, archive=archive))
