"""What became other between two runs: repositories, sizes, and, which is read, refs and items."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Item, ItemResult, Manifest
from backup_contract.documents.parts.entries import Identity
from backup_contract.kinds import DATA
from repo_backup.archive.stored_zip import open_stored
from repo_backup.git.protocol.advertisement import decode, packed_refs
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.restore.data.item_changes import ItemChanges, item_changes
from repo_backup.restore.data.stored_documents import StoredDocuments, open_documents
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.chains import ChainListError, read_chain

ADDED, GONE, CHANGED, RENAMED = "added", "gone", "changed", "renamed"
_HEAD = "HEAD"


@dataclass(frozen=True)
class RefChanges:
    """Refs by name with their object ids: new ones, those that are gone, and ids before and after.

    HEAD is among them with the name of its branch.
    """

    added: Mapping[str, str]
    gone: Mapping[str, str]
    changed: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Difference:
    """One item of a repository that is not the same in both runs; None where a run has it not.

    ``refs``, or ``items`` of project data, are None where they were not asked for, or where they
    cannot be read: ``unread`` says why.
    """

    change: str
    before: Item | None
    after: Item | None
    refs: RefChanges | None = None
    items: ItemChanges | None = None
    unread: str | None = None

    @property
    def item(self) -> Item:
        """As the later run has it that has it at all."""
        found = self.after or self.before
        assert found  # noqa: S101 - one of the two is there
        return found


def differences(before: Manifest, after: Manifest) -> list[Difference]:
    """What is other, by name. Pure.

    Repositories are the same by their id. One whose refs are the same did not change, though it may
    have been stored anew.
    """
    first, second = _saved(before), _saved(after)
    found = []
    for identity in first.keys() | second.keys():
        one, other = first.get(identity), second.get(identity)
        if change := _change(one, other):
            found.append(Difference(change, one, other))
    return sorted(found, key=lambda each: each.item.name.lower())


def with_contents(store: Store, found: list[Difference], connections: int) -> Iterator[Difference]:
    """The same with the refs of what changed, or the items of project data.

    They are read by range from the archives of both runs.
    """

    def read(each: Difference) -> Difference:
        if each.change != CHANGED or each.before is None or each.after is None:
            return each
        try:
            if each.item.kind == DATA:
                states = (_documents(store, item) for item in (each.before, each.after))
                return replace(each, items=item_changes(*states))
            one, other = (_refs(store, item.result) for item in (each.before, each.after))
        except RepositoryError as error:
            return replace(each, unread=str(error))
        return replace(each, refs=ref_changes(one, other))

    with ThreadPoolExecutor(connections) as pool:
        yield from pool.map(read, found)


def ref_changes(before: Mapping[str, str], after: Mapping[str, str]) -> RefChanges:
    """What became of each ref. Pure."""
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
    """What a run listed and has: an archive, or the knowledge that there is nothing to store."""
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
    if _fingerprint(before.result) != _fingerprint(after.result):
        return CHANGED
    return None if before.name == after.name else RENAMED


def _fingerprint(result: ItemResult) -> str | None:
    if result.archive is None:
        return None
    return result.refs_digest or result.archive.sha256


def _documents(store: Store, item: Item) -> StoredDocuments:
    archive = item.result.archive
    if archive is None:
        raise RepositoryError(f"{item.name} has no archive")
    version_id = archive.version_id
    found = ArchiveRef(item.name, archive.key, version_id, item.result, kind=item.kind)
    documents = open_documents(store, found)
    if documents.fault:
        raise RepositoryError(documents.fault)
    return documents


def _refs(store: Store, result: ItemResult) -> dict[str, str]:
    """All refs and HEAD of an archive, from its newest file. Raises RepositoryError."""
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
    opened = open_stored(store, key, size, version_id)
    top = opened.names[0].partition("/")[0] if opened.names else ""
    names = (f"{top}/packed-refs", f"{top}/HEAD")
    if not set(names) <= set(opened.names):
        raise RepositoryError(f"{key} holds no refs")
    refs, head = (opened.read(name) for name in names)
    return {_HEAD: decode(head.rstrip(b"\n")).removeprefix("ref: "), **packed_refs(refs)}
