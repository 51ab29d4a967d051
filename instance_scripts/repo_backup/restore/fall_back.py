"""Restoring what is there, where that is not what the newest run says."""

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
from repo_backup.restore.catalogue import Vouchers

UNNAMED = "no manifest names it"


@dataclass(frozen=True)
class Restoration:
    """Brings archives back; ``exact``: what was asked for itself, or nothing."""

    reader: Reader
    vouchers: Vouchers
    exact: bool

    def fetch(self, found: ArchiveRef, into: Path) -> Restored:
        """What is there, if need be not what the newest run says but what another vouches for.

        If an overlay is at fault it is the state before that. Raises what :meth:`Reader.fetch`
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
            other = self.vouchers.of(found.key, error.sha256)
            if other is None:
                raise
            if self.exact:
                raise instead(found.key, error, other) from error
            again = ArchiveRef(found.name, found.key, None, other, kind=found.kind)
            restored = self.reader.fetch(again, into)
            return replace(
                restored, remarks=(str(instead(found.key, error, other)), *restored.remarks)
            )
        if found.part is None:
            return replace(restored, remarks=(*restored.remarks, UNNAMED))
        return restored


def instead(key: str, error: OtherArchiveError, other: ItemResult) -> OtherArchiveError:
    """The same error, with whose archive it is that lies there."""
    run_id = other.archive.run_id if other.archive else ""
    return OtherArchiveError(key, error.sha256, f"the archive that run {run_id} uploaded")
