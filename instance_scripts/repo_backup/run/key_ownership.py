"""Whose an archive's key is: no repository ever gets the key of another one's archive. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry, Identity, OrphanedArchive
from backup_contract.documents.parts.upstream import upstream_of
from backup_contract.kinds import GIT, noun
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Kind


@dataclass(frozen=True)
class Key:
    """Where an archive goes; ``reason`` tells why it is not the usual place, if it is not."""

    text: str
    reason: str | None = None


def archive_keys(
    remotes: Iterable[Remote],
    claims: Mapping[str, OrphanedArchive],
    entries: Mapping[Identity, Entry],
    *,
    kinds_of: Callable[[Remote], Iterable[Kind]],
    folded: bool,
) -> dict[tuple[Identity, str], Key]:
    """The key of each archive of ``kinds_of`` each repository, by its identity and the kind's name.

    A key belongs to the repository that an archive was recorded of (``claims``), then to whoever
    is listed first. Whoever finds its usual key taken gets one of its own, and stays there while
    its newest archive (``entries``) does. ``folded``: the destination does not tell upper from
    lower case; there a key stays as it was written first.
    """
    taken = {
        _fold(key, folded): (each.identity, each.kind, each.full_name)
        for key, each in claims.items()
    }
    written = {_fold(key, folded): key for key in claims}
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
class Claims:
    """What earlier runs recorded, by key, of the owners that a run covers.

    ``awaited`` are keys by the identity of a repository whose entry, once it is there, may name
    them. ``now`` are the repositories that GitHub shows when asked by id, None for one that it does
    not.
    """

    by_key: Mapping[str, OrphanedArchive]
    awaited: Mapping[Identity, Collection[str]]
    folded: bool = False
    now: Mapping[Identity, Remote | None] = field(default_factory=dict)

    @classmethod
    def of_run(
        cls,
        claims: Mapping[str, OrphanedArchive],
        entries: Mapping[Identity, Entry],
        *,
        owners: Collection[str],
        awaited: Collection[Identity],
        folded: bool,
        now: Mapping[Identity, Remote | None],
    ) -> "Claims":
        """Of what there is, that in the folders of ``owners`` (lower case)."""
        covered = {key: each for key, each in claims.items() if layout.owner_of(key) in owners}
        newest = {each: _keys_of(entries.get(each)) for each in awaited}
        return cls(covered, newest, folded, now)

    def kept(self, entries: Mapping[Identity, Entry]) -> list[OrphanedArchive]:
        """What no entry names, and none of the repositories still to come may name."""
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
        """The same with what GitHub told of its repository, now or in an earlier run."""
        if kept.identity not in self.now:
            return kept
        remote = self.now[kept.identity]
        told = upstream_of(kept.full_name, remote.full_name if remote else None)
        return replace(kept, upstream=told)


def _keys_of(entry: Entry | None) -> list[str]:
    return [archive.key for archive in entry.archives] if entry else []


def _fold(key: str, folded: bool) -> str:
    return key.lower() if folded else key
