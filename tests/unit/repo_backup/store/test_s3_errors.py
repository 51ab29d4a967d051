"""What S3 refuses is told with the bucket and the remedy.

botocore's Stubber stands for S3 where the emulators do not judge: credentials and regions.
"""

from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session
from botocore.stub import Stubber

from repo_backup.cli.main import main
from repo_backup.runtime.errors import BackupError, FatalError, NotFoundError, TransientError
from repo_backup.store.s3 import S3Store


def refused(code: str, status: int, **headers: str) -> BackupError:
    """What is raised when S3 answers a GET like that."""
    session = Session()
    session.set_credentials("test", "test")
    client: Any = session.create_client("s3", region_name="eu-central-1")
    with Stubber(client) as stub:
        stub.add_client_error(
            "get_object", code, http_status_code=status, response_meta={"HTTPHeaders": headers}
        )
        store = S3Store(client, "my-bucket", "some/where", connections=4)
        with pytest.raises(BackupError) as raised, store.open("runs/lock.json"):
            pass
    return raised.value


def test_a_bucket_that_is_not_there_is_named_with_how_to_find_its_name() -> None:
    error = refused("NoSuchBucket", 404)
    assert isinstance(error, FatalError)
    assert str(error) == "there is no bucket my-bucket: see `aws s3 ls` for its name"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_credentials_that_are_refused_are_to_be_set(code: str) -> None:
    error = refused(code, 403)
    assert isinstance(error, FatalError)
    assert f"s3://my-bucket: AWS refuses the credentials ({code}). Set credentials" in str(error)


def test_a_bucket_of_another_region_is_told_with_the_region() -> None:
    error = refused("PermanentRedirect", 301, **{"x-amz-bucket-region": "eu-west-1"})
    assert isinstance(error, FatalError)
    assert str(error).endswith("is elsewhere (PermanentRedirect): set AWS_REGION=eu-west-1")


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("AccessDenied", 403, "S3 refuses s3://my-bucket/some/where/runs/lock.json: AccessDenied"),
        ("SlowDown", 503, "S3 could not take s3://my-bucket/some/where/runs/lock.json: SlowDown"),
    ],
)
def test_an_object_that_is_refused_is_named_in_whole(code: str, status: int, said: str) -> None:
    assert str(refused(code, status)) == said


def test_an_object_that_is_not_there_is_named_in_whole() -> None:
    error = refused("NoSuchKey", 404)
    assert isinstance(error, NotFoundError)
    assert str(error) == "there is no s3://my-bucket/some/where/runs/lock.json"


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
    said = capsys.readouterr().err
    assert "s3://my-bucket: Unable to locate credentials. Set credentials as for" in said


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
    said = "s3://my-bucket/runs/ could not be reached at 127.0.0.1: EndpointConnectionError"
    assert str(raised.value) == said
