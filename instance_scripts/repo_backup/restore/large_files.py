"""What was restored, with the binaries that it refers to where they belong."""

from dataclasses import replace

from repo_backup.kinds.base import Referring
from repo_backup.kinds.registry import kind_named
from repo_backup.restore.archive_reader import Reader, Restored, unreadable
from repo_backup.restore.binaries import bring_binaries


def with_binaries(reader: Reader, kind_name: str, restored: Restored) -> Restored:
    """The same with its binaries in place, if it is of a kind that has any.

    Where some cannot be had it is incomplete. Raises UnreadableError where the disk fails.
    """
    kind = kind_named(kind_name)
    if not isinstance(kind, Referring):
        return restored
    try:
        brought = bring_binaries(reader.store, reader.patience, kind, restored.path)
    except OSError as error:
        raise unreadable(error, restored.path) from error
    return replace(
        restored,
        incomplete=restored.incomplete or bool(brought.failed),
        remarks=(*restored.remarks, *brought.remarks),
    )
