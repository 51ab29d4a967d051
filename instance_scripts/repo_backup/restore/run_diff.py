"""Compares two runs: repositories, sizes and, if they are read, refs and items."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Item, ItemResult, Manifest
from backup_contract.documents.parts.entries import Identity
from backup_contract.kinds import DATA, GIST, GIT, LFS, WIKI
from repo_backup.archive.stored_zip import open_stored
from repo_backup.git.protocol.advertisement import decode, packed_refs
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.restore.data.item_changes import ItemChanges, item_changes
from repo_backup.restore.data.stored_documents import StoredDocuments, open_documents
from repo_backup.restore.points_in_time import newest_archives
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.chains import ChainListError, read_chain

ADDED, GONE, CHANGED, RENAMED = "added", "gone", "changed", "renamed"
_HEAD = "HEAD"
_WITH_REFS = (GIT, WIKI, GIST)


@dataclass(frozen=True)
class RefChanges:
    """Refs with their object ids: new ones, deleted ones, and pairs of changed ones.

    HEAD is included, with the name of its branch.
    """

    added: Mapping[str, str]
    gone: Mapping[str, str]
    changed: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Difference:
    """An item that differs between two runs; None in a run that does not have it.

    ``refs``, or ``items`` for project data, are None if they were not requested or cannot be read;
    ``unread`` says why.
    """

    change: str
    before: Item | None
    after: Item | None
    refs: RefChanges | None = None
    items: ItemChanges | None = None
    unread: str | None = None

    @property
    def item(self) -> Item:
        """The item in the later run, or else in the earlier one."""
        found = self.after or self.before
        assert found  # noqa: S101 - one of the two is there
        return found


def differences(before: Manifest, after: Manifest) -> list[Difference]:
    """The items that differ, by name. Pure.

    Repositories are identified by id. One with the same refs did not change, even if it was stored
    again.
    """
    first, second = _saved(before), _saved(after)
    found = []
    for identity in first.keys() | second.keys():
        one, other = first.get(identity), second.get(identity)
        if change := _change(one, other):
            found.append(Difference(change, one, other))
    return sorted(found, key=lambda each: each.item.name.lower())


def with_contents(store: Store, found: list[Difference], connections: int) -> Iterator[Difference]:
    """Add the changes of refs, or of the items of project data.

    They are read by range requests from the archives of both runs.
    """

    now = newest_archives(store)

    def read(each: Difference) -> Difference:
        if each.change != CHANGED or each.before is None or each.after is None:
            return each
        if each.item.kind not in (*_WITH_REFS, DATA):
            return each
        try:
            if each.item.kind == DATA:
                states = (_documents(store, item, now) for item in (each.before, each.after))
                return replace(each, items=item_changes(*states))
            one, other = (_refs(store, item.result, now) for item in (each.before, each.after))
        except RepositoryError as error:
            return replace(each, unread=str(error))
        return replace(each, refs=ref_changes(one, other))

    with ThreadPoolExecutor(connections) as pool:
        yield from pool.map(read, found)


def ref_changes(before: Mapping[str, str], after: Mapping[str, str]) -> RefChanges:
    """Compare refs by name. Pure."""
    return RefChanges(
        {name: after[name] for name in sorted(after.keys() - before.keys())},
        {name: before[name] for name in sorted(before.keys() - after.keys())},
        {
            name: (before[name], after[name])
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        },
    )


def _saved(manifest: Manifest) -> dict[tuple[Identity, str], Item]:
    """The items that a run listed and saved, including empty ones that need no archive."""
    return {
        (item.entry.identity, item.kind): item
        for item in manifest.items
        if item.archive or item.state == "empty"
    }


def _change(before: Item | None, after: Item | None) -> str | None:
    if before is None:
        return ADDED
    if after is None:
        return GONE
    if _fingerprint(before) != _fingerprint(after):
        return CHANGED
    return None if before.name == after.name else RENAMED


def _fingerprint(item: Item) -> str | None:
    result = item.result
    if result.archive is None:
        return None
    if item.kind == LFS:  # its digest is that of the refs which it was searched for
        return result.archive.sha256
    return result.refs_digest or result.archive.sha256


def _check_kept(store: Store, archive: Archive, now: Mapping[str, str]) -> None:
    """Raise RepositoryError where a later archive (``now``) took the key and no version is left."""
    if now.get(archive.key, archive.sha256) == archive.sha256:
        return
    if archive.version_id is None or archive.version_id not in {
        version.id for version in store.versions(archive.key)
    }:
        raise RepositoryError(
            f"a later run replaced {archive.key}, and the destination has that version no more"
        )


def _documents(store: Store, item: Item, now: Mapping[str, str]) -> StoredDocuments:
    archive = item.result.archive
    if archive is None:
        raise RepositoryError(f"{item.name} has no archive")
    _check_kept(store, archive, now)
    version_id = archive.version_id
    found = ArchiveRef(item.name, archive.key, version_id, item.result, kind=item.kind)
    documents = open_documents(store, found)
    if documents.fault:
        raise RepositoryError(documents.fault)
    return documents


def _refs(store: Store, result: ItemResult, now: Mapping[str, str]) -> dict[str, str]:
    """The refs and HEAD of an archive, from its newest file. Raises RepositoryError."""
    archive, chain = result.archive, result.chain
    if archive is None:
        return {}
    key, size, version_id = archive.key, archive.bytes, archive.version_id
    if chain:
        key, size = layout.overlay(archive.key, chain.id, chain.links), chain.last_bytes
        try:
            version_id = read_chain(store, archive.key, chain).links[-1].version_id
        except ChainListError:
            version_id = None
    else:
        _check_kept(store, archive, now)
    opened = open_stored(store, key, size, version_id)
    top = opened.names[0].partition("/")[0] if opened.names else ""
    names = (f"{top}/packed-refs", f"{top}/HEAD")
    if not set(names) <= set(opened.names):
        raise RepositoryError(f"{key} contains no refs")
    refs, head = (opened.read(name) for name in names)
    return {_HEAD: decode(head.rstrip(b"\n")).removeprefix("ref: "), **packed_refs(refs)}
