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

from repo_backup import restore
from repo_backup.errors import RepositoryError
from repo_backup.manifest import Entry, Manifest, Part, iso
from repo_backup.stop import Stop
from repo_backup.store import Store

log = logging.getLogger(__name__)
RANDOM_ARCHIVES = 2
_ROOM = 3
"""An archive, its unpacked mirror, and some air."""


@dataclass(frozen=True)
class Candidate:
    """An archive that may be drilled, and whose it is."""

    entry: Entry
    is_wiki: bool
    part: Part

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
    """The largest of what changed and a few at random, those never drilled first. Pure.

    Archives for which the disk has no room are left for a machine that has it.
    """
    fitting = [each for each in all_ if each.bytes * _ROOM < room_bytes]
    changed = [each for each in fitting if each.part.archive and each.part.archive.run_id == run_id]
    chosen = sorted(changed, key=lambda each: -each.bytes)[:1]
    rest = [each for each in fitting if each not in chosen]
    chance.shuffle(rest)
    rest.sort(key=lambda each: each.drilled)
    return chosen + rest[:RANDOM_ARCHIVES]


def drill(manifest: Manifest, store: Store, directory: Path, stop: Stop) -> None:
    """Read some archives back and note in the manifest how that went.

    Raises InterruptedRunError when told to stop.
    """
    room = shutil.disk_usage(directory).free
    everything = candidates(manifest.entries.values())
    checked: list[dict[str, Any]] = []
    for candidate in choose(everything, manifest.run_id, room, random.Random()):  # noqa: S311
        stop.sleep(0)
        reason, seconds = read_back(store, candidate, directory)
        checked.append(
            {
                "key": candidate.key,
                "ok": reason is None,
                "reason": reason,
                "seconds": round(seconds, 3),
            }
        )
        if reason is None:
            _note(manifest, candidate)
    never = sum(not each.drilled for each in candidates(manifest.entries.values()))
    manifest.drill = {
        "ok": all(item["ok"] for item in checked),
        "checked": checked,
        "archives": len(everything),
        "never_drilled": never,
        "runs_until_all_drilled": -(-never // RANDOM_ARCHIVES),
    }


def read_back(store: Store, candidate: Candidate, directory: Path) -> tuple[str | None, float]:
    """Download, unpack and compare one archive; what is wrong (None: nothing), and the seconds."""
    started, reason = time.monotonic(), None
    archive = candidate.part.archive
    version = archive.version_id if archive else None
    found = restore.Found(candidate.entry.full_name, candidate.key, version, candidate.part)
    with tempfile.TemporaryDirectory(dir=directory) as room:
        try:
            restore.fetch_mirror(store, found, Path(room))
        except RepositoryError as error:
            reason = str(error)
    return reason, time.monotonic() - started


def _note(manifest: Manifest, candidate: Candidate) -> None:
    assert candidate.part.archive  # noqa: S101 - a candidate has an archive
    archive = replace(candidate.part.archive, drilled_at=iso(datetime.now(UTC)))
    part = replace(candidate.part, archive=archive)
    entry = manifest.entries[candidate.entry.id]
    changed = replace(entry, wiki=part) if candidate.is_wiki else replace(entry, part=part)
    manifest.entries[entry.id] = changed
