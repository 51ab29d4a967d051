"""A chain of archives of one repository, built by the parts that a run is made of."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backup_contract import object_keys as keys
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.corpus import git
from repo_backup.archive.chain_index import known_objects
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.archive.zip_reader import unpack
from repo_backup.archive.zip_writer import Archive, OverlayArchive
from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment, describe_pack, receive_increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.protocol import smart_http
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import choose_haves, fetch_new, unknown_tips
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.store.directory import DirectoryStore

_MEMORY = 1 << 30


@dataclass
class Chain:
    """The archives of ``octo/<name>`` in the directory ``root``, fetched from a stand-in."""

    hub: GitHubStandIn
    name: str
    root: Path
    refs: dict[str, str] = field(default_factory=dict)
    key: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    base_files: dict[str, bytes] = field(default_factory=dict)
    common: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.stop = CancellationToken()
        self.memory = ResourceBudget(_MEMORY, self.stop)
        self.store = DirectoryStore(self.root)
        self.key = keys.archive("octo", self.name)
        rate_limit_gate = RateLimitGate(self.stop)
        self.http = Http(Token(CORPUS_TOKEN), rate_limit_gate, stall_seconds=10, connections=1)
        self.http.trust(self.hub.api_url)

    @property
    def upstream(self) -> Path:
        """Where the stand-in keeps the repository."""
        return self.hub.root / "octo" / f"{self.name}.git"

    def advertised(self) -> Advertisement:
        """What the stand-in says that it has."""
        url = f"{self.hub.api_url}/octo/{self.name}.git"
        return smart_http.advertise(self.http, url, 1 << 26)

    def begin(self, comment: str = "") -> Archive:
        """Fetch everything: a base."""
        known = self.advertised()
        with self._room() as room:
            mirror = Mirror(room / f"{self.name}.git", known)
            mirror.create()
            with smart_http.fetch(self.http, known) as blocks:
                mirror.receive(blocks, self.memory, self.stop)
            assert mirror.pack
            form = known.object_format
            self.base_files = describe_pack(mirror.pack, form, _MEMORY, self.stop)
            made = Archive(mirror, self.store.part_bytes, comment)
            self.store.put_archive(self.key, made)
        self.sizes = {self.key: made.size}
        self.chain = keys.chain_id(made.sha256)
        self.refs = known.refs
        return made

    def grow(self) -> Increment:
        """Fetch what is new: an overlay."""
        known = self.advertised()
        with self._room() as room, self.known(known.object_format) as objects:
            mirror = Mirror(room / f"{self.name}.git", known)
            increment = self.received(mirror, objects)
            beside = {} if len(self.sizes) > 1 else self.base_files
            files = {**beside, **increment.side_files}
            made = OverlayArchive(mirror, files, self.store.part_bytes)
            key = keys.overlay(self.key, self.chain, len(self.sizes))
            self.store.put_archive(key, made)
        self.sizes[key] = made.size
        self.refs = known.refs
        return increment

    def received(self, mirror: Mirror, objects: KnownObjects) -> Increment:
        """What is new, received into a mirror; without a request where nothing is."""
        known = mirror.advertisement
        wants = unknown_tips(known, objects)
        if not wants:
            return receive_increment(mirror, iter(()), objects, self.memory, self.stop)
        haves = choose_haves(self.refs, known)
        with fetch_new(self.http, known, wants, haves) as answer:
            self.common = answer.common
            return receive_increment(mirror, answer.blocks, objects, self.memory, self.stop)

    @contextlib.contextmanager
    def known(self, object_format: str = "sha1") -> Iterator[KnownObjects]:
        """What the chain holds, read from its stored zips."""
        links = [StoredZip(self.store, key, size) for key, size in self.sizes.items()]
        beside: Mapping[str, bytes] = self.base_files if len(links) == 1 else {}
        with (
            self._room() as room,
            known_objects(links, object_format, room, beside) as objects,
        ):
            yield objects

    def restored(self, into: Path, links: int | None = None) -> Path:
        """The mirror of the first ``links`` archives, all by default."""
        first, *rest = list(self.sizes)[:links]
        with self.store.open(first) as file:
            mirror = unpack(file, into)
        for key in rest:
            with self.store.open(key) as file:
                lay_over(file, mirror)
        return mirror

    @contextlib.contextmanager
    def _room(self) -> Iterator[Path]:
        room = Path(tempfile.mkdtemp(dir=self.root.parent))
        try:
            yield room
        finally:
            shutil.rmtree(room)


def whole(mirror: Path) -> dict[str, str]:
    """The refs of a mirror that git finds no fault with."""
    git(mirror, "fsck", "--full", "--strict", "--no-dangling")
    listed = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in listed if "/merge " not in line)
