"""What S3 refuses is told with the bucket and the remedy.

botocore's Stubber stands for S3 where the emulators do not judge: credentials and regions.
"""

import base64
import ssl
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.exceptions import SSLError as TlsError
from botocore.session import Session
from botocore.stub import Stubber

from backup_contract.documents.fields import DamagedError
from repo_backup.cli.main import main
from repo_backup.runtime.errors import (
    BackupError,
    FatalError,
    NotFoundError,
    RepositoryError,
    TransientError,
)
from repo_backup.store.base import Tagged
from repo_backup.store.s3 import S3Store
from repo_backup.store.s3_errors import sdk_error, skew

NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)


def open_client() -> Any:
    session = Session()
    session.set_credentials("test", "test")
    return session.create_client("s3", region_name="eu-central-1")


def refused(code: str, status: int, message: str = "", **headers: str) -> BackupError:
    """What is raised when S3 answers a GET like that."""
    client = open_client()
    with Stubber(client) as stub:
        stub.add_client_error(
            "get_object",
            code,
            message,
            http_status_code=status,
            response_meta={"HTTPHeaders": headers},
        )
        store = S3Store(client, "my-bucket", "some/where", connections=4)
        with pytest.raises(BackupError) as raised, store.open("runs/lock.json"):
            pass
    return raised.value


def test_a_bucket_that_is_not_there_is_named_with_how_to_find_its_name() -> None:
    error = refused("NoSuchBucket", 404)
    assert isinstance(error, FatalError)
    assert str(error) == "there is no bucket my-bucket (NoSuchBucket): see `aws s3 ls` for its name"


@pytest.mark.parametrize(
    ("code", "status"),
    [("InvalidObjectState", 403), ("InvalidRequest", 400), ("KMS.NotFoundException", 400)],
)
def test_what_s3_hands_out_to_nobody_is_a_damaged_document_and_a_lease_to_take_over(
    code: str, status: int
) -> None:
    """In an archive tier, or with a key of the writer's own: any writer can put it like that."""
    client, key = open_client(), "some/where/runs/lock.json"
    written_at = NOW - timedelta(minutes=20)
    answer = {"HTTPHeaders": {"date": "Fri, 27 Nov 2026 17:00:00 GMT"}}
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code, "no", http_status_code=status)
        stub.add_client_error("get_object", code, "no", http_status_code=status)
        listed = {"Key": key, "ETag": '"tag"', "LastModified": written_at, "Size": 9}
        page = {"Contents": [listed, {**listed, "Key": f"{key}.x"}], "ResponseMetadata": answer}
        stub.add_response("list_objects_v2", page)
        store = S3Store(client, "my-bucket", "some/where", connections=4)
        with pytest.raises(DamagedError, match=f"S3 does not return it: .*{code}: no"):
            store.read("runs/lock.json")
        age = timedelta(minutes=20)
        assert store.read_tagged("runs/lock.json") == Tagged(b"", '"tag"', written_at, age)


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"]
)
def test_credentials_that_are_refused_are_to_be_set(code: str) -> None:
    error = refused(code, 403)
    assert isinstance(error, FatalError)
    assert f"s3://my-bucket: AWS refuses the credentials: {code}. Set credentials" in str(error)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("ThrottlingException", 400), ("KMS.ThrottlingException", 400), ("429", 429)),
        *(("XAmzContentSHA256Mismatch", 400), ("RequestTimeout", 400), ("408", 408)),
        *(("InvalidPart", 400), ("OperationAborted", 409), ("Whatever", 503)),
    ],
)
def test_what_passes_is_tried_again(code: str, status: int) -> None:
    assert isinstance(refused(code, status), TransientError)


def test_a_bucket_of_another_region_is_told_with_the_region() -> None:
    error = refused("PermanentRedirect", 301, **{"x-amz-bucket-region": "eu-west-1"})
    assert isinstance(error, FatalError)
    assert str(error).endswith("is elsewhere (PermanentRedirect): set AWS_REGION=eu-west-1")


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("AccessDenied", 403, "S3 refuses s3://my-bucket/some/where/runs/lock.json: AccessDenied"),
        ("SlowDown", 503, "S3 could not take s3://my-bucket/some/where/runs/lock.json: SlowDown"),
    ],
)
def test_an_object_that_is_refused_is_named_in_whole(code: str, status: int, output: str) -> None:
    assert str(refused(code, status)) == output


def test_s3s_message_is_shown_whole_however_long_an_authorization_message_is() -> None:
    encoded = "x" * 10_240
    message = f"User: arn:aws:sts::1:assumed-role/r is not authorized.\nEncoded: {encoded}"
    assert str(refused("AccessDenied", 403, message)).endswith(
        f": AccessDenied: User: arn:aws:sts::1:assumed-role/r is not authorized. Encoded: {encoded}"
    )


def test_a_message_cannot_forge_a_line() -> None:
    assert str(refused("AccessDenied", 403, "no\r\nevent=forged\x1b[2J")).endswith(
        "AccessDenied: no event=forged?[2J"
    )


@pytest.mark.parametrize(
    ("request_time", "reported"),
    [
        ("20261129T200000Z", "2 days 3 h ahead of"),
        ("2026-11-27T16:14:00Z", "46 min behind"),
        ("Fri, 27 Nov 2026 18:30:00 GMT", "1 h 30 min ahead of"),
        ("nonsense", "0 min behind"),
    ],
)
def test_a_wrong_clock_is_named_with_the_difference(request_time: str, reported: str) -> None:
    answer: Any = {
        "Error": {"RequestTime": request_time, "ServerTime": "2026-11-27T17:00:00Z"},
        "ResponseMetadata": {},
    }
    error = ClientError(answer, "PutObject")
    assert skew(error, NOW) == f"this machine's clock is {reported} S3's: set it"


def test_a_wrong_clock_ends_the_run_and_costs_no_repository() -> None:
    error = refused("RequestTimeTooSkewed", 403, "Too large.", date="Mon, 27 Nov 2000 17:00:00 GMT")
    assert isinstance(error, FatalError)
    assert "RequestTimeTooSkewed: Too large.: this machine's clock is " in str(error)
    assert str(error).endswith(" ahead of S3's: set it")


def test_a_wrong_checksum_is_damage_and_no_trouble_with_the_line() -> None:
    client, crc32 = open_client(), base64.b64encode(b"\0\0\0\1").decode()

    def answer(request: Any, **_: object) -> AWSResponse:
        headers: Any = {
            "x-amz-checksum-crc32": crc32,
            "Content-Length": "4",
            "ETag": '"tag"',
            "Last-Modified": "Fri, 27 Nov 2026 17:00:00 GMT",
        }
        body = urllib3.HTTPResponse(BytesIO(b"rots"), preload_content=False)
        return AWSResponse(request.url, 200, headers, body)

    client.meta.events.register("before-send.s3.GetObject", answer)
    store = S3Store(client, "my-bucket", connections=4)
    with pytest.raises(RepositoryError) as raised, store.open("a.zip") as body:
        body.read()
    assert not isinstance(raised.value, TransientError)
    assert str(raised.value).startswith(
        "s3://my-bucket/a.zip is damaged: its content does not match"
    )
    assert crc32 in str(raised.value)


def test_a_plus_in_a_key_is_escaped_and_read_though_a_server_takes_it_for_a_blank() -> None:
    client, asked = open_client(), []
    key = "github_backups/octo/hello+0123456789ab.0001.zip"

    def answer(request: Any, **_: object) -> AWSResponse:
        asked.append(request.url)
        entry = "<Contents><Key>%s</Key><Size>1</Size><ETag>e</ETag></Contents>"
        names = (key, "github_backups/octo/a+b.zip")
        # botocore asks for escaped keys, and reads a plus as a blank: this server escapes none.
        listed = "".join(entry % name for name in names)
        head = "<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>"
        text = f"<R>{head}{listed}</R>"
        body = urllib3.HTTPResponse(BytesIO(text.encode()), preload_content=False)
        headers: Any = {"ETag": '"e"', "Last-Modified": "Fri, 27 Nov 2026 17:00:00 GMT"}
        return AWSResponse(request.url, 200, headers, body)

    client.meta.events.register("before-send.s3", answer)
    store = S3Store(client, "my-bucket", connections=4)
    assert [*store.objects("github_backups/octo/")] == [key, "github_backups/octo/a b.zip"]
    with store.open(key):
        assert asked[-1].endswith("/hello%2B0123456789ab.0001.zip")


def test_a_certificate_that_is_not_accepted_is_told_with_its_reason() -> None:
    cause = ssl.SSLCertVerificationError(1, "failed")
    cause.verify_code, cause.verify_message = 10, "certificate has expired"
    error = TlsError(endpoint_url="https://s3", error=urllib3.exceptions.SSLError(cause))
    reported = str(sdk_error("s3://my-bucket/x", "s3.test", error))
    assert "could not be reached at s3.test: its certificate is not accepted: certif" in reported


def test_an_object_that_is_not_there_is_named_in_whole() -> None:
    error = refused("NoSuchKey", 404)
    assert isinstance(error, NotFoundError)
    assert str(error) == "there is no s3://my-bucket/some/where/runs/lock.json (NoSuchKey)"


def test_without_credentials_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["list", "--source", "s3://my-bucket"]) == 1
    output = capsys.readouterr().err
    assert "s3://my-bucket: Unable to locate credentials. Set credentials as for" in output


def test_an_endpoint_that_is_not_there_is_named() -> None:
    session = Session()
    session.set_credentials("test", "test")
    client: Any = session.create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(TransientError) as raised:
        S3Store(client, "my-bucket", connections=4).objects("runs/")
    output = "s3://my-bucket/runs/ could not be reached at 127.0.0.1: no answer; check"
    assert str(raised.value).startswith(output)
