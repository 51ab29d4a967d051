"""Whether an object under another version id than a run recorded is a copy of what that run wrote.

That is so in a bucket that was copied, where no version has its former id. In any other bucket
nobody but its administrator, or the lifecycle rule, can make the recorded version go.
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
    """Looks at objects of the bucket that ``listing`` lists, until a moment (monotonic)."""

    listing: VersionListing
    until: float

    def is_copy(self, recorded: Recorded, version_id: str) -> bool | None:
        """Whether this version has the recorded SHA-256, and the recorded version is not there.

        S3's own SHA-256 of the whole object counts; without one all bytes are read. None when the
        time did not suffice. What S3 refuses to tell is no copy.
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
