"""Maps S3's error responses, and failed requests, to errors of this program."""

import contextlib
from collections.abc import Iterator, Mapping
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
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from backup_contract.aws_refusal import code_and_message
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.aws.first_contact import UnansweredError
from repo_backup.runtime.errors import (
    BackupError,
    ConflictError,
    FatalError,
    NotFoundError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
    UnavailableObjectError,
    UnreachedError,
)
from repo_backup.store.base import Tagged

_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError)
LOGIN = "Set credentials as for the AWS CLI: AWS_PROFILE, `aws configure` or `aws sso login`"
SKEWED = "RequestTimeTooSkewed"
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
CONFLICT = {"PreconditionFailed", "412"}
_CREDENTIALS = {
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed"}
_RETRYABLE = {
    *("SlowDown", "RequestTimeout", "InternalError", "408", "429"),
    *("BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch"),
    *("Throttling", "ThrottlingException", "KMS.ThrottlingException", "TooManyRequests"),
    *("OperationAborted", "ConditionalRequestConflict", "409"),
    *("InvalidPart", "NoSuchUpload"),
}
"""Errors worth a retry: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.

The codes in the second line mean that a body was damaged in transit. The two conflicts mean that
another operation on the key or bucket is in progress. The last two mean that an upload, or a part
of it, is gone: the whole object is sent again.
"""
_UNUSABLE = {
    *("InvalidObjectState", "InvalidRequest"),
    *("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
}
"""An object in an archive tier, one encrypted with the writer's key (SSE-C), or a lost KMS key."""
_STAMP = "%Y%m%dT%H%M%SZ"


class ForeignAnswerError(Exception):
    """A response with status 200 does not come from S3; it may be a proxy's page."""

    def __init__(self, lacks: str) -> None:
        super().__init__(f"the response has no {lacks}")


def service_error(where: str, bucket: str, error: ClientError) -> BackupError:
    """The error that S3's refusal means for the object at ``where``, with S3's code and message."""
    code = error.response.get("Error", {}).get("Code", "")
    answer = error.response.get("ResponseMetadata", {})
    status, detail = answer.get("HTTPStatusCode", 0), code_and_message(error.response)
    if code == SKEWED:
        return FatalError(f"S3 refuses {where}: {detail}: {skew(error, datetime.now(UTC))}")
    if code == "NoSuchBucket":
        return FatalError(f"there is no bucket {bucket} ({detail}): see `aws s3 ls` for its name")
    if code in _CREDENTIALS:
        return FatalError(f"s3://{bucket}: AWS refuses the credentials: {detail}. {LOGIN}")
    if code in _REGION:
        region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region", "its region")
        return FatalError(f"the bucket {bucket} is elsewhere ({detail}): set AWS_REGION={region}")
    if code in _MISSING:
        return NotFoundError(f"there is no {where} ({detail})")
    if code in CONFLICT:
        return ConflictError(f"{where} was written by another process ({detail})")
    if status >= 500 or code in _RETRYABLE:
        return TransientError(f"S3 could not take {where}: {detail}")
    if code in _UNUSABLE:
        return UnavailableObjectError(f"S3 refuses {where}: {detail}")
    kind = StoreRefusedError if status == HTTPStatus.FORBIDDEN else RepositoryError
    return kind(f"S3 refuses {where}: {detail}")


def skew(error: ClientError, now: datetime) -> str:
    """How this machine's clock differs from S3's, after ``RequestTimeTooSkewed``.

    S3 names both times: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    detail: Mapping[str, Any] = error.response.get("Error", {})
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ours = _moment(detail.get("RequestTime")) or now
    theirs = _moment(detail.get("ServerTime")) or _moment(headers.get("date"))
    if theirs is None:
        return "this machine's clock is wrong: set it"
    seconds = (ours - theirs).total_seconds()
    side = "ahead of" if seconds > 0 else "behind"
    return f"this machine's clock is {_length(abs(seconds))} {side} S3's: set it"


def sdk_error(where: str, host: str | None, error: BotoCoreError) -> RepositoryError:
    """The error for an exception of the SDK itself: damaged bytes, or a failed connection."""
    if isinstance(error, FlexibleChecksumError):
        return RepositoryError(
            f"{where} is damaged: its content does not match S3's checksum ({one_line(str(error))})"
        )
    if isinstance(error, IncompleteReadError | ResponseStreamingError):
        return TransientError(f"the download of {where} from {host} broke: {one_line(str(error))}")
    detail = tls_failure(error, "AWS_CA_BUNDLE") or type(error).__name__
    if isinstance(error, EndpointConnectionError):
        detail = "no answer; check the network, AWS_REGION and AWS_ENDPOINT_URL"
    kind = UnreachedError if isinstance(error, UnansweredError) else TransientError
    return kind(f"{where} could not be reached at {host}: {detail}")


def needed(answer: Any, name: str) -> Any:
    """A field that every response of S3 has. Raises ForeignAnswerError if it is missing."""
    if answer.get(name) is None:
        raise ForeignAnswerError(name)
    return answer[name]


def server_time(answer: Any) -> datetime:
    """The server's time from its response; this machine's if the response has no date."""
    try:
        found = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def listed_only(page: Any, key: str) -> Tagged | None:
    """An object from a page of a listing, without its content; None if the page does not have it.

    It has a tag, so that an object that S3 does not return can be replaced.
    """
    for item in page.get("Contents", []):
        if item["Key"] == key:
            age = server_time(page) - item["LastModified"]
            return Tagged(b"", item["ETag"], item["LastModified"], age)
    return None


def _moment(text: object) -> datetime | None:
    """A time in one of S3's formats: a signature's, ISO 8601, or a header's."""
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


@contextlib.contextmanager
def s3_errors(bucket: str, key: str, host: str | None) -> Iterator[None]:
    """Map the SDK's errors, by code, to ours. ``host`` is the host that serves the bucket."""
    where = f"s3://{bucket}/{key}"
    try:
        yield
    except ClientError as error:
        raise service_error(where, bucket, error) from error
    except _NO_CREDENTIALS as error:
        raise FatalError(f"s3://{bucket}: {one_line(str(error))}. {LOGIN}") from error
    except BotoCoreError as error:
        raise sdk_error(where, host, error) from error
    except (ForeignAnswerError, ResponseParserError) as error:
        raise TransientError(
            f"the response for {where} from {host} is not S3's: {one_line(str(error))}"
        ) from error
