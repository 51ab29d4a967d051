"""A repository's base archive with overlays at a destination, and a manifest after each.

Packs are made by git itself and overlays by zipfile, so that what reads them is not tested against
what writes them.
"""

import hashlib
import io
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link, chain_of
from backup_contract.documents.manifest import (
    Archive,
    Entry,
    ItemResult,
    Manifest,
    by_kind,
)
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.archive.zip_writer import Archive as Zip
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.advertisement import Advertisement, refs_digest
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.store.base import Store

FIRST_RUN = datetime(2026, 9, 4, 17, tzinfo=UTC)
KEY = "github_backups/octo/hello.zip"


@dataclass
class Chain:
    """``octo/hello`` at a store: ``base`` and ``grow`` are runs, a week after each other.

    ``refs`` are those of ``upstream`` after each run, by its id.
    """

    store: Store
    folder: Path
    key: str = KEY
    runs: list[str] = field(default_factory=list)
    refs: dict[str, dict[str, str]] = field(default_factory=dict)
    result: ItemResult = field(default_factory=lambda: ItemResult("empty"))
    document: ChainDocument = field(default_factory=lambda: ChainDocument(KEY, "0" * 12))

    def __post_init__(self) -> None:
        self.upstream = self.folder / "hello.git"
        if not self.upstream.exists():
            init_repository(self.upstream)
            commit_files(self.upstream, {"README.md": "hello", "sub/file": "same"})

    def base(self) -> str:
        """A run that saves everything."""
        run_id, stop = self._next_run(), CancellationToken()
        known = Advertisement("", self._tips(), {}, "refs/heads/main", None, "sha1", frozenset())
        mirror = Mirror(self.folder / run_id / "hello.git", known)
        mirror.create()
        mirror.receive(iter([self._pack()]), ResourceBudget(1 << 30, stop), stop)
        made = Zip(mirror, self.store.part_bytes)
        self.store.put_archive(self.key, made)
        version = self.store.versions(self.key)[0].id
        archive = Archive(self.key, made.size, made.sha256, run_id, version_id=version)
        self.result = ItemResult(
            "backed-up", refs_digest=known.digest, refs=len(known.refs), archive=archive
        )
        self.document = ChainDocument(self.key, layout.chain_id(made.sha256))
        self.write_manifest(run_id)
        return run_id

    def grow(self, files: dict[str, str] | None = None) -> str:
        """A run after a commit (or none, if ``files`` are empty), which saves what is new."""
        before = self._tips()
        if files is None:
            files = {f"file-{len(self.runs)}": f"of run {len(self.runs)}"}
        if files:
            commit_files(self.upstream, files)
        run_id, refs = self._next_run(), self._tips()
        data = self.overlay([f"^{oid}" for oid in before.values()] if files else None)
        self.record(self.put_overlay(data, refs, run_id))
        return run_id

    def record(self, link: Link) -> None:
        """Write down an overlay that was put, in the chain's document and in its run's manifest."""
        self.document = self.document.with_link(link)
        self.store.write(self.document.key, self.document.to_bytes())
        base = self.result.chain
        digest = base.base_refs_digest if base else self.result.refs_digest
        count = base.base_refs if base else self.result.refs
        self.result = replace(
            self.result,
            chain=chain_of(self.document, digest, count),
            refs_digest=link.refs_digest,
            refs=link.refs,
        )
        self.write_manifest(link.run_id)

    def put_overlay(self, data: bytes, refs: dict[str, str], run_id: str) -> Link:
        """Put the overlay that follows the last, which no document and no manifest names yet."""
        key = self.document.next_key
        self.store.write(key, data, "application/zip")
        sha256 = hashlib.sha256(data).hexdigest()
        digest = refs_digest("refs/heads/main", refs)
        version = self.store.versions(key)[0].id
        return Link(key, len(data), sha256, run_id, digest, len(refs), version)

    def overlay(self, known: list[str] | None) -> bytes:
        """A zip of what is new since the ``known`` tips (None: nothing is), and of all refs."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in self._packed(known) if known is not None else ():
                archive.writestr(f"hello.git/objects/pack/{name}", data)
            refs = self._packed_refs()
            archive.writestr("hello.git/packed-refs", refs, zipfile.ZIP_DEFLATED)
            archive.writestr("hello.git/HEAD", "ref: refs/heads/main\n")
        return made.getvalue()

    def write_manifest(self, run_id: str) -> None:
        """What the run wrote down."""
        started = datetime.strptime(run_id, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
        entry = Entry(1, "octo", "hello", False, False, False, by_kind(self.result))
        manifest = Manifest(
            run_id,
            1,
            ["octo"],
            started,
            {entry.identity: entry},
            1,
            started + timedelta(hours=1),
            complete=True,
        )
        manifest.kept = []
        self.store.write(layout.manifest(run_id), manifest.to_json())

    def _next_run(self) -> str:
        run_id = f"{FIRST_RUN + timedelta(weeks=len(self.runs)):%Y-%m-%dT%H-%M-%SZ}"
        self.runs.append(run_id)
        self.refs[run_id] = self._tips()
        return run_id

    def _tips(self) -> dict[str, str]:
        return mirror_tips(self.upstream)

    def _packed_refs(self) -> str:
        tips = sorted(self._tips().items(), key=lambda tip: tip[0].encode())
        lines = [f"{oid} {name}\n" for name, oid in tips]
        return "".join(("# pack-refs with: peeled fully-peeled sorted \n", *lines))

    def _pack(self) -> bytes:
        return subprocess.run(
            ["git", "pack-objects", "--revs", "--all", "--stdout", "-q"],
            cwd=self.upstream,
            input=b"",
            capture_output=True,
            check=True,
        ).stdout

    def _packed(self, known: list[str]) -> Iterator[tuple[str, bytes]]:
        wanted = "".join(f"{line}\n" for line in [*self._tips().values(), *known])
        subprocess.run(
            ["git", "pack-objects", "--revs", "-q", str(self.folder / "pack")],
            cwd=self.upstream,
            input=wanted.encode(),
            capture_output=True,
            check=True,
        )
        for path in sorted(self.folder.glob("pack-*")):
            if path.suffix in (".pack", ".idx"):
                yield path.name, path.read_bytes()
            path.unlink()


def mirror_tips(mirror: Path) -> dict[str, str]:
    """The refs of a bare repository that belong into a backup."""
    lines = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ") for line in lines if "/merge " not in line)
