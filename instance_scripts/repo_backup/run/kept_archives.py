"""A kept archive, and its overlays, that are not as they were: what of them is kept from now on.

Nothing fetches such an archive again, as GitHub does not list its repository any more.
"""

import hashlib
import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link, chain_of
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store, Stored
from repo_backup.store.chains import ChainListError, first_links, read_chain
from repo_backup.store.inventory import links_in_place, not_in_place

_BLOCK_BYTES = 1024 * 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mended:
    """``result`` is what is kept, None if nothing of it is what was recorded.

    ``told`` says once what is lost or was repaired, and ``document`` is the list of overlays where
    that is to be written anew.
    """

    result: ItemResult | None
    told: str = ""
    document: ChainDocument | None = None


def mend(store: Store, recorded: ItemResult, present: Mapping[str, Stored]) -> Mended:
    """What can be kept of an archive that is there: all bytes are read.

    ``present`` are the destination's objects by key.
    """
    archive = recorded.archive
    same = _the_same(store, recorded, present[archive.key]) if archive else None
    if same is None or archive is None or same.chain is None:
        return Mended(same)
    try:
        document = read_chain(store, archive.key, same.chain)
    except ChainListError as error:
        log.warning("the overlays of a kept archive are not known: %s", error)
        return _listed_anew(store, same, same.chain, present)
    except RepositoryError as error:  # which says nothing of it: a later run may know
        log.warning("the overlays of a kept archive cannot be read: %s", error)
        return Mended(same)
    links = document.links[: links_in_place(archive, same.chain, present)]
    whole = itertools.takewhile(lambda link: _sha256(store, link.key) == link.sha256, links)
    count = sum(1 for _ in whole)
    told = "" if count == same.chain.links else _shorter(count)
    document = document.first(count)
    if not count or _is_there(store, document):
        return Mended(first_links(same, document, count), told)
    told = told or f"is kept with its overlays: {document.key} was damaged, and is written anew"
    return Mended(first_links(same, document, count), told, document)


def _shorter(count: int) -> str:
    left = f"{count} can be read" if count else "none can be read"
    return f"is kept without all of its overlays: {left}"


def _the_same(store: Store, part: ItemResult, stored: Stored) -> ItemResult | None:
    """The archive, if it is that to the byte: in a bucket that was copied ETags may be others."""
    archive = part.archive
    if archive is None or archive.bytes != stored.bytes:
        return None
    if _sha256(store, archive.key) != archive.sha256:
        return None
    return replace(part, archive=replace(archive, etag=stored.etag, version_id=None))


def _is_there(store: Store, document: ChainDocument) -> bool:
    """Whether the list begins with these lines."""
    try:
        return (store.read(document.key) or b"").startswith(document.to_bytes())
    except DamagedError:
        return False


def _listed_anew(
    store: Store, part: ItemResult, chain: Chain, present: Mapping[str, Stored]
) -> Mended:
    """The archive with overlays whose list is lost, if all are there and as long as recorded.

    Their hashes are those of what lies there: the restore drill lets git read the whole.
    """
    archive = part.archive
    assert archive  # noqa: S101 - the caller has looked
    document = ChainDocument(archive.key, chain.id)
    if not_in_place([part], present, settled=True):
        return Mended(first_links(part, document, 0), _shorter(0))
    for number in range(1, chain.links + 1):
        key = layout.overlay(archive.key, chain.id, number)
        sha256 = _sha256(store, key)
        if sha256 is None:
            return Mended(part)
        stored = present[key]
        link = Link(key, stored.bytes, sha256, chain.run_id, None, 0, etag=stored.etag)
        if number == chain.links:
            link = replace(link, refs_digest=part.refs_digest, refs=part.refs)
        document = document.with_link(link)
    named = chain_of(document, chain.base_refs_digest, chain.base_refs)
    told = f"is kept with its overlays: {document.key} was lost, and is made anew from them"
    return Mended(replace(part, chain=named), told, document)


def _sha256(store: Store, key: str) -> str | None:
    """Of what lies there (hex); None if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with store.open(key) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except RepositoryError as error:
        log.warning("a kept archive cannot be read", extra={"key": key, "why": str(error)})
        return None
    return digest.hexdigest()
