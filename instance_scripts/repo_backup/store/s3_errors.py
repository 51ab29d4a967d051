"""What S3 answers, and what keeps it from answering, as errors of this program."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    FlexibleChecksumError,
    IncompleteReadError,
    ResponseStreamingError,
)

from backup_contract.aws_refusal import code_and_message
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.runtime.errors import (
    BackupError,
    ConflictError,
    FatalError,
    NotFoundError,
    NotHandedOutError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
)
from repo_backup.store.base import Tagged

LOGIN = "Set credentials as for the AWS CLI: AWS_PROFILE, `aws configure` or `aws sso login`"
SKEWED = "RequestTimeTooSkewed"
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
CONFLICT = {"PreconditionFailed", "412"}
_CREDENTIALS = {
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed"}
_PASSING = {
    *("SlowDown", "RequestTimeout", "InternalError", "408", "429"),
    *("BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch"),
    *("Throttling", "ThrottlingException", "KMS.ThrottlingException", "TooManyRequests"),
    *("OperationAborted", "ConditionalRequestConflict", "409"),
    *("InvalidPart", "NoSuchUpload"),
}
"""Worth another try: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.

The second line is of bodies that were damaged on their way. The two conflicts say that something
else is being done to the key or bucket right now. The last two concern an upload of which a part,
or all, is gone: then all of it is sent again.
"""
_UNUSABLE = {
    *("InvalidObjectState", "InvalidRequest"),
    *("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
}
"""An archive tier, a key that only the writer has (SSE-C), and KMS keys that are gone."""
_STAMP = "%Y%m%dT%H%M%SZ"


class ForeignAnswerError(Exception):
    """An answer of status 200 is none of S3's: a proxy's page, for instance."""

    def __init__(self, lacks: str) -> None:
        super().__init__(f"it has no {lacks}")


def service_error(where: str, bucket: str, error: ClientError) -> BackupError:
    """What S3's refusal means for the object at ``where``, in S3's code and words."""
    code = error.response.get("Error", {}).get("Code", "")
    answer = error.response.get("ResponseMetadata", {})
    status, told = answer.get("HTTPStatusCode", 0), code_and_message(error.response)
    if code == SKEWED:
        return FatalError(f"S3 refuses {where}: {told}: {skew(error, datetime.now(UTC))}")
    if code == "NoSuchBucket":
        return FatalError(f"there is no bucket {bucket} ({told}): see `aws s3 ls` for its name")
    if code in _CREDENTIALS:
        return FatalError(f"s3://{bucket}: AWS refuses the credentials: {told}. {LOGIN}")
    if code in _REGION:
        region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region", "its region")
        return FatalError(f"the bucket {bucket} is elsewhere ({told}): set AWS_REGION={region}")
    if code in _MISSING:
        return NotFoundError(f"there is no {where} ({told})")
    if code in CONFLICT:
        return ConflictError(f"{where} was written by another process ({told})")
    if status >= 500 or code in _PASSING:
        return TransientError(f"S3 could not take {where}: {told}")
    if code in _UNUSABLE:
        return NotHandedOutError(f"S3 refuses {where}: {told}")
    kind = StoreRefusedError if status == HTTPStatus.FORBIDDEN else RepositoryError
    return kind(f"S3 refuses {where}: {told}")


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
    if isinstance(error, IncompleteReadError | ResponseStreamingError):
        return TransientError(f"{where} broke off on its way from {host}: {one_line(str(error))}")
    told = tls_failure(error, "AWS_CA_BUNDLE") or type(error).__name__
    if isinstance(error, EndpointConnectionError):
        told = "nothing answers there; check the network, AWS_REGION and AWS_ENDPOINT_URL"
    return TransientError(f"{where} could not be reached at {host}: {told}")


def needed(answer: Any, name: str) -> Any:
    """A field that every answer of S3 has. Raises ForeignAnswerError where it is not there."""
    if answer.get(name) is None:
        raise ForeignAnswerError(name)
    return answer[name]


def server_time(answer: Any) -> datetime:
    """The time by the clock of whoever answered; by this machine's where the answer has no date."""
    try:
        found = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def listed_only(page: Any, key: str) -> Tagged | None:
    """An object by a page of a listing, without what it holds; None if the page does not have it.

    So what S3 hands out to nobody can be replaced.
    """
    for item in page.get("Contents", []):
        if item["Key"] == key:
            age = server_time(page) - item["LastModified"]
            return Tagged(b"", item["ETag"], item["LastModified"], age)
    return None


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
