"""One account at the stand-in, and the backup of its repositories' data from run to run."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backup_contract.documents.data_index import Section
from local_cloud.github import Account, Catalogue, GitHubStandIn, Repository, TokenRights
from local_cloud.github.data import Editor
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Reading, Task
from repo_backup.hosts.data_counts import counts_of
from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.data.reader import GitHubData
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.retry import RetryPolicy

TOKEN = "ghp_project"


def _copied(document: Any) -> Any:
    """What a file gives back: ``deepcopy`` takes five times as long."""
    return json.loads(json.dumps(document))


class MemoryDocuments:
    """Documents in memory; ``gone`` are the places that were marked."""

    def __init__(self) -> None:
        self.all: dict[str, Any] = {}
        self.gone: set[str] = set()

    def get(self, path: str) -> Any | None:
        return _copied(self.all.get(path))

    def put(self, path: str, document: Any) -> None:
        self.all[path] = _copied(document)
        self.gone.discard(path)

    def paths(self, folder: str) -> Iterable[str]:
        def number(path: str) -> int:
            name = path.rpartition("/")[2].removesuffix(".json")
            return int(name) if name.isdigit() else 0

        found = [path for path in self.all if path.startswith(f"{folder}/")]
        return sorted(found, key=lambda path: (number(path), path))

    def vanished(self, path: str, part: str = "") -> None:
        self.gone.add(f"{path}#{part}" if part else path)

    def reappeared(self, path: str, part: str) -> None:
        self.gone.discard(f"{path}#{part}")

    def is_vanished(self, path: str, part: str = "") -> bool:
        return (f"{path}#{part}" if part else path) in self.gone

    def alive(self, folder: str) -> Iterator[tuple[int, Any]]:
        """The documents of a folder that are not marked, by their numbers."""
        for path in self.paths(folder):
            if path not in self.gone:
                yield int(path.rpartition("/")[2].removesuffix(".json")), self.all[path]

    def counted(self) -> Counter[str]:
        """What ``index.json`` must say of what is saved."""
        counted: Counter[str] = Counter()
        for path, document in self.all.items():
            counted.update(counts_of(path, document, self.is_vanished))
        return counted


@dataclass
class Backup:
    """What earlier runs left of one repository."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    sections: Mapping[str, Section] = field(default_factory=dict)
    fingerprint: str = ""
    rotation: int = 0


class Project:
    """Runs against the stand-in; ``requests`` are those of the last run, signature included.

    A reading pauses ``pause_after_seconds`` after it began, and is resumed after ``meanwhile``;
    ``pauses`` counts how often that happened.
    """

    def __init__(self, root: Path, *names: str, rights: TokenRights | None = None) -> None:
        names = names or ("hello",)
        root.mkdir(exist_ok=True)
        self.hub = GitHubStandIn(root)
        self.hub.catalogue = Catalogue({"octo": Account("octo")}, {}, {TOKEN: "octo"})
        if rights:
            self.hub.rights[TOKEN] = rights
        for number, name in enumerate(names, 1):
            self.hub.catalogue.add(Repository(number, "octo", name))
        self.backups: dict[int, Backup] = {n: Backup() for n in range(1, len(names) + 1)}
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.allowance = Allowance(CancellationToken())
        self.requests: list[str] = []
        self.pause_after_seconds = math.inf
        self.pauses = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __enter__(self) -> "Project":
        self.hub.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.stop()

    def editor(self, number: int = 1) -> Editor:
        """Who edits a repository."""
        return Editor(self.hub.data, self.hub.data.of(number))

    def remote(self, number: int) -> RemoteRepository:
        """A repository as the listing has it."""
        found = self.hub.catalogue.by_id(str(number))
        assert found
        clone_url = f"{self.hub.api_url}/{found.full_name}.git"
        return RemoteRepository(
            number,
            "octo",
            found.name,
            found.private,
            fork=False,
            archived=False,
            size_kib=1,
            has_wiki=False,
            clone_url=clone_url,
            node_id=f"R_{number}",
        )

    def host(
        self,
        *,
        ends_at: float = math.inf,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> GitHubData:
        """A run's host."""
        stop = CancellationToken()
        http = Http(Token(TOKEN), RateLimitGate(stop), stall_seconds=10, connections=4)
        http.trust(self.hub.api_url)
        self.allowance = Allowance(stop, share=share, ends_at=ends_at, clock=clock)
        return GitHubData(http, self.hub.api_url, RetryPolicy(stop, attempts=2), self.allowance)

    def run(
        self,
        *numbers: int,
        host: GitHubData | None = None,
        rotation_items: int = 0,
        settings: bool = False,
        full: bool = False,
    ) -> Reading:
        """One run over some repositories, or all; the reading of the last one that was due."""
        self.now += timedelta(days=1)
        self.hub.requests.clear()
        host = host or self.host()
        remotes = [self.remote(number) for number in numbers or self.backups]
        host.announce(remotes)
        reading = Reading({})
        for remote in remotes:
            reading = self._one(host, remote, rotation_items, settings=settings, full=full)
        self.requests = [f"{each.path}?{each.query}" for each in self.hub.requests]
        return reading

    def _one(
        self,
        host: GitHubData,
        remote: RemoteRepository,
        rotation_items: int,
        *,
        settings: bool,
        full: bool,
    ) -> Reading:
        backup = self.backups[remote.id]
        signature = host.signature(remote)
        unfinished = any(
            section.state in ("failed", "truncated", "under-way")
            for section in backup.sections.values()
        )
        changed = signature.fingerprint != backup.fingerprint
        if not (changed or unfinished or rotation_items or settings or full):
            return Reading(backup.sections)
        task = Task(
            signature,
            self.now,
            backup.sections,
            changed=changed,
            settings=settings or not backup.sections,
            rotation=backup.rotation,
            rotation_items=rotation_items,
            full=full,
            pause_after_seconds=self.pause_after_seconds,
        )
        reading = self._read(host, remote, task, backup)
        while reading.paused:
            assert reading.under_way
            self.pauses += 1
            self.meanwhile()
            rest = replace(task, before=reading.sections, rotation=reading.rotation, resumed=True)
            reading = self._read(host, remote, rest, backup)
        backup.fingerprint = signature.fingerprint
        return reading

    @staticmethod
    def _read(host: GitHubData, remote: RemoteRepository, task: Task, backup: Backup) -> Reading:
        reading = host.read(remote, task, backup.documents)
        backup.sections, backup.rotation = reading.sections, reading.rotation
        counted = backup.documents.counted()
        here = {
            name: section.here
            for name, section in reading.sections.items()
            if not name.startswith("settings.")
        }
        assert here == {name: counted[name] for name in here}
        return reading
