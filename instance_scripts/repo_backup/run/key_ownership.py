"""Assigns keys to archives. No repository ever gets the key of another one's archive. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry, Identity, OrphanedArchive
from backup_contract.documents.parts.upstream import upstream_of
from backup_contract.kinds import GIT, noun
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Kind


@dataclass(frozen=True)
class Key:
    """The key of an archive; ``reason`` says why it is not the usual one, if it is not."""

    text: str
    reason: str | None = None


def archive_keys(
    remotes: Iterable[RemoteRepository],
    key_owners: Mapping[str, OrphanedArchive],
    entries: Mapping[Identity, Entry],
    *,
    kinds_of: Callable[[RemoteRepository], Iterable[Kind]],
    folded: bool,
) -> dict[tuple[Identity, str], Key]:
    """The key of each repository's archive of each kind in ``kinds_of``, by identity and kind.

    A key belongs to the repository whose archive was recorded under it (``key_owners``), otherwise
    to the first repository listed. A repository whose usual key is taken gets a key of its own, and
    keeps it as long as its newest archive (``entries``) is there. ``folded``: the destination is
    not case-sensitive; there a key keeps the spelling in which it was first written.
    """
    taken = {
        _fold(key, folded): (each.identity, each.kind, each.full_name)
        for key, each in key_owners.items()
    }
    written = {_fold(key, folded): key for key in key_owners}
    keys: dict[tuple[Identity, str], Key] = {}
    for remote in sorted(remotes, key=lambda each: (each.full_name.lower(), each.id)):
        if remote.refused:
            continue
        identity, there = remote.identity, _keys_of(entries.get(remote.identity))
        for kind in (each.name for each in kinds_of(remote)):
            usual = layout.archive(remote.owner, remote.name, kind)
            own = layout.archive(remote.owner, remote.name, kind, repository_id=remote.id)
            me = (identity, kind, remote.full_name)
            owner, of_kind, name = taken.setdefault(_fold(usual, folded), me)
            key = Key(written.get(_fold(usual, folded), usual))
            if (owner, of_kind) != me[:2]:
                what = "" if of_kind == GIT else f"the {noun(of_kind)} of "
                key = Key(own, f"{usual} is of another one, {what}{name} with id {owner.id}")
            elif own in there:
                key = Key(own)
            keys[identity, kind] = key
    return keys


@dataclass(frozen=True)
class KeyOwners:
    """The archives that earlier runs recorded for the owners that a run covers, by key.

    ``awaited`` has the keys of repositories that have no entry in this run yet, by identity: their
    entries may name these keys. ``now`` has what GitHub returned for repositories requested by id;
    None for one that is not visible.
    """

    by_key: Mapping[str, OrphanedArchive]
    awaited: Mapping[Identity, Collection[str]]
    folded: bool = False
    now: Mapping[Identity, RemoteRepository | None] = field(default_factory=dict)

    @classmethod
    def of_run(
        cls,
        key_owners: Mapping[str, OrphanedArchive],
        entries: Mapping[Identity, Entry],
        *,
        owners: Collection[str],
        awaited: Collection[Identity],
        folded: bool,
        now: Mapping[Identity, RemoteRepository | None],
    ) -> "KeyOwners":
        """Select the archives in the folders of ``owners`` (lower case), and those that were backed
        up only because of a star, in any folder."""
        covered = {
            key: each
            for key, each in key_owners.items()
            if each.starred or layout.owner_of(key) in owners
        }
        newest = {each: _keys_of(entries.get(each)) for each in awaited}
        return cls(covered, newest, folded, now)

    def kept(self, entries: Mapping[Identity, Entry]) -> list[OrphanedArchive]:
        """The archives that no entry names, and that no repository still to come may name."""
        named = {
            _fold(archive.key, self.folded)
            for entry in entries.values()
            for archive in entry.archives
        }
        for identity, keys in self.awaited.items():
            if identity not in entries:
                named |= {_fold(key, self.folded) for key in keys}
        left = (each for key, each in self.by_key.items() if _fold(key, self.folded) not in named)
        return [self._with_upstream(each) for each in left]

    def _with_upstream(self, kept: OrphanedArchive) -> OrphanedArchive:
        """The archive with what GitHub reports about its repository, now or in an earlier run."""
        if kept.identity not in self.now:
            return kept
        remote = self.now[kept.identity]
        upstream = upstream_of(kept.full_name, remote.full_name if remote else None)
        return replace(kept, upstream=upstream)


def _keys_of(entry: Entry | None) -> list[str]:
    return [archive.key for archive in entry.archives] if entry else []


def _fold(key: str, folded: bool) -> str:
    return key.lower() if folded else key
