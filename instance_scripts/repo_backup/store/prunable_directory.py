"""A directory whose binaries can be removed: they are gone at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from backup_contract import object_keys as layout
from repo_backup.store.directory import DirectoryStore, unless_missing
from repo_backup.store.prunable import ObjectListing, ObjectRow, Removal
from repo_backup.store.whole_files import time_in

_UNKNOWN = datetime.max.replace(tzinfo=UTC)
"""The date of a file whose own date is out of range, so that it never counts as old."""


class PrunableDirectory(DirectoryStore):
    """A directory; it keeps no versions, and no rule says how long anything is kept."""

    def binaries(self) -> ObjectListing:
        """The files under the keys of binaries."""
        rows = tuple(sorted(self._rows(), key=lambda row: row.sha256))
        return ObjectListing(rows, datetime.fromtimestamp(time_in(self._root), UTC))

    def kept_days(self) -> int | None:
        """None: no rule removes replaced files."""
        return None

    def keeps_versions(self) -> bool | None:
        """False: a directory keeps only the latest version."""
        return False

    def locks(self, rows: Sequence[ObjectRow]) -> Mapping[str, str]:
        """Empty: a directory has no locks."""
        return {}

    def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
        """Remove the files."""
        return [self._removed(row) for row in rows]

    def _removed(self, row: ObjectRow) -> Removal:
        path = self._root / layout.content(row.sha256)
        try:
            if _row(path, row.sha256) != row:
                return Removal(row, "changed", "it was written again in the meantime")
            path.unlink()
        except FileNotFoundError:
            return Removal(row, "changed", "it no longer exists")
        except OSError as error:
            return Removal(row, "refused", str(error.strerror))
        return Removal(row, "removed")

    def _rows(self) -> Iterator[ObjectRow]:
        top = self._root / layout.OBJECTS
        for folder, _, names in os.walk(top, onerror=unless_missing):
            for name in names:
                path = Path(folder, name)
                sha256 = layout.content_sha256(path.relative_to(self._root).as_posix())
                if sha256 and path.is_file():
                    yield _row(path, sha256)


def _row(path: Path, sha256: str) -> ObjectRow:
    status = path.stat()
    try:
        modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError):
        modified_at = _UNKNOWN
    return ObjectRow(sha256, status.st_size, modified_at)
