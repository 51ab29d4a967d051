"""Checks whether an object with another version id than recorded is a copy of the recorded one.

In a copied bucket no version keeps its id. In the original bucket only its administrator or a
lifecycle rule can remove the recorded version.
"""

import hashlib
from base64 import b64decode
from dataclasses import dataclass
from time import monotonic
from typing import Any

from botocore.exceptions import ClientError

from reporter.judge.archive_state import Recorded
from reporter.observe.version_listing import VersionListing

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class CopiedObjects:
    """Checks objects of the bucket that ``listing`` lists, until ``until`` (monotonic)."""

    listing: VersionListing
    until: float

    def is_copy(self, recorded: Recorded, version_id: str) -> bool | None:
        """Whether this version has the recorded SHA-256 and the recorded version is gone.

        Uses S3's SHA-256 of the full object, or else reads all bytes. None if time runs out. An
        object that S3 refuses to return does not count as a copy.
        """
        try:
            if self.listing.has(recorded.key, recorded.version_id or ""):
                return False
            answer: Any = self.listing.client.get_object(
                Bucket=self.listing.bucket, Key=recorded.key, ChecksumMode="ENABLED"
            )
        except ClientError:
            return False
        if answer.get("VersionId", "") != version_id:
            return False
        checksum = answer.get("ChecksumSHA256", "")
        if checksum and "-" not in checksum and answer.get("ChecksumType") != "COMPOSITE":
            answer["Body"].close()
            return b64decode(checksum).hex() == recorded.sha256
        digest = hashlib.sha256()
        for block in answer["Body"].iter_chunks(_BLOCK_BYTES):
            digest.update(block)
            if monotonic() >= self.until:
                answer["Body"].close()
                return None
        return digest.hexdigest() == recorded.sha256
