"""Wherever AWS refuses something for good, its code and its message are shown, on one line.

Each row is one place that catches botocore's ``ClientError``.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from backup_contract.documents.manifest import Archive
from launcher.launch.ec2 import Ec2 as LaunchingEc2
from launcher.launch.ec2 import InstanceSettings
from launcher.launch.images import Images
from launcher.launch.program_store import Bucket as ProgramStore
from launcher.preflight.aws_facts import AwsFacts
from launcher.preflight.checks import _line
from launcher.preflight.findings import Finding, Grade
from launcher.preflight.secrets import Secrets
from repo_backup.cli.deployed_stack import Stack, locate
from repo_backup.runtime.errors import BackupError
from repo_backup.store.s3_errors import service_error
from reporter.observe.bucket import Bucket
from reporter.observe.ec2 import Ec2
from shared.errors import OnlineBackupError
from shared.model.run import Market, Pool, PoolAnswer

MESSAGE = (
    "User: arn:aws:iam::1:user/x is not\r\nauthorized \x1b[2J\u202ebecause no policy allows it"
)
SHOWN = "User: arn:aws:iam::1:user/x is not authorized ?[2J?because no policy allows it"
HERE = Path(__file__)
NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
ARCHIVE = Archive("github_backups/octo/hello.zip", 1, "0" * 64, "r1")
POOL = Pool("c7g.medium", "subnet-1", "eu-1a", Market.SPOT, "ami-1")
SETTINGS = InstanceSettings("sg", "arn", "", "", 16, assign_public_ip=True, tags={})


class Refusing:
    """A client of AWS's that refuses whatever it is asked."""

    def __init__(self, code: str, status: int = 403) -> None:
        self.answer: Any = {
            "Error": {"Code": code, "Message": MESSAGE},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }

    def get_paginator(self, operation: str) -> "Refusing":
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        yield from self._refuse("Pages")

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **_: self._refuse(operation)

    def _refuse(self, operation: str) -> Any:
        raise ClientError(self.answer, operation)


def survey(client: Refusing) -> AwsFacts:
    return AwsFacts(*[cast(Any, client)] * 8)


def run_instances(client: Any) -> str:
    refusal = LaunchingEc2(client, client).would_launch(POOL, SETTINGS, "")
    return f"{refusal.code}: {refusal.message}" if isinstance(refusal, PoolAnswer) else ""


def checked(client: Any) -> str:
    def subscribers() -> Finding:
        return Finding("mail", Grade.OK, str(survey(client).subscribers("arn")))

    return _line("mail", subscribers).reason


def objected(client: Any) -> str:
    found = Bucket(client, "b").objection(ARCHIVE)
    assert found
    assert found.refused
    return found.line


PLACES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "launcher, program": ("AccessDenied", lambda c: ProgramStore(c, "b").publish_program(HERE)),
    "launcher, no bucket": ("NoSuchBucket", lambda c: ProgramStore(c, "b").publish_program(HERE)),
    "launcher, subnets": ("InvalidSubnetID.NotFound", lambda c: LaunchingEc2(c, c).places(["s"])),
    "launcher, image": ("ParameterNotFound", lambda c: Images(c, "eu-1").newest("arm64")),
    "launcher, no secret": ("ParameterNotFound", lambda c: Secrets(c, "/t", "").token()),
    "launcher, secret": ("AccessDeniedException", lambda c: Secrets(c, "/t", "").token()),
    "launcher, key": ("InvalidKeyId", lambda c: Secrets(c, "/t", "").token()),
    "launcher, instance": ("UnauthorizedOperation", run_instances),
    "check, schedule": ("ResourceNotFoundException", lambda c: survey(c).schedule("g")),
    "check, denied": ("AuthorizationError", checked),
    "reporter, instance": ("UnauthorizedOperation", lambda c: Ec2(c, "s").terminate("i-1")),
    "reporter, document": ("AccessDenied", lambda c: Bucket(c, "b").read("runs/r1/x", 1)),
    "reporter, key": ("KMS.DisabledException", lambda c: Bucket(c, "b").read("runs/r1/x", 1)),
    "reporter, tier": ("InvalidObjectState", lambda c: Bucket(c, "b").read("runs/r1/x", 1)),
    "reporter, markers": ("AccessDenied", lambda c: [*Bucket(c, "b").markers("r1", NOW, NOW)]),
    "reporter, no bucket": ("NoSuchBucket", lambda c: [*Bucket(c, "b").markers("r1", NOW, NOW)]),
    "reporter, log": ("AccessDenied", lambda c: Bucket(c, "b").log_at("runs/r1/x")),
    "reporter, report": ("AccessDenied", lambda c: Bucket(c, "b").write_report("r1", {})),
    "reporter, archive": ("AccessDenied", objected),
    "shell, invoke": ("AccessDeniedException", lambda c: Stack("s", "l", "b", c).invoke({})),
    "shell, stacks": ("Throttling", lambda c: locate("s", c, c)),
}


def reported(place: Callable[[Any], object], client: Refusing) -> str:
    try:
        return str(place(client))
    except (OnlineBackupError, BackupError, ValueError) as error:
        return str(error)


@pytest.mark.parametrize("name", PLACES)
def test_what_aws_refuses_is_told_with_its_code_and_message(name: str) -> None:
    code, place = PLACES[name]
    text = reported(place, Refusing(code))
    assert f"{code}: {SHOWN}" in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("AccessDenied", 403), ("NoSuchBucket", 404), ("NoSuchKey", 404), ("404", 404)),
        *(("PreconditionFailed", 412), ("SlowDown", 503), ("InvalidAccessKeyId", 403)),
        *(("PermanentRedirect", 301), ("InvalidObjectState", 403), ("KMS.NotFoundException", 400)),
        *(
            ("RequestTimeTooSkewed", 403),
            ("ConditionalRequestConflict", 409),
            ("EntityTooLarge", 400),
        ),
        *(("InvalidTag", 400), ("QuotaExceeded", 403), ("TooManyParts", 400)),
    ],
)
def test_what_s3_refuses_the_program_is_told_with_its_code_and_message(
    code: str, status: int
) -> None:
    error = ClientError(Refusing(code, status).answer, "PutObject")
    text = str(service_error("s3://b/k", "b", error))
    assert f"{code}: {SHOWN}" in text
    assert text.isprintable()
