"""The chain of overlays over an archive, as a run finds it at the destination and as it grows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.runtime.errors import ConflictError, RepositoryError, TransientError
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Blob, Store, Stored
from repo_backup.store.chains import ChainListError

_NO_VERSION = (None, "", "null")
"""Of a bucket without versions, or one whose versioning is suspended: what is put replaces."""
Numbered = Mapping[int, Stored]
"""The overlays of one chain as a listing has them, by their number."""


@dataclass(frozen=True)
class StoredChain:
    """An archive and the overlays over it, all of them where they should be.

    ``document`` lists them but for ``unlisted``, the last, if that was put and never listed. A
    manifest names the first ``named``. ``tag`` is the document's for ``write_if``,
    ``base_refs_digest`` what the manifest says of the base alone. ``base_replaced``: something
    else has taken the archive's place, of which this is an earlier version.
    """

    archive: Archive
    base_refs_digest: str | None
    document: ChainDocument
    named: int
    tag: str | None = None
    unlisted: Stored | None = None
    base_replaced: bool = False

    @property
    def links(self) -> int:
        """How many overlays lie there."""
        return len(self.document.links) + (self.unlisted is not None)


@dataclass(frozen=True)
class ChainState:
    """Whether a chain can grow; ``reason`` why not, empty if it can."""

    reason: str = ""
    unlisted: Stored | None = None


def find_chain(store: Store, result: ItemResult) -> StoredChain:
    """The chain of an archive that is there. Raises ChainListError if it cannot grow.

    Two requests. Raises what the store raises.
    """
    archive, chain = result.archive, result.chain
    assert archive  # noqa: S101 - the caller has looked
    identity = layout.chain_id(archive.sha256)
    listed = store.objects(layout.overlays_of(archive.key).removesuffix("*"))
    found = {key: layout.overlay_key(key) for key in listed}
    there = {
        overlay.number: listed[key]
        for key, overlay in found.items()
        if overlay and (overlay.base, overlay.chain) == (archive.key, identity)
    }
    name = layout.chain_document(archive.key, identity)
    tagged = store.read_tagged(name) if name in listed else None
    document = ChainDocument(archive.key, identity)
    if tagged:
        try:
            document = ChainDocument.from_bytes(tagged.data, archive.key, identity)
        except DamagedError as error:
            raise ChainListError(str(error)) from error
    state = judge_chain(document, chain, there)
    if state.reason:
        raise ChainListError(state.reason)
    named, tag = chain.links if chain else 0, tagged.tag if tagged else None
    base = chain.base_refs_digest if chain else result.refs_digest
    return StoredChain(archive, base, document, named, tag, state.unlisted)


def keeps_versions(store: Store, archive: Archive) -> bool:
    """Whether an archive can still be read when another one has taken its place."""
    return store.capabilities.versions and archive.version_id not in _NO_VERSION


def judge_chain(document: ChainDocument, chain: Chain | None, there: Numbered) -> ChainState:
    """Whether what lies there is what is listed, and what is listed is what is named. Pure.

    A run puts an overlay, lists it, and names it in its manifest; it may be killed in between. So
    one overlay may be there that is not listed, if it is the next, and any number of listed ones
    that no manifest names.
    """
    listed = len(document.links)
    if chain and listed < chain.links:
        return ChainState(f"{document.key} lists {listed} of {chain.links} overlays")
    if chain and document.first(chain.links).digest != chain.digest:
        return ChainState(f"{document.key} is not what the manifest says")
    for number, link in enumerate(document.links, 1):
        if reason := _out_of_place(link, there.get(number)):
            return ChainState(reason)
    further = sorted(number for number in there if number > listed)
    if further and further != [listed + 1]:
        key = layout.overlay(document.base_key, document.id, further[-1])
        return ChainState(f"{key} is an overlay that no run listed")
    if max([listed, *further]) >= layout.MOST_LINKS:
        return ChainState(f"{document.key} has no room for another overlay")
    return ChainState(unlisted=there[further[0]] if further else None)


def _out_of_place(link: Link, stored: Stored | None) -> str:
    if stored is None:
        return f"{link.key} is not there"
    if stored.bytes != link.bytes:
        return f"{link.key} has {stored.bytes} bytes, not {link.bytes}"
    if link.etag and stored.etag and stored.etag != link.etag:
        return f"{link.key} was replaced by something that no run wrote down"
    return ""


@dataclass(frozen=True)
class Overlay:
    """An overlay that goes next; ``refs_digest`` and ``refs`` tell what it ends with."""

    archive: Blob
    sha256: str
    run_id: str
    refs_digest: str
    refs: int


def put_overlay(
    store: Store, patience: Patience, chain: StoredChain, overlay: Overlay
) -> ChainDocument:
    """Put an overlay, then list it; the document with it as the last.

    Raises RepositoryError, also when somebody else wrote there meanwhile.
    """
    document = chain.document
    key = document.next_key
    try:
        stored = patience.call(lambda: store.put_archive(key, overlay.archive, new=True))
        link = Link(
            key,
            overlay.archive.size,
            overlay.sha256,
            overlay.run_id,
            overlay.refs_digest,
            overlay.refs,
            stored.version_id,
            stored.etag,
            stored.checksum,
        )
        longer = document.with_link(link)
        patience.call(lambda: _write(store, longer, chain.tag))
    except (ConflictError, TransientError) as error:
        raise RepositoryError(str(error)) from error
    return longer


def with_listed(chain: StoredChain, link: Link) -> StoredChain:
    """The chain with the line for its unlisted overlay, which is in no document yet. Pure."""
    return replace(chain, document=chain.document.with_link(link), unlisted=None)


def _write(store: Store, document: ChainDocument, tag: str | None) -> None:
    data = document.to_bytes()
    try:
        store.write_if(document.key, data, tag)
    except ConflictError:
        # An answer may have got lost: then this very document is there.
        if store.read(document.key) != data:
            raise
