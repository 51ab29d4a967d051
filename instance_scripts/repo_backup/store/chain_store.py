"""The chain of overlays over an archive: how a run finds it at the destination and adds to it."""

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.runtime.errors import ConflictError, RepositoryError, TransientError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Blob, Store, Stored, Tagged
from repo_backup.store.chains import ChainListError, read_chain

_NO_VERSION = (None, "", "null")
"""The version id in a bucket without versioning, or with suspended versioning: a PUT replaces."""
Numbered = Mapping[int, Stored]
"""The listed overlays of one chain, by their number."""


@dataclass(frozen=True)
class StoredChain:
    """An archive and its readable overlays, up to the first that cannot be read.

    ``document`` lists them, except ``unlisted``: the last ones, which were stored and have no line
    yet. A manifest names the first ``named``. ``tag`` is the document's tag for ``write_if``.
    ``base_refs_digest`` is the digest of the base's own refs, from the manifest.
    ``base_replaced``: the archive may be an earlier version of its key, because something else may
    have replaced it. ``objects_damaged``: a report found that the binaries it refers to, or their
    list, are damaged. ``fault`` says why no overlay may follow; empty if one may.
    """

    archive: Archive
    base_refs_digest: str | None
    document: ChainDocument
    named: int
    tag: str | None = None
    unlisted: tuple[Stored, ...] = ()
    base_replaced: bool = False
    fault: str = ""
    objects_damaged: bool = False

    @property
    def links(self) -> int:
        """The number of stored overlays."""
        return len(self.document.links) + len(self.unlisted)

    @property
    def needs_base(self) -> bool:
        """Whether no overlay may follow, so that a new base must take in what can be read."""
        return self.base_replaced or bool(self.fault)

    @property
    def proven(self) -> int:
        """The number of overlays that a run has proven and recorded. They need no second check."""
        return 0 if self.needs_base else min(self.named, len(self.document.links))

    def first(self, links: int, fault: str) -> "StoredChain":
        """The chain with only the first ``links`` overlays; no other may follow. Pure."""
        listed = min(links, len(self.document.links))
        return replace(
            self,
            document=self.document.first(listed),
            unlisted=self.unlisted[: links - listed],
            fault=self.fault or fault,
        )


@dataclass(frozen=True)
class ChainState:
    """The overlays in place: the first ``listed`` of the document, then those ``unlisted``.

    ``reason`` says why the chain cannot grow; empty if it can.
    """

    reason: str = ""
    listed: int = 0
    unlisted: tuple[Stored, ...] = ()


def find_chain(store: Store, result: ItemResult) -> StoredChain:
    """The readable chain of a stored archive.

    Makes two requests, more if the document does not match the manifest. Raises what the store
    raises.
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
    document, wrong = _document(store, archive.key, identity, chain, tagged)
    named, tag = chain.links if chain else 0, tagged.tag if tagged else None
    lost = named if not document.links else 0
    state = judge_chain(document, there, lost, wrong)
    base = chain.base_refs_digest if chain else result.refs_digest
    usable = document.first(state.listed)
    return StoredChain(archive, base, usable, named, tag, state.unlisted, fault=state.reason)


def _document(
    store: Store, base_key: str, identity: str, chain: Chain | None, tagged: Tagged | None
) -> tuple[ChainDocument, str]:
    """The document that the manifest names, and what is wrong if there is none.

    An earlier version of the document is good enough. Without one, no overlay is listed. A store
    without versions cannot have one: there the overlays are proven again and the document is
    created from them.
    """
    found = empty = ChainDocument(base_key, identity)
    with contextlib.suppress(DamagedError):
        found = ChainDocument.from_bytes(tagged.data, base_key, identity) if tagged else empty
    if chain is None:  # nothing is lost: the next run writes it again
        return found, ""
    if found.first(chain.links).digest == chain.digest:
        return found, ""
    try:
        return read_chain(store, base_key, chain), ""
    except ChainListError as error:
        return empty, str(error) if store.capabilities.versions else ""


def keeps_versions(store: Store, archive: Archive) -> bool:
    """Whether an archive can still be read after another one has replaced it."""
    return store.capabilities.versions and archive.version_id not in _NO_VERSION


def judge_chain(
    document: ChainDocument, there: Numbered, lost: int = 0, wrong: str = ""
) -> ChainState:
    """Compare the overlays that are stored (``there``) with the document. Pure.

    A run stores an overlay, lists it, then names it in its manifest, and may be killed in between.
    So one overlay more may be stored than is listed, if it is the next. ``lost`` is the number of
    overlays that a manifest names but that have no line any more; they must be stored too.
    ``wrong`` says why the chain cannot grow in any case.
    """
    fault, listed = "", 0
    for number, link in enumerate(document.links, 1):
        if fault := _out_of_place(link, there.get(number)):
            break
        listed = number
    if fault:
        return ChainState(wrong or fault, listed)
    following = [*itertools.takewhile(there.__contains__, itertools.count(listed + 1))]
    following = following[: lost + 1]
    stray = sorted(number for number in there if number > listed and number not in following)
    if len(following) < lost:
        missing = listed + len(following) + 1
        fault = f"{layout.overlay(document.base_key, document.id, missing)} is not there"
    elif stray:
        key = layout.overlay(document.base_key, document.id, stray[-1])
        fault = f"{key} is an overlay that no run listed"
    elif max([listed, *following]) >= layout.MOST_LINKS:
        fault = f"{document.key} has no room for another overlay"
    return ChainState(wrong or fault, listed, tuple(there[number] for number in following))


def _out_of_place(link: Link, stored: Stored | None) -> str:
    if stored is None:
        return f"{link.key} is not there"
    if stored.bytes != link.bytes:
        return f"{link.key} has {stored.bytes} bytes, not {link.bytes}"
    if link.etag and stored.etag and stored.etag != link.etag:
        return f"{link.key} was replaced by an object that no run recorded"
    return ""


@dataclass(frozen=True)
class Overlay:
    """The next overlay; ``refs_digest`` and ``refs`` describe the refs that it ends with."""

    archive: Blob
    sha256: str
    run_id: str
    refs_digest: str
    refs: int


def put_overlay(
    store: Store, retry_policy: RetryPolicy, chain: StoredChain, overlay: Overlay
) -> ChainDocument:
    """Store an overlay, then list it. Returns the document, which ends with it.

    Raises RepositoryError, also if another writer got in between.
    """
    document = chain.document
    key = document.next_key
    try:
        stored = retry_policy.call(lambda: store.put_archive(key, overlay.archive, new=True))
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
        retry_policy.call(lambda: _write(store, longer, chain.tag))
    except (ConflictError, TransientError) as error:
        raise RepositoryError(str(error)) from error
    return longer


def with_listed(chain: StoredChain, links: Sequence[Link]) -> StoredChain:
    """The chain with lines for its unlisted overlays; no stored document has them yet. Pure."""
    document = chain.document
    for link in links:
        document = document.with_link(link)
    return replace(chain, document=document, unlisted=())


def _write(store: Store, document: ChainDocument, tag: str | None) -> None:
    data = document.to_bytes()
    try:
        store.write_if(document.key, data, tag)
    except ConflictError:
        # The response to an earlier try may have been lost: then this document is stored.
        if store.read(document.key) != data:
            raise
