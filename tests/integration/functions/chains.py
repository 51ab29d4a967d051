"""A repository with a base and overlays over it, as a backup leaves them in the bucket."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self

from moto.s3.models import s3_backends

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link, chain_of
from backup_contract.documents.manifest import Archive, Entry, Item, ItemResult, State
from backup_contract.kinds import GIT
from backup_contract.moments import run_id_of
from reporter.judge.archive_state import Accepted
from tests.integration.functions.account import ACCOUNT
from tests.integration.functions.world import DUE, World

EARLIER, NOW = "2026-11-20T17-00-00Z", "2026-11-27T17-00-00Z"


@dataclass
class SavedRepository:
    """``links`` are in the bucket; the document lists what ``document`` does."""

    s3: Any
    archive: Archive
    document: ChainDocument
    name: str = "hello"
    bucket: str = "backups"

    @classmethod
    def put(
        cls,
        s3: Any,
        name: str = "hello",
        links: int = 2,
        body: bytes = b"base",
        bucket: str = "backups",
    ) -> Self:
        """A base and so many overlays, put by an earlier run."""
        key = f"github_backups/octo/{name}.zip"
        recorded = Archive(**_put(s3, bucket, key, body), run_id=EARLIER)
        document = ChainDocument(key, layout.chain_id(recorded.sha256))
        saved = cls(s3, recorded, document, name, bucket)
        for number in range(links):
            saved.add(b"overlay %d" % number, EARLIER)
        return saved

    def add(self, body: bytes, run_id: str = NOW) -> Link:
        """One overlay more, and its line."""
        put = _put(self.s3, self.bucket, self.document.next_key, body)
        link = Link(**put, run_id=run_id, refs_digest="d", refs=1)
        self.document = self.document.with_link(link)
        self.write(self.document.to_bytes())
        return link

    def write(self, data: bytes) -> None:
        """The chain's document."""
        self.s3.put_object(Bucket=self.bucket, Key=self.document.key, Body=data)

    def rebased(self, body: bytes, run_id: str = NOW) -> None:
        """Another base takes the place of the present one."""
        self.archive = Archive(**_put(self.s3, self.bucket, self.archive.key, body), run_id=run_id)
        self.document = ChainDocument(self.archive.key, layout.chain_id(self.archive.sha256))

    def result(self, links: int | None = None, state: State = "unchanged") -> ItemResult:
        """What a manifest says that names so many overlays; None: all."""
        document = self.document if links is None else self.document.first(links)
        chain = chain_of(document, "base", 1) if document.links else None
        return ItemResult(state, refs_digest="d", refs=1, archive=self.archive, chain=chain)

    def entry(self, links: int | None = None, state: State = "unchanged") -> Entry:
        """The repository in a manifest."""
        number = sum(self.name.encode())
        results = {GIT: self.result(links, state)}
        return Entry(number, "octo", self.name, False, False, False, results)

    def item(self, links: int | None = None, state: State = "unchanged") -> Item:
        """Its own git."""
        return self.entry(links, state).items[0]

    def accepted(self, links: int | None = None) -> dict[str, Accepted]:
        """What a run named that was accepted with so many overlays; None: all."""
        first = self.document if links is None else self.document.first(links)
        digest = first.digest if first.links else ""
        known = Accepted(self.archive.version_id, self.document.id, len(first.links), digest)
        return {self.archive.key: known}


def _put(s3: Any, bucket: str, key: str, body: bytes) -> dict[str, Any]:
    stored = s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="CRC32")
    return {
        "key": key,
        "bytes": len(body),
        "sha256": sha256(body).hexdigest(),
        "checksum": {"algorithm": "CRC32", "value": stored["ChecksumCRC32"]},
        "version_id": stored.get("VersionId"),
        "etag": stored["ETag"],
    }


def run(
    world: World, week: int, entries: Iterable[Entry], verdict: str = "verified", **more: Any
) -> None:
    """The scheduled run of a week, from its launch to its mail; ``more`` is in its manifest."""
    moment = DUE + timedelta(weeks=week)
    world.now, run_id = moment, run_id_of(moment)
    world.send("launcher", {"trigger": "schedule", "scheduled_time": f"{moment:%FT%TZ}"})
    manifest = world.write_manifest([*entries], run_id=run_id, complete=True, **more)
    world.mark(world.own("evidence.json", run_id=run_id), manifest, run_id=run_id)
    world.now += timedelta(minutes=30)
    world.end_instance()
    assert world.verdicts[-1] == verdict, world.mails[-1].body


def put_at(moment: datetime, prefix: str) -> None:
    """Date what was put below a prefix since: the emulator's clock is the machine's."""
    for key, versions in s3_backends[ACCOUNT]["aws"].buckets["backups"].keys.lists():
        for version in versions if key.startswith(prefix) else ():
            if not version.metadata.get("dated"):
                version.last_modified = moment.replace(tzinfo=None)
                version.metadata["dated"] = "yes"
