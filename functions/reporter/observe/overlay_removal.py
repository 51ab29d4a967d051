"""The removal of overlays: delete markers, which the versions below them outlive."""

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
"""Of the function's 15 minutes more is left than this. The rest goes after a later run."""

_BATCH = 1000
"""Keys of one DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class RemovalError(Exception):
    """S3 did not delete what it was asked to; its code and message say why."""


def remove_overlays(bucket: Bucket, chains: Iterable[Superseded]) -> list[str]:
    """Hide the overlays of these chains and their documents; a line for each chain that went.

    Nothing is removed unless S3 says now that the bucket keeps versions, and no chain that has
    anything newer than the present base. No version is deleted, so that doing it twice does no
    harm. Raises RemovalError, and ClientError.
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
    """The chain's document first, then its overlays from the last on.

    So what an interruption leaves is a chain still, and is found again.
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
    return key == layout.chain_document(chain.base, chain.chain_id)


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
