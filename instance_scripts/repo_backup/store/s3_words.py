"""What S3 or its SDK means: a wrong clock, damaged bytes, a connection that failed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.runtime.errors import RepositoryError, TransientError

SKEWED = "RequestTimeTooSkewed"
_STAMP = "%Y%m%dT%H%M%SZ"


def skew(error: ClientError, now: datetime) -> str:
    """How this machine's clock differs from S3's, after ``RequestTimeTooSkewed``.

    S3 names both times: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    told: Mapping[str, Any] = error.response.get("Error", {})
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ours = _moment(told.get("RequestTime")) or now
    theirs = _moment(told.get("ServerTime")) or _moment(headers.get("date"))
    if theirs is None:
        return "this machine's clock is wrong: set it"
    seconds = (ours - theirs).total_seconds()
    side = "ahead of" if seconds > 0 else "behind"
    return f"this machine's clock is {_length(abs(seconds))} {side} S3's: set it"


def sdk_error(where: str, host: str | None, error: BotoCoreError) -> RepositoryError:
    """What the SDK raised by itself: bytes that were damaged, or a connection that failed."""
    if isinstance(error, FlexibleChecksumError):
        return RepositoryError(
            f"{where} is damaged: its bytes are not those of S3's checksum ({one_line(str(error))})"
        )
    told = tls_failure(error, "AWS_CA_BUNDLE") or type(error).__name__
    return TransientError(f"{where} could not be reached at {host}: {told}")


def _moment(text: object) -> datetime | None:
    """A time as S3 writes it in a signature, in ISO 8601, or in a header."""
    for read in (_signed, datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(str(text))
        except (ValueError, TypeError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _signed(text: str) -> datetime:
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def _length(seconds: float) -> str:
    """``2 days 3 h``, ``16 min``."""
    minutes = round(seconds / 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' * (days != 1)} {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
