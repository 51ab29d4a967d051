"""Compares recorded archives with the objects at the destination. Pure."""

from collections.abc import Iterable, Mapping

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.store.base import Stored


def not_in_place(
    results: Iterable[ItemResult], present: Mapping[str, Stored], *, settled: bool
) -> str:
    """What is wrong with the first archive or overlay that does not match; empty if all match.

    ``present`` are the destination's objects by key. While a run is under way (``settled`` is
    False), archives may be newer than in any manifest. For overlays a manifest has only the size of
    the last and the total size: these and the keys are compared.
    """
    for result in results:
        archive, chain = result.archive, result.chain
        if archive is None:
            continue
        if wrong := _base(archive, present, settled=settled):
            return wrong
        if chain and (wrong := _overlays(archive, chain, present, settled=settled)):
            return wrong
    return ""


def links_in_place(archive: Archive, chain: Chain, present: Mapping[str, Stored]) -> int:
    """How many overlays of the chain are stored, up to the first gap."""
    keys = (layout.overlay(archive.key, chain.id, n) for n in range(1, chain.links + 1))
    return next((n for n, key in enumerate(keys) if key not in present), chain.links)


def _base(archive: Archive, present: Mapping[str, Stored], *, settled: bool) -> str:
    stored = present.get(archive.key)
    if stored is None:
        return f"{archive.key} is not at the source."
    if settled and stored.bytes != archive.bytes:
        return f"{archive.key} has {stored.bytes} bytes, not {archive.bytes}."
    if settled and archive.etag and stored.etag and stored.etag != archive.etag:
        return f"{archive.key} was replaced by an object that no run recorded."
    return ""


def _overlays(
    archive: Archive, chain: Chain, present: Mapping[str, Stored], *, settled: bool
) -> str:
    there = links_in_place(archive, chain, present)
    if there < chain.links:
        missing = layout.overlay(archive.key, chain.id, there + 1)
        return f"{missing}, an overlay of {archive.key}, is not at the source."
    if not settled:
        return ""
    sizes = [
        present[layout.overlay(archive.key, chain.id, number)].bytes
        for number in range(1, chain.links + 1)
    ]
    if sizes[-1] != chain.last_bytes:
        last = layout.overlay(archive.key, chain.id, chain.links)
        return f"{last} has {sizes[-1]} bytes, not {chain.last_bytes}."
    if sum(sizes) != chain.bytes:
        return (
            f"The {chain.links} overlays of {archive.key} have {sum(sizes)} bytes, not "
            f"{chain.bytes}."
        )
    return ""
