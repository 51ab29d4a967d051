"""Removes overlays with delete markers; their versions stay."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from backup_contract import object_keys as layout
from reporter.judge.archive_state import Superseded
from reporter.observe.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

REMOVAL_TIME = timedelta(minutes=2)
"""The time for this step, within the function's 15 minutes. The rest is removed after a later
run."""

_BATCH = 1000
"""Keys per DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class RemovalError(Exception):
    """S3 refused to delete an object; ``str()`` has its code and message."""


def remove_overlays(bucket: Bucket, chains: Iterable[Superseded]) -> list[str]:
    """Hide the overlays of these chains and their documents. Returns a line for each removed chain.

    Removes nothing unless versioning is enabled now, and no chain that has an object newer than the
    current base. No version is deleted, so that a repetition does no harm. Raises RemovalError, and
    ClientError.
    """
    if bucket.client.get_bucket_versioning(Bucket=bucket.name).get("Status") != "Enabled":
        return []
    until = monotonic() + REMOVAL_TIME.total_seconds()
    lines = []
    for chain in chains:
        keys = _keys(bucket, chain)
        if monotonic() >= until:
            break
        if keys:
            _remove(bucket, keys)
            lines.append(f"{layout.overlay_prefix(chain.base, chain.chain_id)}* ({len(keys)})")
    return lines


def _keys(bucket: Bucket, chain: Superseded) -> list[str]:
    """The chain's documents, then its overlays in reverse order.

    So an interrupted removal leaves a chain that is found again.
    """
    prefix = layout.overlay_prefix(chain.base, chain.chain_id)
    pages = bucket.client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket.name, Prefix=prefix
    )
    base_put, keys = datetime.fromisoformat(chain.base_modified), []
    for page in pages:
        for each in page.get("Contents", []):
            if each["LastModified"] >= base_put:
                return []
            if _belongs(each["Key"], chain):
                keys.append(each["Key"])
    return sorted(keys, reverse=True)


def _belongs(key: str, chain: Superseded) -> bool:
    overlay = layout.overlay_key(key)
    if overlay:
        return (overlay.base, overlay.chain) == (chain.base, chain.chain_id)
    lists = (layout.chain_document, layout.object_list)
    return key in [of(chain.base, chain.chain_id) for of in lists]


def _remove(bucket: Bucket, keys: list[str]) -> None:
    for start in range(0, len(keys), _BATCH):
        named: list[ObjectIdentifierTypeDef] = [
            {"Key": key} for key in keys[start : start + _BATCH]
        ]
        answer = bucket.client.delete_objects(
            Bucket=bucket.name, Delete={"Objects": named, "Quiet": True}
        )
        for error in answer.get("Errors", []):
            refusal = f"{error.get('Code')}: {error.get('Message')}"
            raise RemovalError(f"{error.get('Key')} could not be removed ({refusal})")
