"""What earlier runs left: for each repository the newest archive that still exists."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

from repo_backup import layout
from repo_backup.concurrency import in_background
from repo_backup.manifest import Archive, Entry, Manifest, Part
from repo_backup.store import Store, Stored

_EVERYBODY = "*"
log = logging.getLogger(__name__)


@dataclass
class History:
    """Earlier entries by repository id, newest manifest first.

    ``listed`` is how many repositories each owner had in the last complete run. ``mine`` is the
    checkpoint of an earlier attempt of this run.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    names: dict[str, Entry] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    mine: Manifest | None = None

    @classmethod
    def load(cls, store: Store, run_id: str, owners: Collection[str]) -> "History":
        """Read manifests until each owner's last complete run is among them: an own one, newest.

        No owner means all that a token sees. Checkpoints count: an interrupted run's archives are
        there like any other's. What does not hang on anything else is asked for at once.
        """
        history, missing = cls(), {owner.lower() for owner in owners} or {_EVERYBODY}
        own = in_background(lambda: store.read(layout.manifest(run_id)), "own manifest")
        present = {
            prefix: in_background(partial(store.objects, prefix), "archives")
            for prefix in map(layout.archives_of, owners)
        }
        others = [each for each in store.run_ids() if each != run_id]
        for earlier in (run_id, *others):
            if not missing:
                break
            mine = earlier == run_id
            data = own.result() if mine else store.read(layout.manifest(earlier))
            if data is None:
                continue
            try:
                manifest = Manifest.from_json(data)
            except ValueError:
                log.warning("unreadable manifest left out", extra={"run_id": earlier})
                continue
            if mine:
                history.mine = manifest
            history._add(manifest)
            if manifest.complete:
                covered = {owner.lower() for owner in manifest.owners} or {_EVERYBODY}
                counts = Counter(entry.owner.lower() for entry in manifest.entries.values())
                for owner in missing & covered:
                    history.listed |= counts if owner == _EVERYBODY else {owner: counts[owner]}
                missing -= covered
        return history._existing(store, present)

    def earlier(self, repository_id: int) -> Entry | None:
        """The newest entry of this repository whose archive still exists, if there is one."""
        return self.entries.get(repository_id)

    def _add(self, manifest: Manifest) -> None:
        for entry in manifest.entries.values():
            known = self.entries.setdefault(entry.id, entry)
            if known.part.archive is None and entry.part.archive:
                known = replace(known, part=entry.part)
            if (known.wiki is None or known.wiki.archive is None) and entry.wiki:
                known = replace(known, wiki=entry.wiki)
            self.entries[entry.id] = known
            self.names.setdefault(entry.full_name.lower(), entry)

    def _existing(self, store: Store, listed: Mapping[str, Future[dict[str, Stored]]]) -> "History":
        """The same without archives that are gone, or that something else has replaced."""
        keys = [archive.key for entry in self.entries.values() for archive in entry.archives]
        present: dict[str, Stored] = {}
        for prefix in sorted({key.rpartition("/")[0] + "/" for key in keys}):
            present |= listed[prefix].result() if prefix in listed else store.objects(prefix)

        def kept(part: Part | None) -> Part | None:
            if part and part.archive and not _is(part.archive, present.get(part.archive.key)):
                return replace(part, archive=None, refs_digest=None)
            return part

        for number, entry in self.entries.items():
            part = kept(entry.part)
            assert part  # noqa: S101 - kept returns a part for a part
            self.entries[number] = replace(entry, part=part, wiki=kept(entry.wiki))
        return self


def _is(archive: Archive, stored: Stored | None) -> bool:
    """Whether the object under the archive's key is that archive still."""
    if stored is None or stored.bytes != archive.bytes:
        return False
    return archive.etag is None or stored.etag is None or stored.etag == archive.etag
