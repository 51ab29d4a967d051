"""The whole system in one process: handlers, the real program, and a GitHub of one's own.

moto keeps the bucket. One clock, the world's, is everybody's: S3 dates what it is given by it, and
so does the program.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backup_contract.moments import run_id_of
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.corpus import git
from repo_backup.cli.commands import backup_command
from repo_backup.cli.main import main
from repo_backup.run import checkpoints
from repo_backup.store.s3 import S3Store
from tests.integration.functions.world import DUE, World
from tests.integration.repo_backup.by_hand import by_hand, lines

SOURCE = "s3://backups"


class KilledError(BaseException):
    """The program's process ended here."""


@dataclass(frozen=True)
class Kill:
    """The program ends right behind this step of its store, or before it, at a matching key."""

    step: str
    match: str
    before: bool = False


@dataclass
class System:
    """``refs`` are by run what upstream had, by name of the repository."""

    world: World
    hub: GitHubStandIn
    patch: pytest.MonkeyPatch
    arguments: Sequence[str] = ("--no-drill", "--no-data")
    weeks: int = 0
    refs: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world

        class Clock(datetime):
            """The world's."""

            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return world.now.astimezone(tz or UTC)

        for module in (backup_command, checkpoints):
            self.patch.setattr(module, "datetime", Clock)
        self.patch.setattr("moto.s3.models.utcnow", lambda: world.now.replace(tzinfo=None))

    @property
    def s3(self) -> Any:
        """A client of the account that nobody watches."""
        return self.world.aws.client("s3")

    def upstream(self, name: str) -> Path:
        """Where GitHub keeps a repository."""
        return self.hub.root / "octo" / f"{name}.git"

    def run(self, *arguments: str, kill: Kill | None = None) -> str:
        """The scheduled run of the next week, from its launch to its mail; its id."""
        world, moment = self.world, DUE + timedelta(weeks=self.weeks)
        self.weeks += 1
        world.now, run_id = moment, run_id_of(moment)
        world.send("launcher", {"trigger": "schedule", "scheduled_time": f"{moment:%FT%TZ}"})
        self.attempt(run_id, 1, *arguments, kill=kill)
        return run_id

    def attempt(self, run_id: str, number: int, *arguments: str, kill: Kill | None = None) -> None:
        """What an attempt's instance does, until it is gone."""
        world = self.world
        world.now += timedelta(minutes=9)
        fixed = ["--owner", "octo", "--destination", SOURCE, "--run-id", run_id]
        fixed += ["--attempt", str(number)]
        fixed += ["--evidence", world.own("", attempt=number, run_id=run_id)]
        self.refs[run_id] = {
            path.stem: tips(path) for path in sorted((self.hub.root / "octo").glob("*.git"))
        }
        if kill:
            with _killed(self.patch, kill), pytest.raises(KilledError):
                self.program("backup", *fixed, *self.arguments, *arguments)
        else:
            self.program("backup", *fixed, *self.arguments, *arguments)
        world.now += timedelta(minutes=21)
        world.calls.clear()
        world.end_instance()

    def program(self, *arguments: str) -> int:
        """One command of the program; its exit code."""
        with self.patch.context() as patch:
            patch.setenv("GITHUB_API_URL", self.hub.api_url)
            patch.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
            return main([*arguments])

    # What a test sees.

    @property
    def verdict(self) -> str:
        """The last mail's."""
        return self.world.verdicts[-1]

    @property
    def mail(self) -> str:
        """The last."""
        sent = self.world.mails[-1]
        return f"{sent.subject}\n{sent.body}"

    def manifest(self, run_id: str) -> Any:
        """As the reporter published it."""
        return self.world.object(f"runs/{run_id}/manifest.json")

    def report(self, run_id: str) -> Any:
        """The reporter's own."""
        return self.world.object(f"runs/{run_id}/report.json")

    def entry(self, run_id: str, name: str = "hello") -> Any:
        """A repository in a run's manifest."""
        entries = self.manifest(run_id)["repositories"]
        return next(each for each in entries if each["name"] == name)

    def there(self, prefix: str = "github_backups/octo/") -> list[str]:
        """What is there."""
        listed = self.s3.list_objects_v2(Bucket="backups", Prefix=prefix)
        return [each["Key"] for each in listed.get("Contents", [])]

    def body(self, key: str) -> bytes:
        """An object."""
        data: bytes = self.s3.get_object(Bucket="backups", Key=key)["Body"].read()
        return data

    def restored(self, into: Path, run_id: str, name: str = "hello") -> dict[str, str]:
        """The refs of what the program restores of a run, without pins."""
        fixed = ["--source", SOURCE, "--into", str(into), "--at", run_id]
        assert self.program("restore", f"octo/{name}", *fixed) == 0
        return tips(into / f"{name}.git")

    def by_hand(self, folder: Path) -> dict[str, str]:
        """The refs of what the lines of the page restore of a copy of the bucket, without pins."""
        folder.mkdir()
        for key in self.there():
            if re.fullmatch(r".*/hello(\+\w+\.\d+)?\.zip", key):
                (folder / key.rpartition("/")[2]).write_bytes(self.body(key))
        return without_pins(by_hand("dash", lines()[1], folder))


def tips(mirror: Path) -> dict[str, str]:
    """The refs of a bare repository that belong into a backup, without pins."""
    found = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return without_pins(dict(line.split(" ") for line in found))


def without_pins(refs: Mapping[str, str]) -> dict[str, str]:
    """Those of upstream."""
    return {name: oid for name, oid in refs.items() if not name.startswith("refs/kept/")}


@contextmanager
def _killed(patch: pytest.MonkeyPatch, kill: Kill) -> Iterator[None]:
    """For the block, that is how the program ends."""
    true = getattr(S3Store, kill.step)

    def once(store: S3Store, key: str, *given: Any, **named: Any) -> Any:
        hit = re.search(kill.match, key)
        if hit and kill.before:
            raise KilledError
        done = true(store, key, *given, **named)
        if hit:
            raise KilledError
        return done

    with patch.context() as inner:
        inner.setattr(S3Store, kill.step, once)
        yield
