"""Reads the document that lists the overlays over an archive."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, chain_of
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult
from repo_backup.runtime.errors import NotFoundError, RepositoryError, StoreRefusedError
from repo_backup.store.base import Store, most_bytes
from repo_backup.store.written.run_documents import Document

MOST_VERSIONS = 100
"""How many versions of a document are searched for the one that a manifest names. Each run adds
one."""


class ChainListError(RepositoryError):
    """The document that lists a chain's overlays is missing, or does not match the manifest."""


def read_chain(store: Store, base_key: str, chain: Chain) -> ChainDocument:
    """The list of the overlays that a manifest names.

    If the current document does not match or is gone, an earlier version is used. Raises a
    ChainListError that names the document.
    """
    key = layout.chain_document(base_key, chain.id)
    wrong = f"there is no {key}"
    for read in itertools.islice(versions_of(store, key), MOST_VERSIONS):
        try:
            data = Document(key, read).data
            document = ChainDocument.from_bytes(data, base_key, chain.id, chain.links)
        except DamagedError as error:
            wrong = str(error if error.document else error.within(key))
            continue
        if document.digest == chain.digest:
            return document
        wrong = f"{key} does not match the manifest: its first {chain.links} lines differ"
    raise ChainListError(wrong)


def first_links(result: ItemResult, document: ChainDocument, count: int) -> ItemResult:
    """The result as it was when the chain had only the first ``count`` overlays."""
    chain = result.chain
    if chain is None or count >= chain.links:
        return result
    if count == 0:
        digest, refs = chain.base_refs_digest, chain.base_refs
        return replace(result, chain=None, refs_digest=digest, refs=refs, unserved=None)
    last, shorter = document.links[count - 1], document.first(count)
    return replace(
        result,
        chain=chain_of(shorter, chain.base_refs_digest, chain.base_refs),
        refs_digest=last.refs_digest,
        refs=last.refs,
        unserved=None,
    )


def current_of(store: Store, key: str) -> Iterator[bytes | DamagedError]:
    """The current document under a key, if there is one."""
    try:
        if (data := store.read(key)) is not None:
            yield data
    except DamagedError as error:
        yield error


def versions_of(store: Store, key: str) -> Iterator[bytes | DamagedError]:
    """The current document under a key, then its earlier versions, newest first."""
    yield from current_of(store, key)
    if not store.capabilities.versions:
        return
    # A role that may not list or read earlier versions gets only the current one.
    with contextlib.suppress(StoreRefusedError):
        for version in store.versions(key):
            if not version.latest:
                with contextlib.suppress(NotFoundError), store.open(key, version.id) as file:
                    yield file.read(most_bytes(key) + 1)
