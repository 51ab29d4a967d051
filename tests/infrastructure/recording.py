"""Every AWS call that the code makes: whole runs over an emulated AWS, listened to.

The functions' through their handlers, the instance's by the backup program and the two copies of
its bootstrap. What is recorded are botocore's calls, before anything is sent.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]
from botocore.exceptions import ClientError
from botocore.session import Session
from moto.server import ThreadedMotoServer

from backup_contract.evidence import prefix
from backup_contract.object_keys import overlay_prefix
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, Repository, build_corpus
from local_cloud.github.corpus import commit_files, init_repository
from repo_backup.aws import ssm as program_ssm
from repo_backup.cli.main import main
from repo_backup.run import checkpoints as recorder
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import WrongBytesError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store import s3 as program_s3
from repo_backup.store.base import Store
from repo_backup.store.objects import ObjectStore
from repo_backup.store.uploads import object_upload
from repo_backup.store.written.suspicions import open_suspicions
from tests.integration.functions.chains import SavedRepository, put_at, run
from tests.integration.functions.large_files import SavedFiles
from tests.integration.functions.world import DUE, RUN_ID, SCHEDULED, Fault, World, new_world
from tools.iam.calls import Call
from tools.iam.deployed import (
    BUCKET,
    INSTANCE_ID,
    KEY_NAME,
    REGION,
    ROLE_ID,
    STACK,
    TOKEN_PARAMETER,
)

SETTING = f"/online-backup/{STACK}/KNOWN_FAILURES"
PROGRAM_KEY = "admin/init_scripts/repo_backup-0.zip"

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_ROLES = {"launcher": "LauncherRole", "reporter": "ReporterRole"}


@dataclass(frozen=True, slots=True)
class Put:
    """One PUT of an object, or of a part of one, as it goes out; header names in lower case."""

    who: str
    path: str
    headers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recording:
    """What was heard."""

    calls: list[Call] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)

    def listen(self, events: Any, who: Callable[[], str], named: Callable[[Any], Any]) -> None:
        """Listen to everything that botocore does by these events."""

        def call(params: dict[str, Any], model: Any, **_: Any) -> None:
            operation = f"{model.service_model.service_name}.{model.name}"
            self.calls.append(Call(who(), operation, named(dict(params))))

        def put(request: Any, **_: Any) -> None:
            headers = frozenset(name.lower() for name in request.headers)
            self.puts.append(Put(who(), urlsplit(request.url).path, headers))

        events.register("before-parameter-build", call)
        for operation in ("PutObject", "UploadPart"):
            events.register(f"request-created.s3.{operation}", put)


def record_functions(deployment: Path, heard: Recording) -> None:
    """What both functions call, in runs that end in every way that calls something else."""
    scenarios = (
        *(_verified, _failed, _not_launched, _timed_out, _reclaimed),
        *(_found_by_its_token, _checked, _retired, _large_files),
    )
    for scenario in scenarios:
        with _listened_world(deployment, heard) as world:
            scenario(world)
    with _listened_world(deployment, heard, KEY_NAME=KEY_NAME) as world:
        world.aws.client("ec2").create_key_pair(KeyName=KEY_NAME)
        world.send("launcher", SCHEDULED)
        assert world.running()


def _verified(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    world.send("reporter", {"trigger": "watchdog"})
    assert "verified" in world.mails[-1].subject


def _failed(world: World) -> None:
    world.send("launcher", {"on_demand": True})
    world.end_instance()
    assert "failed" in world.mails[-1].subject


def _not_launched(world: World) -> None:
    refused = Fault(
        "error", operation="ec2.RunInstances", code="OptInRequired", status=401, times=99
    )
    world.faults.append(refused)
    world.send("launcher", SCHEDULED)
    assert "not-launched" in world.mails[-1].subject


def _timed_out(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=5))
    assert "timed-out" in world.mails[-1].subject


def _reclaimed(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance("Server.SpotInstanceTermination")
    world.pass_time(timedelta(hours=1))
    assert world.launches["2"] == 1


def _found_by_its_token(world: World) -> None:
    lost = Fault(
        "error", operation="ec2.RunInstances", code="IdempotentParameterMismatch", status=400
    )
    world.faults.append(lost)
    world.send("launcher", SCHEDULED)


def _retired(world: World) -> None:
    s3 = world.aws.client("s3")
    saved = SavedRepository.put(s3, links=1)
    old = f"{overlay_prefix(saved.archive.key, saved.document.id)}0001.zip"
    put_at(DUE, saved.archive.key.removesuffix(".zip"))
    saved.rebased(b"another base")
    put_at(DUE + timedelta(days=1), saved.archive.key)
    for week in (1, 2):
        run(world, week, [saved.entry()])
    hidden = s3.list_object_versions(Bucket="backups", Prefix=old)["DeleteMarkers"]
    assert [each["Key"] for each in hidden] == [old]


def _large_files(world: World) -> None:
    saved = SavedFiles.put(world.aws.client("s3"), b"a large file")
    for week in (0, 1):
        run(world, week, [saved.entry])


def _checked(world: World) -> None:
    # An account without a limit of its own: AWS's is asked for, which the emulator does not know.
    code = "NoSuchResourceException"
    world.faults += [
        Fault("error", operation=f"service-quotas.{each}", code=code, status=400)
        for each in ("GetServiceQuota", "GetAWSDefaultServiceQuota")
    ]
    answer = world.invoke("launcher", {"action": "check"})
    assert "dead letters" in answer["checks"]


@contextmanager
def _listened_world(deployment: Path, heard: Recording, **more: str) -> Iterator[World]:
    settings = {"NOTIFY_ON_LAUNCH": "true", "GITHUB_TOKEN_PARAMETER": TOKEN_PARAMETER}
    settings |= {"SETTINGS": SETTING, **more}
    with new_world(deployment, **settings) as world, pytest.MonkeyPatch.context() as patch:
        world.aws.client("ssm").put_parameter(
            Name=TOKEN_PARAMETER, Value="a-token", Type="SecureString"
        )
        # A setting that is too long for the environment.
        world.aws.client("ssm").put_parameter(
            Name=SETTING, Value="KNOWN_FAILURES=octo/known", Type="String"
        )
        acting = ["LauncherRole"]
        invoke = world.invoke

        def invoke_as(function: str, event: dict[str, Any], request: str = "") -> dict[str, Any]:
            acting[0] = _ROLES[function]
            return invoke(function, event, request)

        patch.setattr(world, "invoke", invoke_as)
        # One of its own for each world: a session's clients hear only what it heard before them.
        session = type(cast(Any, boto3.DEFAULT_SESSION))()
        session.watcher = world
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        group = os.environ["SECURITY_GROUP_ID"]
        heard.listen(session.events, lambda: acting[0], lambda p: _named_as_deployed(p, group))
        yield world


def _named_as_deployed(part: Any, security_group: str) -> Any:
    if isinstance(part, dict):
        return {k: _named_as_deployed(v, security_group) for k, v in part.items()}
    if isinstance(part, list | tuple):
        return [_named_as_deployed(each, security_group) for each in part]
    return "sg-0123456789abcdef0" if part == security_group else part


def record_instance(folder: Path, heard: Recording) -> None:
    """What an instance calls: its bootstrap's copies, runs of all kinds, and a failed upload."""
    build_corpus(folder / "github")

    def listened() -> Session:
        session = Session()
        heard.listen(session.get_component("event_emitter"), _instance_role, dict)
        return session

    with (
        GitHubStandIn(folder / "github") as hub,
        _emulated_aws(),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("GITHUB_API_URL", hub.api_url)
        patch.setenv("GITHUB_TOKEN_PARAMETER", TOKEN_PARAMETER)
        patch.setenv("TMPDIR", str(folder))
        for module in (program_s3, program_ssm):
            patch.setattr(module, "session", listened)
        _bootstrap_copies(folder, heard)
        # An adopted bucket without versions is read by key alone.
        assert _backup("2026-11-26T17-00-00Z") == 0
        _written_down(RUN_ID)
        boto3.client("s3").put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        patch.setattr(recorder, "CHECKPOINT_SECONDS", 0)
        assert _backup(RUN_ID, "--full") == 0
        # What a chain that has grown long waits for before it gets a new base.
        client = cast(Any, listened().create_client("s3"))
        assert open_suspicions(program_s3.S3Store(client, BUCKET, connections=2)) == ()
        _binaries(program_s3.S3Store(client, BUCKET, connections=2), patch)
        # A second attempt, and a run after one that no reporter has published.
        assert _backup(RUN_ID) == 0
        # Then an overlay that no manifest names, and one over it.
        commit_files(hub.root / "octo/hello.git", {"new.txt": "new"})
        patch.setattr(program_s3.S3Store, "part_bytes", 5 << 20)
        noise = os.urandom(6 << 20)
        commit_files(init_repository(hub.root / "octo" / "large.git"), {"noise": noise})
        hub.catalogue.add(Repository(88, "octo", "large"))
        with _refused_part(patch, listened):
            assert _backup("2026-11-28T17-00-00Z") == 3
        assert _backup("2026-11-29T17-00-00Z") == 0
        paths = [unquote(put.path) for put in heard.puts]
        assert sum("/hello+" in path and path.endswith(".json") for path in paths) == 2


def _binaries(store: Store, patch: pytest.MonkeyPatch) -> None:
    """A binary put, asked for and read; and a large one, whose upload is given up."""
    objects = ObjectStore(store, RetryPolicy(CancellationToken()))
    data = b"x" * 100
    sha256 = objects.put_file(BytesIO(data)).sha256
    assert ObjectStore(store, RetryPolicy(CancellationToken())).has(sha256)
    with objects.open(sha256) as file:
        assert file.read() == data
    with patch.context() as inner:
        inner.setattr(object_upload, "ONE_PUT_BYTES", 10)
        with pytest.raises(WrongBytesError):
            objects.put("0" * 64, 100, lambda: nullcontext(BytesIO(data)))


def _instance_role() -> str:
    return "InstanceRole"


def _backup(run_id: str, *arguments: str) -> int:
    fixed = ["--owner", "octo", "--destination", f"s3://{BUCKET}", "--run-id", run_id]
    fixed += ["--evidence", prefix(run_id, ROLE_ID, INSTANCE_ID)]
    return main(["backup", "--no-data", *fixed, *arguments])


def _written_down(run_id: str) -> None:
    """What the launcher writes down of this instance."""
    below = prefix(run_id, ROLE_ID, INSTANCE_ID)
    attempt = {"attempt": 1, "instance_id": INSTANCE_ID, "evidence": below}
    record = {"schema": 1, "run_id": run_id, "attempts": [attempt]}
    body = json.dumps(record).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"runs/{run_id}/launch.json", Body=body)


@contextmanager
def _emulated_aws() -> Iterator[None]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in _CREDENTIALS.items():
                patch.setenv(name, value)
            patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
            s3 = boto3.client("s3")
            s3.create_bucket(
                Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
            s3.put_object(Bucket=BUCKET, Key=PROGRAM_KEY, Body=b"the program")
            boto3.client("ssm").put_parameter(
                Name=TOKEN_PARAMETER, Value=CORPUS_TOKEN, Type="SecureString"
            )
            yield
    finally:
        server.stop()


def _bootstrap_copies(folder: Path, heard: Recording) -> None:
    """The two ``aws s3 cp`` of bootstrap.sh, by the AWS CLI itself."""
    (folder / "backup.log").write_text("the log")
    copies = [
        (f"s3://{BUCKET}/{PROGRAM_KEY}", str(folder / "repo_backup.zip")),
        (
            str(folder / "backup.log"),
            f"s3://{BUCKET}/{prefix(RUN_ID, ROLE_ID, INSTANCE_ID)}backup.log",
        ),
    ]
    for source, target in copies:
        driver = create_clidriver()
        heard.listen(driver.session.get_component("event_emitter"), _instance_role, dict)
        arguments = ["s3", "cp", "--only-show-errors", "--region", REGION, source, target]
        assert driver.main(arguments) == 0


@contextmanager
def _refused_part(patch: pytest.MonkeyPatch, listened: Callable[[], Session]) -> Iterator[None]:
    """S3 refuses the parts of large archives."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "EntityTooSmall"}}, "UploadPart")

    def refused() -> Session:
        session = listened()
        session.register("before-call.s3.UploadPart", refuse)
        return session

    with patch.context() as inner:
        inner.setattr(program_s3, "session", refused)
        yield
