"""The overlays that are laid over a base archive when it is restored, one after the other."""

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
    """``count`` overlays over the base under ``base_key``, all that there are where it is None.

    ``result`` is what the manifest says of the whole, None where none names the base. ``document``
    lists the overlays; without it only git, and the refs in the manifest, can tell whether they
    are right. ``remarks`` are what a person should know.
    """

    base_key: str
    id: str
    count: int | None
    result: ItemResult | None = None
    document: ChainDocument | None = None
    remarks: tuple[str, ...] = ()

    @property
    def overlays(self) -> Iterator[tuple[int, str, Link | None]]:
        """Number, key, and line in the document of each."""
        last = layout.MOST_LINKS if self.count is None else self.count
        links = self.document.links if self.document else ()
        for number, link in itertools.zip_longest(range(1, last + 1), links):
            yield number, layout.overlay(self.base_key, self.id, number), link

    def before(self, number: int) -> ItemResult | None:
        """What the manifest says of the whole without this overlay and those after it.

        Where the overlays are not listed, nobody knows what refs any but the last gives.
        """
        if self.result is None:
            return None
        document = self.document or ChainDocument(self.base_key, self.id)
        return first_links(self.result, document, number - 1 if self.document else 0)


def overlays_of(
    store: Store, base_key: str, sha256: str, result: ItemResult | None
) -> OverlayChain:
    """The overlays over the base of this SHA-256: those that the manifest names.

    Of a base that no manifest names, all that lie beside it, up to the first that is missing.
    """
    chain_id = layout.chain_id(sha256)
    if result is None or result.chain is None:
        return OverlayChain(base_key, chain_id, None if result is None else 0, result)
    chain = result.chain
    try:
        document = read_chain(store, base_key, chain)
    except ChainListError as error:
        remark = f"{error}; its overlays were checked by git, and by the refs in the manifest"
        return OverlayChain(base_key, chain_id, chain.links, result, None, (remark,))
    return OverlayChain(base_key, chain_id, chain.links, result, document)
