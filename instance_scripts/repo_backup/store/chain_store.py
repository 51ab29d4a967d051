"""The chain of overlays over an archive, as a run finds it at the destination and as it grows."""

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.runtime.errors import ConflictError, RepositoryError, TransientError
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Blob, Store, Stored, Tagged
from repo_backup.store.chains import ChainListError, read_chain

_NO_VERSION = (None, "", "null")
"""Of a bucket without versions, or one whose versioning is suspended: what is put replaces."""
Numbered = Mapping[int, Stored]
"""The overlays of one chain as a listing has them, by their number."""


@dataclass(frozen=True)
class StoredChain:
    """An archive and the overlays over it that can be read, from the first on.

    ``document`` lists them but for ``unlisted``, the last ones, which were put and which no line
    describes. A manifest names the first ``named``. ``tag`` is the document's for ``write_if``,
    ``base_refs_digest`` what the manifest says of the base alone. ``base_replaced``: something
    else may have taken the archive's place, of which this is an earlier version then.
    ``fault`` says why no overlay may follow, empty if one may.
    """

    archive: Archive
    base_refs_digest: str | None
    document: ChainDocument
    named: int
    tag: str | None = None
    unlisted: tuple[Stored, ...] = ()
    base_replaced: bool = False
    fault: str = ""

    @property
    def links(self) -> int:
        """How many overlays lie there."""
        return len(self.document.links) + len(self.unlisted)

    @property
    def needs_base(self) -> bool:
        """Whether what can be read of it goes into a new base, whatever else there is."""
        return self.base_replaced or bool(self.fault)

    @property
    def proven(self) -> int:
        """How many overlays need no second look: a run proved them, and wrote them down."""
        return 0 if self.needs_base else min(self.named, len(self.document.links))

    def first(self, links: int, fault: str) -> "StoredChain":
        """The same without the overlays behind the first ``links``: no other may follow. Pure."""
        listed = min(links, len(self.document.links))
        return replace(
            self,
            document=self.document.first(listed),
            unlisted=self.unlisted[: links - listed],
            fault=self.fault or fault,
        )


@dataclass(frozen=True)
class ChainState:
    """What of a chain is in place: ``listed`` overlays of its document, then those ``unlisted``.

    ``reason`` says why it cannot grow, empty if it can.
    """

    reason: str = ""
    listed: int = 0
    unlisted: tuple[Stored, ...] = ()


def find_chain(store: Store, result: ItemResult) -> StoredChain:
    """The chain of an archive that is there, as far as it can be read.

    Two requests, more where the document is not what the manifest says. Raises what the store
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
    """The document as the manifest says that it is, and what is wrong with it if it is not.

    An earlier version will do. Without one nothing is listed; a store that keeps only the latest
    cannot have one, and there the list is made anew of the overlays, which are proven one by one.
    """
    found = empty = ChainDocument(base_key, identity)
    with contextlib.suppress(DamagedError):
        found = ChainDocument.from_bytes(tagged.data, base_key, identity) if tagged else empty
    if chain is None:  # nothing is lost: the next run writes it anew
        return found, ""
    if found.first(chain.links).digest == chain.digest:
        return found, ""
    try:
        return read_chain(store, base_key, chain), ""
    except ChainListError as error:
        return empty, str(error) if store.capabilities.versions else ""


def keeps_versions(store: Store, archive: Archive) -> bool:
    """Whether an archive can still be read when another one has taken its place."""
    return store.capabilities.versions and archive.version_id not in _NO_VERSION


def judge_chain(
    document: ChainDocument, there: Numbered, lost: int = 0, wrong: str = ""
) -> ChainState:
    """Whether what lies there is what is listed, and nothing else. Pure.

    A run puts an overlay, lists it, and names it in its manifest; it may be killed in between. So
    one overlay may be there that is not listed, if it is the next. ``lost`` are the overlays that a
    manifest names while no line describes them any more: they must be there as well. ``wrong``
    says why the chain cannot grow in any case.
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


def with_listed(chain: StoredChain, links: Sequence[Link]) -> StoredChain:
    """The chain with lines for its unlisted overlays, which are in no document yet. Pure."""
    document = chain.document
    for link in links:
        document = document.with_link(link)
    return replace(chain, document=document, unlisted=())


def _write(store: Store, document: ChainDocument, tag: str | None) -> None:
    data = document.to_bytes()
    try:
        store.write_if(document.key, data, tag)
    except ConflictError:
        # An answer may have got lost: then this very document is there.
        if store.read(document.key) != data:
            raise
