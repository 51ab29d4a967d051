"""Selects the archives for a restore of many repositories. Pure."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Item
from backup_contract.kinds import GIST, GIT, KINDS, noun
from backup_contract.options.values import WILDCARDS
from repo_backup.restore.catalogue import ArchiveListing, NoArchiveError


@dataclass(frozen=True)
class SelectedRepository:
    """The archives of one repository, git first.

    ``name`` is ``OWNER/REPO`` as in the keys, or ``OWNER/REPO~ID`` if another repository has the
    plain key. Names are unique.
    """

    name: str
    archives: tuple[ArchiveListing, ...]

    @property
    def bytes(self) -> int:
        """The size of all its archives in bytes."""
        return sum(each.bytes for each in self.archives)


def select(
    archives: Iterable[ArchiveListing], patterns: Sequence[str], kind: str | None
) -> list[SelectedRepository]:
    """The repositories that match a pattern (all without patterns), largest first.

    ``kind`` restricts the archives to one kind. Raises NoArchiveError for a pattern that matches
    nothing.
    """
    named: dict[str, list[ArchiveListing]] = {}
    for each in archives:
        if kind in (None, each.kind):
            named.setdefault(repository_name(each), []).append(each)
    order = {kind: place for place, kind in enumerate(KINDS)}
    last = len(order)  # for kinds that only later versions know
    found = [
        SelectedRepository(name, tuple(sorted(each, key=lambda a: order.get(a.kind, last))))
        for name, each in named.items()
        if not patterns or any(_matches(pattern, name, each[0]) for pattern in patterns)
    ]
    for pattern in patterns:
        if not any(_matches(pattern, each.name, each.archives[0]) for each in found):
            raise NoArchiveError(_nothing(pattern, kind, named))
    return sorted(found, key=lambda each: (-each.bytes, each.name))


def _nothing(pattern: str, kind: str | None, names: Iterable[str]) -> str:
    """The message for a pattern that matches nothing, with a suggestion."""
    if WILDCARDS & {*pattern}:
        return f"no {noun(kind) if kind else 'archive'} matches {pattern}; see `repo-backup list`"
    by_small = {name.lower(): name for name in names}
    close = difflib.get_close_matches(pattern.lower(), by_small, 1)
    hint = f"\ndid you mean {by_small[close[0]]}?" if close else "; see `repo-backup list`"
    return f"there is no archive of {pattern}{f' ({noun(kind)})' if kind else ''}{hint}"


def repository_name(listing: ArchiveListing) -> str:
    """``OWNER/REPO`` or ``OWNER/REPO~ID``, from an archive's key."""
    name = listing.key.removeprefix(layout.ARCHIVES).removesuffix(".zip")
    return name.removesuffix(KINDS[listing.kind].key_suffix) if listing.kind in KINDS else name


def without_archive(
    items: Iterable[Item], patterns: Sequence[str], kind: str | None
) -> list[tuple[str, str]]:
    """Name and reason of each repository or gist that a run listed but that has no archive of git.

    ``kind`` is as for :func:`select`. Empty repositories are not included, as they have nothing to
    restore.
    """
    kinds = {None: (GIT, GIST), GIST: (GIST,)}.get(kind, (GIT,))
    return [
        (item.entry.full_name, item.reason or item.state)
        for item in items
        if item.kind in kinds and item.archive is None and item.state not in ("empty", "kept")
        if not patterns or any(_is_named(each, item.entry.full_name) for each in patterns)
    ]


def _matches(pattern: str, name: str, listing: ArchiveListing) -> bool:
    return _is_named(pattern, name) or _is_named(pattern, listing.full_name)


def _is_named(pattern: str, name: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
