"""A GitHub of one's own for every test, and the backup program run against it."""

import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, build_corpus
from local_cloud.github.corpus import git
from local_cloud.github.remembered import RememberingBackend
from repo_backup.cli.main import main
from repo_backup.runtime import retry
from tests.integration.quick_moto import quicken_moto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ALL = ("hello", "octo.github.io", "empty", "secret", "no-wiki", "unicode", "lfs", "old-fork")
_SPY = """#!{python}
import os, sys
with open({log!r}, "a") as log:
    print(sys.argv, dict(os.environ), file=log)
os.execv({git!r}, ["git", *sys.argv[1:]])
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus, made once; nobody writes to it."""
    root = tmp_path_factory.mktemp("corpus")
    build_corpus(root)
    # Fewer files and folders for each test to copy.
    for repository in root.glob("*/*.git"):
        git(repository, "-c", "repack.writeBitmaps=false", "repack", "-a", "-d", "-n", "-q")
    return root


@pytest.fixture(scope="session")
def backend() -> RememberingBackend:
    """git on the stand-in's side: every test asks it the same about the same corpus."""
    return RememberingBackend()


@pytest.fixture
def hub(corpus: Path, tmp_path: Path, backend: RememberingBackend) -> Iterator[GitHubStandIn]:
    """A stand-in for GitHub whose repositories the test may change."""
    root = tmp_path / "hub"
    shutil.copytree(corpus, root, symlinks=True)
    with GitHubStandIn(root, backend=backend.open) as running:
        yield running


@pytest.fixture
def small_account(hub: GitHubStandIn) -> None:
    """Leave ``octo`` four of its repositories: for tests of what becomes of ``hello`` in many runs.

    What a run costs hangs on how many repositories and wikis it looks at.
    """
    known = hub.catalogue.repositories
    for name in [each for each in known if each.startswith("octo/")]:
        if name.partition("/")[2] not in ("hello", "no-wiki", "secret", "empty"):
            del known[name]


@pytest.fixture(autouse=True)
def environment(
    hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> pytest.MonkeyPatch:
    """Point the program at the stand-in, with a token, and let it retry at once."""
    monkeypatch.setenv("GITHUB_API_URL", hub.api_url)
    monkeypatch.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    monkeypatch.setattr(retry, "FIRST_DELAY_SECONDS", 0.01)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return monkeypatch


@dataclass
class Destination:
    """A directory that is backed up to."""

    root: Path
    environment: pytest.MonkeyPatch

    def backup(
        self, *arguments: str, run_id: str = "r1", owner: str = "octo", data: bool = False
    ) -> int:
        """Run ``repo-backup backup``, of project data only where ``data`` is set; its exit code."""
        self.environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
        return self.public_backup(*arguments, run_id=run_id, owner=owner, data=data)

    def public_backup(
        self, *arguments: str, run_id: str = "r1", owner: str = "octo", data: bool = False
    ) -> int:
        """The same with whatever token there is."""
        fixed = ["--owner", owner, "--destination", str(self.root), "--run-id", run_id]
        return main(["backup", *fixed, *([] if data else ["--no-data"]), *arguments])

    def manifest(self, run_id: str = "r1") -> Any:
        """A run's manifest."""
        return json.loads((self.root / "runs" / run_id / "manifest.json").read_text())

    def entry(self, name: str, run_id: str = "r1") -> Any:
        """A repository's entry."""
        entries = self.manifest(run_id)["repositories"]
        return next(entry for entry in entries if entry["name"] == name)

    def states(self, run_id: str = "r1") -> dict[str, str]:
        """Every repository's state, and its wiki's as ``name.wiki``."""
        found = {}
        for entry in self.manifest(run_id)["repositories"]:
            found[entry["name"]] = entry["state"]
            if entry["wiki"]:
                found[f"{entry['name']}.wiki"] = entry["wiki"]["state"]
        return found

    def markers(self) -> list[Path]:
        """The date markers."""
        return sorted((self.root / "github_backups").glob("*.txt"))

    def restored(self, name: str, into: Path, *arguments: str, owner: str = "octo") -> Path:
        """A repository restored from here; the bare mirror."""
        fixed = ["--source", str(self.root), "--into", str(into)]
        assert main(["restore", f"{owner}/{name}", *fixed, *arguments]) == 0
        return next(into.glob("*.git"))


MadeOnce = Callable[[str, Path, Callable[[], object]], None]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Fills a folder by a function, and from then on with copies of what that function made.

    For what many tests begin with. The name is that of what is made.
    """
    room = tmp_path_factory.mktemp("made-once")

    def fill(name: str, folder: Path, make: Callable[[], object]) -> None:
        kept = room / name
        if kept.exists():
            shutil.copytree(kept, folder)
        else:
            make()
            shutil.copytree(folder, kept)

    return fill


@pytest.fixture
def destination(tmp_path: Path, environment: pytest.MonkeyPatch) -> Destination:
    """An empty directory as destination."""
    return Destination(tmp_path / "mirrors", environment)


def refs(repository: Path) -> list[str]:
    """HEAD and every ref of a repository that belongs into a backup, with its object."""
    listed = git(repository, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    head = git(repository, "symbolic-ref", "HEAD")
    return [head, *(line for line in listed if "/merge " not in line)]


@pytest.fixture
def upstream(hub: GitHubStandIn) -> Callable[[str], Path]:
    """Where GitHub keeps a repository of octo's."""
    return lambda name: hub.root / "octo" / f"{name}.git"


@dataclass
class Bucket:
    """A versioned bucket of an emulated S3."""

    client: "S3Client"
    endpoint: str
    name: str

    @property
    def location(self) -> str:
        """What ``--destination`` takes."""
        return f"s3://{self.name}"

    @property
    def keys(self) -> list[str]:
        """Every key."""
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [item["Key"] for item in listed]

    def backup(self, *arguments: str, run_id: str = "r1") -> int:
        """Run ``repo-backup backup`` to this bucket; its exit code."""
        os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
        fixed = ["--owner", "octo", "--destination", self.location, "--run-id", run_id]
        return main(["backup", "--no-data", *fixed, *arguments])

    def manifest(self, run_id: str = "r1") -> Any:
        """A run's manifest."""
        return json.loads(self.text(f"runs/{run_id}/manifest.json"))

    def text(self, key: str) -> str:
        """A small object."""
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read().decode()

    def entry(self, name: str, run_id: str = "r1") -> Any:
        """A repository's entry."""
        entries = self.manifest(run_id)["repositories"]
        return next(entry for entry in entries if entry["name"] == name)


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """An emulated S3 over HTTP."""
    quicken_moto()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_client(moto_endpoint: str) -> "S3Client":
    """The tests' own way to the emulated S3: as long as a dozen requests in the making."""
    return boto3.client(
        "s3",
        endpoint_url=moto_endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def s3(moto_endpoint: str, s3_client: "S3Client", environment: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, and the SDK pointed at it."""
    environment.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    client = s3_client
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    region = client.meta.region_name
    client.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
    )
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(client, moto_endpoint, name)


@pytest.fixture
def spied(tmp_path: Path) -> tuple[str, Path]:
    """A PATH whose git writes down its arguments and environment, and that record."""
    directory, log = tmp_path / "bin", tmp_path / "spied"
    directory.mkdir()
    true = shutil.which("git")
    assert true
    spy = directory / "git"
    spy.write_text(_SPY.format(python=sys.executable, log=str(log), git=true))
    spy.chmod(0o755)
    return f"{directory}:{os.environ['PATH']}", log
