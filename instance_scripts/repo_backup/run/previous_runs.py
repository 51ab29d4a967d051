"""What earlier runs left: for each repository the newest archive that still exists."""

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
from repo_backup.run.kept_archives import mend
from repo_backup.runtime.background import in_background
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store, Stored
from repo_backup.store.inventory import not_in_place
from repo_backup.store.written.damage import ArchiveId, read_damage
from repo_backup.store.written.left_out import LeftOut
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

_EVERYBODY = "*"


@dataclass
class History:
    """Earlier entries by repository id, newest manifest first.

    ``claims`` tell by key of which repository the archive there was recorded; what no manifest
    names is nobody's; ``carried`` are the keys of those that were kept already. ``lost`` are kept
    archives that are not there any more, or not as they were.
    ``listed`` is how many repositories each owner had in the last complete run, ``owners`` whom
    runs of everything that a token sees met. ``answered`` are the ids of those that GitHub no
    longer lists and was asked for since. ``mine`` is the checkpoint of an earlier attempt of this
    run. ``damage`` is what restore drills and ``verify`` found, None of an archive that a later
    drill found good; ``damaged`` names those that are nobody's for it, and are fetched again.
    ``overlays`` are all that are there: by base key and chain id the highest number.
    ``superseded`` are by key archives that are not as they were, or their overlays are not: of what
    was there before, some may be read all the same. ``damaged_chains`` are the keys of lists of
    overlays that a report found not to be as they were; ``lists`` those of kept archives that are
    to be written anew.
    """

    entries: dict[Identity, Entry] = field(default_factory=dict)
    claims: dict[str, OrphanedArchive] = field(default_factory=dict)
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

    @classmethod
    def load(
        cls, store: Store, run_id: str, owners: Collection[str], *, launched: bool = False
    ) -> "History":
        """Read manifests until each owner's last complete run is among them: an own one, newest.

        No owner means all that a token sees. Checkpoints count: an interrupted run's archives are
        there like any other's. What does not hang on anything else is asked for at once. A run
        from before there were lists of what is kept, or of a program that does not know all kinds,
        is not the last one that is read, unless each archive that is there has been named.
        ``launched``: of this run, what its attempts wrote
        themselves goes before all else.
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
        left_out = LeftOut()
        for earlier in itertools.chain((run_id,), others):
            mine = earlier == run_id
            found = own.result() if mine else read_manifest(store, earlier)
            if found is None:
                continue
            try:
                manifest = Manifest.from_json(found.data)
            except ValueError as error:
                left_out.tell(found.key, error)
                continue
            if mine:
                history.mine = manifest
            history._add(manifest)
            if manifest.complete:
                covered = {owner.lower() for owner in manifest.owners} or {_EVERYBODY}
                counts = Counter(entry.owner.lower() for entry in manifest.entries.values())
                for owner in uncounted & covered:
                    history.listed |= counts if owner == _EVERYBODY else {owner: counts[owner]}
                uncounted -= covered
                names_all = manifest.kept is not None and not manifest.unknown_kinds
                if names_all or history._names_all(present):
                    missing -= covered
                if not missing:
                    break
        left_out.sum_up()
        return history._existing(store, present)

    def earlier(self, repository: Identity) -> Entry | None:
        """The newest entry of this repository whose archive still exists, if there is one."""
        return self.entries.get(repository)

    def beneath(self, key: str, repository: Identity, kind: str) -> ItemResult | None:
        """What lies under a key of this repository's, though it may not be its newest archive."""
        claim = self.claims.get(key)
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
        for claim in _claims(manifest):
            self.claims.setdefault(claim.key, claim)
        for claim in kept:
            if self.claims.setdefault(claim.key, claim) is claim:
                self.carried.add(claim.key)
        if not manifest.owners:
            self.owners |= {layout.owner_of(key) for key in self.claims}

    def _names_all(self, listed: Mapping[str, Future[dict[str, Stored]]]) -> bool:
        zips = {key for each in listed.values() for key in filter(layout.is_archive, each.result())}
        return zips <= self.claims.keys()

    def _existing(self, store: Store, listed: Mapping[str, Future[dict[str, Stored]]]) -> "History":
        """The same without archives that are gone, or that something else has replaced.

        Where there is something else its key still belongs to the same repository: it may be an
        archive of it of which nobody came to write down that it was uploaded.
        """
        present: dict[str, Stored] = {}
        for each in listed.values():
            present |= each.result()
        prefixes = {key.rpartition("/")[0] + "/" for key in self.claims}
        for prefix in sorted(prefixes):
            if not prefix.startswith(tuple(listed)):
                present |= store.objects(prefix)

        self.overlays = _highest(present)

        def kept(result: ItemResult) -> ItemResult:
            if not_in_place([result], present, settled=True):
                archive = result.archive
                if archive and archive.key in present:
                    self.superseded.setdefault(archive.key, result)
                return replace(result, archive=None, chain=None, refs_digest=None)
            return result

        self.damage |= read_damage(store, present)
        told: dict[str, str] = {}

        def undamaged(result: ItemResult) -> ItemResult:
            archive = result.archive
            if archive and (reason := self.damage.get(ArchiveId.of(archive))):
                told[archive.key] = f"{archive.key} was found damaged ({said(reason)})"
                self.superseded.setdefault(archive.key, result)
                return replace(result, archive=None, chain=None, refs_digest=None, unserved=None)
            return result

        for identity, entry in self.entries.items():
            results = {kind: undamaged(kept(result)) for kind, result in entry.results.items()}
            if any(results[kind] is not result for kind, result in entry.results.items()):
                self.entries[identity] = replace(entry, results=results)
        for key, claim in [*self.claims.items()]:
            result, had = undamaged(kept(claim.result)), claim.result.archive
            if key in self.carried and key in present and claim.result.archive:
                reported = _chain_document(claim.result) in self.damaged_chains
                if reported or result.archive is None:
                    mended = mend(store, claim.result, present)
                    result = mended.result or result
                    if mended.told:
                        told[key] = f"{key} {mended.told}"
                    if mended.document:
                        self.lists.append(mended.document)
            if key not in present:
                del self.claims[key]
            elif result is not claim.result:
                self.claims[key] = replace(claim, result=result)
            if key in self.carried and (key not in present or (had and result.archive is None)):
                self.lost.append(claim)
        self.damaged = [*told.values()]
        return self


def _highest(keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """Of the overlays among these keys the highest number, by base key and chain id."""
    found: dict[str, dict[str, int]] = {}
    for overlay in filter(None, map(layout.overlay_key, keys)):
        numbers = found.setdefault(overlay.base, {})
        numbers[overlay.chain] = max(numbers.get(overlay.chain, 0), overlay.number)
    return found


def _drilled(manifest: Manifest) -> Iterator[tuple[ArchiveId, str | None]]:
    """What the run's drill found: why an archive is damaged, or None of one that is good."""
    archives = [each for entry in manifest.all_entries.values() for each in entry.archives]
    by_key = {archive.key: archive for archive in archives}
    for each in manifest.drill.checked if manifest.drill else ():
        archive = by_key.get(each.key)
        if archive and each.good is not None:
            yield ArchiveId.of(archive), None if each.good else each.reason or "no reason given"


def _chain_document(result: ItemResult) -> str:
    """The key of the list of an archive's overlays, whether there is one or not."""
    archive = result.archive
    assert archive  # noqa: S101 - the caller has looked
    return layout.chain_document(archive.key, layout.chain_id(archive.sha256))


def _claims(manifest: Manifest) -> Iterator[OrphanedArchive]:
    """What the entries say of whose each archive is."""
    for item in manifest.items:
        if item.archive:
            entry, kept = item.entry, ItemResult("kept").keeping(item.result)
            yield OrphanedArchive(
                item.archive.key, entry.id, entry.owner, entry.name, item.kind, kept, entry.host
            )
