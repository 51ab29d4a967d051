"""Reads which binaries the archives of a run refer to, from the lists in the bucket.

A Git LFS archive is such a list. A chain of project data has one beside it, which the manifest
names with its SHA-256.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from io import BytesIO

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lfs_list import read_zip
from backup_contract.documents.manifest import Item
from backup_contract.documents.object_list import ObjectListRef, read_object_list
from backup_contract.kinds import LFS
from reporter.observe.bucket import Bucket

MOST_LIST_BYTES = 64 << 20
"""The limit for all lists beside chains, about 800,000 objects, which are in memory at once."""
_MOST_ZIP_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class ReferredObjects:
    """The sizes, by SHA-256 (hex), of the binaries that one archive refers to.

    ``chain`` is the key to publish as damaged if an object is wrong. ``problem`` says why the list
    cannot be read. ``is_damaged``: the list must be written again.
    """

    chain: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""
    is_damaged: bool = False


def referred_objects(
    bucket: Bucket, items: Iterable[Item], pool: Executor
) -> list[ReferredObjects]:
    """Read the lists of these items in parallel. Items without a list have no known binaries.

    Raises UnreadableError.
    """
    zips, listed, left, total = list[Item](), list[tuple[Item, ObjectListRef]](), 0, 0
    for item in items:
        if item.archive is None:
            continue
        if item.kind == LFS and item.result.objects:
            zips.append(item)
        elif named := item.result.object_list:
            total += named.length
            if total > MOST_LIST_BYTES:
                left += 1
            else:
                listed.append((item, named))
    found = [
        *pool.map(lambda item: _in_zip(bucket, item), zips),
        *pool.map(lambda each: _in_list(bucket, *each), listed),
    ]
    if left:
        problem = f"{left} of the lists of objects were not read: together they are too long"
        found.append(ReferredObjects("", problem=problem))
    return found


def _in_zip(bucket: Bucket, item: Item) -> ReferredObjects:
    archive = item.archive
    assert archive  # noqa: S101 - the caller has looked
    chain = layout.chain_document(archive.key, layout.chain_id(archive.sha256))
    try:
        data = bucket.read(archive.key, _MOST_ZIP_BYTES)
        _, found = read_zip(BytesIO(data or b""))
    except DamagedError as error:
        return ReferredObjects(chain, problem=f"{item.name}: {archive.key}: {error}")
    return ReferredObjects(chain, {oid: found.sizes[oid] for oid in found.saved})


def _in_list(bucket: Bucket, item: Item, named: ObjectListRef) -> ReferredObjects:
    archive = item.archive
    assert archive  # noqa: S101 - the caller has looked
    key = layout.object_list(archive.key, layout.chain_id(archive.sha256))
    try:
        # Later runs may have added lines.
        data = bucket.read(key, named.length, f"bytes=0-{named.length - 1}")
        sizes = read_object_list(_vouched(data, named))
    except DamagedError as error:
        return ReferredObjects(key, problem=f"{item.name}: {key}: {error}", is_damaged=True)
    return ReferredObjects(key, sizes)


def _vouched(data: bytes | None, named: ObjectListRef) -> bytes:
    """The list, if it matches the manifest. Raises DamagedError."""
    if data is None:
        raise DamagedError("", "it is not in the bucket")
    if not named.confirms(data):
        raise DamagedError("", "it is not what the manifest records")
    return data
