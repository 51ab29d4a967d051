"""Decides what to keep of a retained archive and its overlays after they have changed.

No run can fetch such an archive again, because GitHub no longer lists its repository.
"""

import hashlib
import itertools
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link, chain_of
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.object_list import ObjectListRef, object_lines
from repo_backup.kinds.base import Referring
from repo_backup.kinds.data.data_archive import download
from repo_backup.kinds.registry import kind_named
from repo_backup.runtime.budgets import available_memory_bytes
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.store.base import Store, Stored
from repo_backup.store.chains import (
    MOST_VERSIONS,
    ChainListError,
    current_of,
    first_links,
    read_chain,
    versions_of,
)
from repo_backup.store.inventory import links_in_place, not_in_place
from repo_backup.store.object_lists import object_list_key

_BLOCK_BYTES = 1024 * 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repaired:
    """What is kept of an archive: ``result``, or None if nothing matches the record.

    ``message`` says what was lost or repaired. ``document`` is the list of overlays, if it must be
    written again.
    """

    result: ItemResult | None
    message: str = ""
    document: ChainDocument | None = None


def repair(store: Store, recorded: ItemResult, present: Mapping[str, Stored]) -> Repaired:
    """Read all bytes of a stored archive and its overlays, and decide what can be kept.

    ``present`` are the destination's objects by key.
    """
    archive = recorded.archive
    same = _the_same(store, recorded, present[archive.key]) if archive else None
    if same is None or archive is None or same.chain is None:
        return Repaired(same)
    try:
        document = read_chain(store, archive.key, same.chain)
    except ChainListError as error:
        log.warning("the overlays of a kept archive are not known: %s", error)
        return _listed_anew(store, same, same.chain, present)
    except RepositoryError as error:  # this does not mean damage: a later run may read them
        log.warning("the overlays of a kept archive cannot be read: %s", error)
        return Repaired(same)
    links = document.links[: links_in_place(archive, same.chain, present)]
    whole = itertools.takewhile(lambda link: _sha256(store, link.key) == link.sha256, links)
    count = sum(1 for _ in whole)
    message = "" if count == same.chain.links else _shorter(count)
    document = document.first(count)
    if not count or _is_there(store, document):
        return Repaired(first_links(same, document, count), message)
    message = (
        message or f"is kept with its overlays: {document.key} was damaged, and is written anew"
    )
    return Repaired(first_links(same, document, count), message, document)


@dataclass(frozen=True)
class Relisted:
    """A retained archive whose list of binaries was missing or damaged, as it is kept now.

    ``data`` is the list, if it must be written again. ``message`` says from what, or why it cannot
    be; empty if the list is as recorded.
    """

    result: ItemResult
    message: str = ""
    data: bytes = b""


def lists_not_in_place(
    results: Iterable[ItemResult], present: Mapping[str, Stored]
) -> Iterator[str]:
    """The keys of the lists of binaries that are missing or shorter than recorded. Pure.

    ``present`` are the destination's objects by key.
    """
    for each in results:
        key = object_list_key(each) if each.object_list else None
        if key and each.object_list:
            stored = present.get(key)
            if stored is None or stored.bytes < each.object_list.length:
                yield key


def relist(store: Store, kind_name: str, recorded: ItemResult, kept: ItemResult) -> Relisted:
    """Find the list of binaries of a stored archive in what its record proves.

    That is an earlier version of the list, or else the archive and its overlays. ``kept`` is the
    record after :func:`repair`: it may name fewer overlays.
    """
    key, ref = object_list_key(kept), recorded.object_list
    if key is None or ref is None:
        return Relisted(kept)
    if any(isinstance(data, bytes) and ref.confirms(data) for data in current_of(store, key)):
        return Relisted(kept)
    fault = f"{key} was missing or damaged"
    for data in itertools.islice(versions_of(store, key), MOST_VERSIONS):
        if isinstance(data, bytes) and ref.confirms(data):
            message = f"{fault}: an earlier version of it is written again"
            return Relisted(kept, message, data[: ref.length])
    try:
        lines = object_lines(_referred(store, kind_name, kept))
    except (RepositoryError, OSError) as error:
        return Relisted(kept, f"{fault}, and cannot be written again: {error}")
    message = f"{fault}: it is written again from its archives"
    return Relisted(replace(kept, object_list=ObjectListRef.of(lines)), message, lines)


def _referred(store: Store, kind_name: str, kept: ItemResult) -> dict[str, int]:
    """The sizes by SHA-256 (hex) of the binaries to which an archive and its overlays refer.

    The overlays count if the whole has the contents that the record names. Raises RepositoryError.
    """
    kind, archive, stop = kind_named(kind_name), kept.archive, CancellationToken()
    assert archive  # noqa: S101 - the caller has looked
    if not isinstance(kind, Referring):
        raise RepositoryError(f"archives of the kind {kind_name} refer to no objects")
    with scratch_directory() as room:
        with tempfile.TemporaryFile(dir=room) as file:
            download(store, archive.key, archive.version_id, archive.sha256, file)
            unpacked = kind.unpack(file, room)
        for key, version_id in _overlays(store, archive.key, kept.chain):
            with tempfile.TemporaryFile(dir=room) as file:
                download(store, key, version_id, None, file)
                kind.lay_over(file, unpacked)
        kind.check(unpacked, kept, available_memory_bytes(), stop, same_bytes=False)
        return dict(kind.objects(unpacked))


def _overlays(store: Store, base_key: str, chain: Chain | None) -> Iterator[tuple[str, str | None]]:
    """Key and version id of each overlay; without their list, what is there now."""
    if chain is None:
        return
    try:
        yield from (
            (link.key, link.version_id) for link in read_chain(store, base_key, chain).links
        )
    except ChainListError:
        for number in range(1, chain.links + 1):
            yield layout.overlay(base_key, chain.id, number), None


def _shorter(count: int) -> str:
    left = f"{count} can be read" if count else "none can be read"
    return f"is kept without all of its overlays: {left}"


def _the_same(store: Store, part: ItemResult, stored: Stored) -> ItemResult | None:
    """The archive, if its bytes match the record. ETags may differ in a copied bucket."""
    archive = part.archive
    if archive is None or archive.bytes != stored.bytes:
        return None
    if _sha256(store, archive.key) != archive.sha256:
        return None
    return replace(part, archive=replace(archive, etag=stored.etag, version_id=None))


def _is_there(store: Store, document: ChainDocument) -> bool:
    """Whether the stored list begins with these lines."""
    try:
        return (store.read(document.key) or b"").startswith(document.to_bytes())
    except DamagedError:
        return False


def _listed_anew(
    store: Store, part: ItemResult, chain: Chain, present: Mapping[str, Stored]
) -> Repaired:
    """The archive with overlays whose list is lost, if all are stored with the recorded sizes.

    Their hashes are computed from the stored bytes; the restore drill has git check the whole.
    """
    archive = part.archive
    assert archive  # noqa: S101 - the caller has looked
    document = ChainDocument(archive.key, chain.id)
    if not_in_place([part], present, settled=True):
        return Repaired(first_links(part, document, 0), _shorter(0))
    for number in range(1, chain.links + 1):
        key = layout.overlay(archive.key, chain.id, number)
        sha256 = _sha256(store, key)
        if sha256 is None:
            return Repaired(part)
        stored = present[key]
        link = Link(key, stored.bytes, sha256, chain.run_id, None, 0, etag=stored.etag)
        if number == chain.links:
            link = replace(link, refs_digest=part.refs_digest, refs=part.refs)
        document = document.with_link(link)
    named = chain_of(document, chain.base_refs_digest, chain.base_refs)
    message = f"is kept with its overlays: {document.key} was lost, and is created again from them"
    return Repaired(replace(part, chain=named), message, document)


def _sha256(store: Store, key: str) -> str | None:
    """The SHA-256 of a stored object (hex); None if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with store.open(key) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except RepositoryError as error:
        log.warning("a kept archive cannot be read", extra={"key": key, "why": str(error)})
        return None
    return digest.hexdigest()
