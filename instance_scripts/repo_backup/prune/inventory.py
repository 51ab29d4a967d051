"""The versions of all archives and lists at a destination that may refer to binaries. Pure.

Archives of project data and of accounts, and Git LFS lists, refer to binaries; archives of git and
wikis do not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Item
from backup_contract.documents.object_list import ObjectListRef
from backup_contract.kinds import ACCOUNT, DATA, GIT, LFS

REFERRING = (DATA, LFS, ACCOUNT)
VersionIds = frozenset[str | None]
"""The version ids of one key. None is the only version in a store without versions."""
UNVERSIONED = (None, "", "null")
"""The version ids in a folder, and in a bucket whose versioning is disabled or suspended."""


class UnknownKindError(Exception):
    """This program version does not know an archive's kind. ``str()`` is the archive's key."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A manifest's entry for an archive that may refer to binaries.

    ``bytes`` is the archive's size, ``links`` the number of overlays, ``saved`` the number of
    binaries, ``listed`` the list of the binaries.
    """

    version_id: str | None
    chain_id: str
    sha256: str
    bytes: int
    links: int
    saved: int
    listed: ObjectListRef | None

    @classmethod
    def of(cls, item: Item) -> "ManifestEntry":
        """The entry of a manifest's item, which must have an archive."""
        archive, chain, objects = item.archive, item.result.chain, item.result.objects
        assert archive  # noqa: S101 - checked by the caller
        return cls(
            archive.version_id,
            layout.chain_id(archive.sha256),
            archive.sha256,
            archive.bytes,
            chain.links if chain else 0,
            objects.saved if objects else 0,
            item.result.object_list,
        )


@dataclass
class StoredArchive:
    """All versions of the archive at one key, of its overlays and of its lists.

    ``overlays`` are by chain id and number, ``lists`` by chain id. ``entries`` are the manifests'
    distinct entries for this key, those of the newest manifest first.
    """

    key: str
    kind: str
    versions: VersionIds = frozenset()
    overlays: dict[str, dict[int, VersionIds]] = field(default_factory=dict)
    lists: dict[str, VersionIds] = field(default_factory=dict)
    entries: dict[ManifestEntry, None] = field(default_factory=dict)

    def of_chain(self, chain_id: str) -> list[ManifestEntry]:
        """The entries for one chain, newest first."""
        return [each for each in self.entries if each.chain_id == chain_id]

    def entry_of(self, version_id: str | None, size: int | None) -> ManifestEntry | None:
        """The entry for a version; None if no manifest names it, or if the manifests disagree.

        Without versions, the newest entry counts if its size is ``size`` (bytes).
        """
        if version_id not in UNVERSIONED:
            found = [each for each in self.entries if each.version_id == version_id]
            return found[0] if len({each.sha256 for each in found}) == 1 else None
        newest = next(iter(self.entries), None)
        if newest and newest.version_id in UNVERSIONED and newest.bytes == size:
            return newest
        return None


def stored_archives(
    keys: Mapping[str, VersionIds], items: Iterable[Item]
) -> dict[str, StoredArchive]:
    """The archives that may refer to binaries, by key.

    ``keys`` are all readable keys below ``github_backups/``, ``items`` the items of all manifests,
    newest first. Raises UnknownKindError.
    """
    found: dict[str, StoredArchive] = {}

    def at(key: str) -> StoredArchive | None:
        kind = _kind(key)
        return found.setdefault(key, StoredArchive(key, kind)) if kind in REFERRING else None

    for key, versions in keys.items():
        if overlay := layout.overlay_key(key):
            if archive := at(overlay.base):
                archive.overlays.setdefault(overlay.chain, {})[overlay.number] = versions
        elif listed := layout.object_list_key(key):
            if archive := at(listed.base):
                archive.lists[listed.chain] = versions
        elif layout.is_archive(key) and (archive := at(key)):
            archive.versions = versions
    for item in items:
        if item.archive and item.archive.key in found:
            found[item.archive.key].entries.setdefault(ManifestEntry.of(item))
    return found


def _kind(key: str) -> str:
    """The kind of the archive at a key. Raises UnknownKindError."""
    _, kind = layout.named_by(key)
    _, tilde, suffix = key.removesuffix(".zip").rpartition("/")[2].rpartition("~")
    if kind == GIT and tilde and not suffix.isdigit():
        raise UnknownKindError(key)
    return kind
