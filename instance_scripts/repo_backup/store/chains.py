"""The overlays over an archive, by the document that lists them."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

from backup_contract import object_keys as layout
from backup_contract.documents.chain import MOST_BYTES, Chain, ChainDocument, chain_of
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult
from repo_backup.runtime.errors import NotFoundError, RepositoryError, StoreRefusedError
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import Document

_MOST_VERSIONS = 100
"""Of a document, to look for one that is what a manifest says: each run adds one."""


class ChainListError(RepositoryError):
    """The document that lists a chain's overlays is missing, or is not what a manifest says."""


def read_chain(store: Store, base_key: str, chain: Chain) -> ChainDocument:
    """The overlays that a manifest names, as the run wrote them down.

    Where the document there now is another, or is gone, an earlier version of it will do. Raises
    ChainListError that names the document.
    """
    key = layout.chain_document(base_key, chain.id)
    wrong = f"there is no {key}"
    for read in itertools.islice(_versions(store, key), _MOST_VERSIONS):
        try:
            data = Document(key, read).data
            document = ChainDocument.from_bytes(data, base_key, chain.id, chain.links)
        except DamagedError as error:
            wrong = str(error if error.document else error.within(key))
            continue
        if document.digest == chain.digest:
            return document
        wrong = f"{key} is not what the manifest says: its first {chain.links} lines differ"
    raise ChainListError(wrong)


def first_links(result: ItemResult, document: ChainDocument, count: int) -> ItemResult:
    """The result of an earlier run that had no more than the first ``count`` overlays."""
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


def _versions(store: Store, key: str) -> Iterator[bytes | DamagedError]:
    """What lies under the key, then what lay there before, newest first."""
    try:
        if (data := store.read(key)) is not None:
            yield data
    except DamagedError as error:
        yield error
    if not store.capabilities.versions:
        return
    # A role may read what is there, and neither list nor read what was: then that is all.
    with contextlib.suppress(StoreRefusedError):
        for version in store.versions(key):
            if not version.latest:
                with contextlib.suppress(NotFoundError), store.open(key, version.id) as file:
                    yield file.read(MOST_BYTES + 1)
