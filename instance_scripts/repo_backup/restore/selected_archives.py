"""Which archives a restore of many repositories brings back. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Item
from backup_contract.kinds import GIT, KINDS
from repo_backup.restore.catalogue import ArchiveListing, NoArchiveError

WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class SelectedRepository:
    """All archives of one repository, its git first.

    ``name`` is ``OWNER/REPO`` as the keys have it: with GitHub's id (``OWNER/REPO~ID``) where
    another repository has the plain key. No two have the same.
    """

    name: str
    archives: tuple[ArchiveListing, ...]

    @property
    def bytes(self) -> int:
        """Of all its archives."""
        return sum(each.bytes for each in self.archives)


def select(
    archives: Iterable[ArchiveListing], patterns: Sequence[str], kind: str | None
) -> list[SelectedRepository]:
    """The repositories that a pattern names (all of them without any), largest first.

    ``kind`` is the only kind that is wanted; None for all. Raises NoArchiveError for a pattern that
    names nothing.
    """
    named: dict[str, list[ArchiveListing]] = {}
    for each in archives:
        if kind in (None, each.kind):
            named.setdefault(repository_name(each), []).append(each)
    order = {kind: place for place, kind in enumerate(KINDS)}
    last = len(order)  # of a kind that only a later version knows
    found = [
        SelectedRepository(name, tuple(sorted(each, key=lambda a: order.get(a.kind, last))))
        for name, each in named.items()
        if not patterns or any(_matches(pattern, name, each[0]) for pattern in patterns)
    ]
    for pattern in patterns:
        if not any(_matches(pattern, each.name, each.archives[0]) for each in found):
            what = "no archive matches" if WILDCARDS & {*pattern} else "there is no archive of"
            raise NoArchiveError(f"{what} {pattern}; see `repo_backup list`")
    return sorted(found, key=lambda each: (-each.bytes, each.name))


def repository_name(listing: ArchiveListing) -> str:
    """``OWNER/REPO`` or ``OWNER/REPO~ID`` by the key of an archive."""
    name = listing.key.removeprefix(layout.ARCHIVES).removesuffix(".zip")
    return name.removesuffix(KINDS[listing.kind].key_suffix) if listing.kind in KINDS else name


def without_archive(items: Iterable[Item], patterns: Sequence[str]) -> list[tuple[str, str]]:
    """Name and reason of each repository that a run listed, and of whose git there is no archive.

    One that is empty has nothing to restore, and is none of them.
    """
    return [
        (item.entry.full_name, item.reason or item.state)
        for item in items
        if item.kind == GIT and item.archive is None and item.state not in ("empty", "kept")
        if not patterns or any(_is_named(each, item.entry.full_name) for each in patterns)
    ]


def _matches(pattern: str, name: str, listing: ArchiveListing) -> bool:
    return _is_named(pattern, name) or _is_named(pattern, listing.full_name)


def _is_named(pattern: str, name: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
