"""Whether archives lie where a run wrote down that they do. Pure."""

from collections.abc import Iterable, Mapping

from backup_contract.documents.manifest import Archive
from repo_backup.store.base import Stored


def not_in_place(
    archives: Iterable[Archive], present: Mapping[str, Stored], *, settled: bool
) -> str:
    """What is wrong with the first that is not; empty if nothing is.

    ``present`` are the destination's objects by key. While a run is under way (``settled`` is
    False) archives may be newer than any manifest says.
    """
    for archive in archives:
        stored = present.get(archive.key)
        if stored is None:
            return f"{archive.key} is not at the source."
        if settled and stored.bytes != archive.bytes:
            return f"{archive.key} has {stored.bytes} bytes, not {archive.bytes}."
        if settled and archive.etag and stored.etag and stored.etag != archive.etag:
            return f"{archive.key} was replaced by something that no run wrote down."
    return ""
