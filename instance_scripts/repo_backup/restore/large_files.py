"""Restores the binaries that a restored archive refers to."""

from dataclasses import replace

from repo_backup.kinds.base import Referring
from repo_backup.kinds.registry import kind_named
from repo_backup.restore.archive_reader import Reader, Restored, unreadable
from repo_backup.restore.binaries import restore_binaries


def with_binaries(reader: Reader, kind_name: str, restored: Restored) -> Restored:
    """Restore the binaries to their places, if the kind has any. Returns the updated result.

    It is incomplete if some binaries are not available. Raises UnreadableError for errors of the
    disk.
    """
    kind = kind_named(kind_name)
    if not isinstance(kind, Referring):
        return restored
    try:
        binaries = restore_binaries(reader.store, reader.retry_policy, kind, restored.path)
    except OSError as error:
        raise unreadable(error, restored.path) from error
    return replace(
        restored,
        incomplete=restored.incomplete or bool(binaries.failed),
        remarks=(*restored.remarks, *binaries.remarks),
    )
