"""Reads what earlier runs left: for each repository the newest archive that still exists."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument
from backup_contract.documents.manifest import (
    Entry,
    Identity,
    ItemResult,
    Manifest,
    OrphanedArchive,
)
from backup_contract.text import one_line
from repo_backup.run.kept_archives import lists_not_in_place, relist, repair
from repo_backup.runtime.background import in_background
from repo_backup.store.base import Store, Stored
from repo_backup.store.inventory import not_in_place
from repo_backup.store.object_lists import object_list_key
from repo_backup.store.written.damage import ArchiveId, read_damage
from repo_backup.store.written.ignored_documents import IgnoredDocuments
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

_EVERYBODY = "*"


@dataclass
class History:
    """The newest entry of each repository in earlier runs, by identity.

    ``key_owners`` says, by key, which repository's archive was recorded there; ``carried`` are the
    keys of archives that were retained already. ``lost`` are retained archives that are gone or
    have changed. ``listed`` is the number of repositories that each owner had in the last complete
    run, ``owners`` the owners met by runs over all that a token sees. ``answered`` are repositories
    that are no longer listed and that GitHub was asked about by id. ``mine`` is the checkpoint of
    an earlier attempt of this run. ``damage`` is what restore drills and ``verify`` found; None for
    an archive that a later drill found good. ``damaged`` names the archives that are fetched again
    for that. ``overlays`` are the stored ones: the highest number by base key and chain id.
    ``superseded`` are archives, by key, that have changed or whose overlays have: earlier versions
    may still be readable. ``damaged_chains`` are the keys of lists of overlays that a report found
    damaged, and of lists of binaries that it found damaged, or that are missing. ``lists`` are
    lists of overlays over retained archives that must be written again, ``object_lists`` their
    lists of binaries, by key.
    """

    entries: dict[Identity, Entry] = field(default_factory=dict)
    key_owners: dict[str, OrphanedArchive] = field(default_factory=dict)
    lost: list[OrphanedArchive] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    mine: Manifest | None = None
    carried: set[str] = field(default_factory=set)
    answered: set[Identity] = field(default_factory=set)
    damage: dict[ArchiveId, str | None] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    overlays: dict[str, dict[str, int]] = field(default_factory=dict)
    superseded: dict[str, ItemResult] = field(default_factory=dict)
    damaged_chains: set[str] = field(default_factory=set)
    lists: list[ChainDocument] = field(default_factory=list)
    object_lists: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def load(
        cls, store: Store, run_id: str, owners: Collection[str], *, launched: bool = False
    ) -> "History":
        """Read manifests, newest first, until the last complete run of each owner is among them.

        This run's own manifest comes first. No owner means all that a token sees. Checkpoints
        count, because the archives of an interrupted run are stored too. Independent requests run
        at the same time. Reading goes on past a manifest that has no list of retained archives, or
        has kinds that this program does not know, until every stored archive has been named.
        ``launched``: what this run's attempts wrote takes precedence over the published manifest.
        """
        history, missing = cls(), {owner.lower() for owner in owners} or {_EVERYBODY}
        uncounted = set(missing)
        own = in_background(
            lambda: read_manifest(store, run_id, attempts_first=launched), "own manifest"
        )
        present = {
            prefix: in_background(partial(store.objects, prefix), "archives")
            for prefix in [*map(layout.archives_of, owners)] or [layout.ARCHIVES]
        }
        others = (each for each in newest_first(store) if each != run_id)
        ignored = IgnoredDocuments()
        for earlier in itertools.chain((run_id,), others):
            mine = earlier == run_id
            found = own.result() if mine else read_manifest(store, earlier)
            if found is None:
                continue
            try:
                manifest = Manifest.from_json(found.data)
            except ValueError as error:
                ignored.add(found.key, error)
                continue
            if mine:
                history.mine = manifest
            history._add(manifest)
            if manifest.complete:
                covered = {owner.lower() for owner in manifest.owners} or {_EVERYBODY}
                counts = Counter(
                    entry.owner.lower() for entry in manifest.entries.values() if not entry.starred
                )
                for owner in uncounted & covered:
                    history.listed |= counts if owner == _EVERYBODY else {owner: counts[owner]}
                uncounted -= covered
                names_all = manifest.kept is not None and not manifest.unknown_kinds
                if names_all or history._names_all(present):
                    missing -= covered
                if not missing:
                    break
        ignored.log_rest()
        return history._existing(store, present)

    def earlier(self, repository: Identity) -> Entry | None:
        """The newest entry of this repository whose archive still exists, if there is one."""
        return self.entries.get(repository)

    def beneath(self, key: str, repository: Identity, kind: str) -> ItemResult | None:
        """The archive recorded under a key, if it is this repository's; maybe not its newest."""
        claim = self.key_owners.get(key)
        is_its_own = claim and (claim.identity, claim.kind) == (repository, kind)
        return claim.result if claim and is_its_own else None

    def _add(self, manifest: Manifest) -> None:
        kept = manifest.kept or ()
        self.damaged_chains.update(manifest.damaged_chains)
        for claim in kept:
            listed_since = claim.identity in self.entries or claim.identity in manifest.entries
            if claim.upstream and not listed_since:
                self.answered.add(claim.identity)
        for entry in (*manifest.all_entries.values(), *(each.entry for each in kept)):
            known = self.entries.setdefault(entry.identity, entry)
            for kind, result in entry.results.items():
                newer = known.results.get(kind)
                if newer is None or (newer.archive is None and result.archive):
                    known = known.having(kind, result)
            self.entries[entry.identity] = known
        for each, reason in _drilled(manifest):
            self.damage.setdefault(each, reason)
        for claim in _key_owners(manifest):
            self.key_owners.setdefault(claim.key, claim)
        for claim in kept:
            if self.key_owners.setdefault(claim.key, claim) is claim:
                self.carried.add(claim.key)
        if not manifest.owners:
            self.owners |= {
                layout.owner_of(key) for key, each in self.key_owners.items() if not each.starred
            }

    def _names_all(self, listed: Mapping[str, Future[dict[str, Stored]]]) -> bool:
        zips = {key for each in listed.values() for key in filter(layout.is_archive, each.result())}
        return zips <= self.key_owners.keys()

    def _existing(self, store: Store, listed: Mapping[str, Future[dict[str, Stored]]]) -> "History":
        """The history without archives that are gone or have been replaced.

        The key of a replaced archive still belongs to the same repository: the new object may be
        an archive of it that a killed run uploaded and did not record.
        """
        present: dict[str, Stored] = {}
        for each in listed.values():
            present |= each.result()
        prefixes = {key.rpartition("/")[0] + "/" for key in self.key_owners}
        for prefix in sorted(prefixes):
            if not prefix.startswith(tuple(listed)):
                present |= store.objects(prefix)

        self.overlays = _highest(present)
        recorded = [each.result for each in self.key_owners.values()]
        self.damaged_chains.update(lists_not_in_place(recorded, present))

        def kept(result: ItemResult) -> ItemResult:
            if not_in_place([result], present, settled=True):
                archive = result.archive
                if archive and archive.key in present:
                    self.superseded.setdefault(archive.key, result)
                return replace(result, archive=None, chain=None, refs_digest=None)
            return result

        self.damage |= read_damage(store, present)
        damages: dict[str, str] = {}

        def undamaged(result: ItemResult) -> ItemResult:
            archive = result.archive
            if archive and (reason := self.damage.get(ArchiveId.of(archive))):
                damages[archive.key] = f"{archive.key} was found damaged ({one_line(reason)})"
                self.superseded.setdefault(archive.key, result)
                return replace(result, archive=None, chain=None, refs_digest=None, unserved=None)
            return result

        for identity, entry in self.entries.items():
            results = {kind: undamaged(kept(result)) for kind, result in entry.results.items()}
            if any(results[kind] is not result for kind, result in entry.results.items()):
                self.entries[identity] = replace(entry, results=results)
        for key, claim in [*self.key_owners.items()]:
            result, had = undamaged(kept(claim.result)), claim.result.archive
            if key in self.carried and key in present and claim.result.archive:
                result = self._repaired(store, claim, result, present, damages)
            if key not in present:
                del self.key_owners[key]
            elif result is not claim.result:
                self.key_owners[key] = replace(claim, result=result)
            if key in self.carried and (key not in present or (had and result.archive is None)):
                self.lost.append(claim)
        self.damaged = [*damages.values()]
        return self

    def _repaired(
        self,
        store: Store,
        claim: OrphanedArchive,
        result: ItemResult,
        present: Mapping[str, Stored],
        damages: dict[str, str],
    ) -> ItemResult:
        """What is kept of a retained archive; ``result`` has no archive if it changed.

        Adds a message to ``damages``, by key, for each thing that was lost or repaired.
        """
        recorded = claim.result
        key, listed = claim.key, object_list_key(recorded)
        doubted = _chain_document(recorded) in self.damaged_chains or result.archive is None
        if doubted:
            repaired = repair(store, recorded, present)
            result = repaired.result or result
            if repaired.message:
                damages[key] = f"{key} {repaired.message}"
            if repaired.document:
                self.lists.append(repaired.document)
        if listed and (doubted or listed in self.damaged_chains):
            relisted = relist(store, claim.kind, recorded, result)
            result = relisted.result
            if relisted.message:
                damages[listed] = relisted.message
            if relisted.data:
                self.object_lists[listed] = relisted.data
        return result


def _highest(keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """The highest number of the overlays among these keys, by base key and chain id."""
    found: dict[str, dict[str, int]] = {}
    for overlay in filter(None, map(layout.overlay_key, keys)):
        numbers = found.setdefault(overlay.base, {})
        numbers[overlay.chain] = max(numbers.get(overlay.chain, 0), overlay.number)
    return found


def _drilled(manifest: Manifest) -> Iterator[tuple[ArchiveId, str | None]]:
    """What the run's drill found: why an archive is damaged, or None for a good one."""
    archives = [each for entry in manifest.all_entries.values() for each in entry.archives]
    by_key = {archive.key: archive for archive in archives}
    for each in manifest.drill.checked if manifest.drill else ():
        archive = by_key.get(each.key)
        if archive and each.good is not None:
            yield ArchiveId.of(archive), None if each.good else each.reason or "no reason given"


def _chain_document(result: ItemResult) -> str:
    """The key of the list of an archive's overlays, whether or not it exists."""
    archive = result.archive
    assert archive  # noqa: S101 - the caller has looked
    return layout.chain_document(archive.key, layout.chain_id(archive.sha256))


def _key_owners(manifest: Manifest) -> Iterator[OrphanedArchive]:
    """The archives in the entries, each with its repository."""
    for item in manifest.items:
        if item.archive:
            entry, kept = item.entry, ItemResult("kept").keeping(item.result)
            yield OrphanedArchive(
                item.archive.key,
                entry.id,
                entry.owner,
                entry.name,
                item.kind,
                kept,
                entry.host,
                starred=entry.starred,
            )
