"""The overlays that a restore applies to a base archive."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link
from backup_contract.documents.manifest import ItemResult
from repo_backup.store.base import Store
from repo_backup.store.chains import ChainListError, first_links, read_chain


@dataclass(frozen=True)
class OverlayChain:
    """``count`` overlays over the base at ``base_key``; None means all that are stored.

    ``result`` is the manifest's result for the chain, None if no manifest names it. ``document``
    lists the overlays; without it only git and the manifest's refs can show whether they are right.
    ``remarks`` are for the user.
    """

    base_key: str
    id: str
    count: int | None
    result: ItemResult | None = None
    document: ChainDocument | None = None
    remarks: tuple[str, ...] = ()

    @property
    def overlays(self) -> Iterator[tuple[int, str, Link | None]]:
        """Number, key, and line in the document (or None) of each overlay."""
        last = layout.MOST_LINKS if self.count is None else self.count
        links = self.document.links if self.document else ()
        for number, link in itertools.zip_longest(range(1, last + 1), links):
            yield number, layout.overlay(self.base_key, self.id, number), link

    def before(self, number: int) -> ItemResult | None:
        """The manifest's result without this overlay and later ones.

        If the overlays are not listed, only the refs of the last one are known.
        """
        if self.result is None:
            return None
        document = self.document or ChainDocument(self.base_key, self.id)
        return first_links(self.result, document, number - 1 if self.document else 0)


def overlays_of(
    store: Store, base_key: str, sha256: str, result: ItemResult | None
) -> OverlayChain:
    """The overlays that the manifest names over the base with this SHA-256.

    If no manifest names the base: all stored ones, up to the first gap.
    """
    chain_id = layout.chain_id(sha256)
    if result is None or result.chain is None:
        return OverlayChain(base_key, chain_id, None if result is None else 0, result)
    chain = result.chain
    try:
        document = read_chain(store, base_key, chain)
    except ChainListError as error:
        remark = f"{error}; git and the refs in the manifest were used to check its overlays"
        return OverlayChain(base_key, chain_id, chain.links, result, None, (remark,))
    return OverlayChain(base_key, chain_id, chain.links, result, document)
