"""A host of data in memory, and what a run needs to back it up."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from urllib3.response import HTTPResponse

from backup_contract import object_keys as layout
from backup_contract.documents.data_index import Section
from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import DATA
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentSites, Documents, Reading, Signature, Task
from repo_backup.kinds.base import AssetChoice, AttachmentChoice, Resources
from repo_backup.kinds.data.data_kind import ProjectData
from repo_backup.kinds.item_backup import ItemBackup
from repo_backup.net.credentials import Token
from repo_backup.net.http import Answer, Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.restore.archive_reader import ArchiveRef, Reader, Restored
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import NotFoundError, RepositoryError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Blob, Capabilities, Stored
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.objects import ObjectStore

START = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
HELLO = RemoteRepository(
    7, "octo", "hello", False, False, False, 1, False, "https://host.test/x.git"
)
KEY = layout.archive("octo", "hello", DATA)


class Attached(NamedTuple):
    """The answer for an attachment, which ends before its ``length`` if that is longer."""

    body: bytes
    media_type: str = "application/octet-stream"
    url: str = "https://storage.test/file"
    length: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass
class MemoryHost:
    """Documents by path as the host has them now. ``states`` are sections that are refused.

    ``most`` is how many a reading may bring: then it is under way. A reading that may pause does so
    after ``pause_after`` more. ``assets`` are the bytes of releases' files by their ids, or what is
    raised instead; ``asked`` the ids that were asked for.
    ``attachments`` are answers by URL, ``opened`` the URLs that were asked for, ``signed`` the
    addresses of images by URL.
    """

    documents: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Section] = field(default_factory=dict)
    fingerprint: str = ""
    most: int = 1000
    pause_after: int = 1000
    tasks: list[Task] = field(default_factory=list)
    assets: dict[int, bytes | RepositoryError] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    attachments: dict[str, Attached | RepositoryError] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    attachment_sites = AttachmentSites("https://github.com", ("user-images.githubusercontent.com",))

    @property
    def requests(self) -> Mapping[str, int]:
        return {}

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Nothing is prepared."""

    def signature(self, remote: RemoteRepository) -> Signature:
        """What the host has now, or what it is made to say."""
        releases = sum(path.startswith("releases/") for path in self.documents)
        fingerprint = self.fingerprint or repr(sorted(self.documents.items()))
        return Signature(fingerprint, {"releases": releases})

    def read(self, remote: RemoteRepository, task: Task, documents: Documents) -> Reading:
        """Everything, as far as the host may be asked."""
        self.tasks.append(task)
        most = self.most
        if task.pause_after_seconds < math.inf:
            known = task.before["issues"].here if task.resumed else 0
            most = min(most, known + self.pause_after)
        done = set()
        for path in sorted(self.documents)[:most]:
            documents.put(path, self.documents[path])
            done.add(path)
        whole = done == self.documents.keys()
        for folder in ("issues", "releases") if whole else ():
            for path in documents.paths(folder):
                if path not in done:
                    documents.vanished(path)
        state = Section("complete", len(done), len(self.documents), read_at=str(task.now))
        if not whole:
            state = replace(state, state="under-way", reason="the hour's requests are used up")
        sections = {"issues": state, **self.states}
        paused = not whole and most < self.most
        return Reading(sections, task.rotation_items, under_way=not whole, paused=paused)

    def asset_sizes(self, remote: RemoteRepository) -> list[int]:
        """Bytes of each file."""
        return [len(each) for each in self.assets.values() if isinstance(each, bytes)]

    @contextlib.contextmanager
    def open_asset(
        self, remote: RemoteRepository, number: int, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """The whole of a file, whatever part is asked for."""
        self.asked.append(number)
        contents = self.assets.get(number, NotFoundError("there is none"))
        if isinstance(contents, RepositoryError):
            raise contents
        response = HTTPResponse(BytesIO(contents), preload_content=False)
        yield Answer(response, None, "", lambda _: None)

    @contextlib.contextmanager
    def open_attachment(
        self, remote: RemoteRepository, url: str, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """What the URL is answered with."""
        self.opened.append(url)
        found = self.attachments.get(url, NotFoundError("there is none"))
        if isinstance(found, RepositoryError):
            raise found
        length = len(found.body) if found.length is None else found.length
        shown = {"Content-Type": found.media_type, "Content-Length": str(length), **found.headers}
        response = HTTPResponse(
            BytesIO(found.body), headers=shown, preload_content=False, enforce_content_length=False
        )
        yield Answer(response, None, found.url, lambda _: None)

    def signed_images(self, remote: RemoteRepository, urls: Sequence[str]) -> Mapping[str, str]:
        """Those that the host shows."""
        return {url: self.signed[url] for url in urls if url in self.signed}


class Versioned(DirectoryStore):
    """A directory that says that it keeps what is replaced."""

    capabilities = Capabilities(conditional_writes=True, versions=True, full_checksums=False)

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Every version has a name."""
        return replace(super().put_archive(key, archive, new=new), version_id="v")

    def open(self, key: str, version_id: str | None = None) -> Any:
        """The newest, whichever is asked for."""
        return super().open(key)


@dataclass
class Runs:
    """Backs up ``remote`` run by run, a week apart; ``parts`` were stored before all was read."""

    root: Path
    host: MemoryHost
    store: DirectoryStore
    remote: RemoteRepository = HELLO
    now: datetime = START
    result: ItemResult | None = None
    count: int = 0
    choice: AssetChoice = field(default_factory=AssetChoice)
    attached: AttachmentChoice = field(default_factory=AttachmentChoice)
    stop: CancellationToken = field(default_factory=CancellationToken)
    parts: list[ItemResult] = field(default_factory=list)

    def back_up(
        self, *, full: bool = False, days: float = 7, key: str = KEY, damaged: Sequence[str] = ()
    ) -> ItemResult:
        """One run; ``damaged`` are keys of lists that a report found to be so."""
        self.count += 1
        self.now += timedelta(days=days)
        stop = self.stop
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        http = Http(Token(None), RateLimitGate(stop), stall_seconds=1, connections=1)
        budget = ResourceBudget(1 << 30, stop)
        resources = Resources(
            *(http, self.store, RetryPolicy(stop), stop, scratch, f"r{self.count}"),
            *(budget, budget, budget),
            full=full,
            data=self.host,
            objects=ObjectStore(self.store, RetryPolicy(stop)),
            assets=self.choice,
            attachments=self.attached,
        )
        kind = ProjectData(clock=lambda: self.now)
        item = ItemBackup(kind, self.remote, key, resources, damaged_chains=damaged)
        self.result = item.back_up(self.result, self.parts.append)
        assert not any(scratch.iterdir())
        return self.result

    def restore(self, name: str = "restored") -> Restored:
        """The newest state, checked, in a new folder."""
        assert self.result
        assert self.result.archive
        archive = self.result.archive
        found = ArchiveRef("octo/hello", archive.key, archive.version_id, self.result, kind=DATA)
        reader = Reader(self.store, RetryPolicy(CancellationToken()), 1 << 30)
        return reader.fetch(found, self.root / name)
