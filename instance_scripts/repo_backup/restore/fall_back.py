"""Restores the best available archive if the newest run's is not available."""

from dataclasses import dataclass, replace
from pathlib import Path

from backup_contract.documents.manifest import ItemResult
from repo_backup.restore.archive_reader import (
    ArchiveRef,
    BrokenChainError,
    OtherArchiveError,
    Reader,
    Restored,
)
from repo_backup.restore.catalogue import RecordedResults

UNNAMED = "no manifest names it"


@dataclass(frozen=True)
class Restoration:
    """Restores archives. ``exact``: only what was requested, with no fallback."""

    reader: Reader
    recorded_results: RecordedResults
    exact: bool

    def fetch(self, found: ArchiveRef, into: Path) -> Restored:
        """Restore an archive, or else another version that some manifest names.

        If an overlay is bad, the state before it is restored. Raises what :meth:`Reader.fetch`
        raises.
        """
        try:
            return self._fetch(found, into)
        except BrokenChainError as error:
            if self.exact:
                raise
            remark = f"{error}; this is the state before that overlay"
            restored = self._fetch(error.before, into)
            return replace(restored, incomplete=True, remarks=(remark, *restored.remarks))

    def _fetch(self, found: ArchiveRef, into: Path) -> Restored:
        try:
            restored = self.reader.fetch(found, into)
        except OtherArchiveError as error:
            other = self.recorded_results.of(found.key, error.sha256)
            if other is None:
                raise
            if self.exact:
                raise with_origin(found.key, error, other) from error
            again = ArchiveRef(found.name, found.key, None, other, kind=found.kind)
            restored = self.reader.fetch(again, into)
            return replace(
                restored, remarks=(str(with_origin(found.key, error, other)), *restored.remarks)
            )
        if found.part is None:
            return replace(restored, remarks=(*restored.remarks, UNNAMED))
        return restored


def with_origin(key: str, error: OtherArchiveError, other: ItemResult) -> OtherArchiveError:
    """The error, extended by which run uploaded the stored archive."""
    run_id = other.archive.run_id if other.archive else ""
    return OtherArchiveError(key, error.sha256, f"the archive that run {run_id} uploaded")
