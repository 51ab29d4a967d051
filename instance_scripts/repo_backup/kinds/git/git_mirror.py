"""The common part of all kinds that are git repositories: their archive is a bare mirror."""

import contextlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.zip_reader import unpack
from repo_backup.git.fsck import check_mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol import smart_http as git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.pushing import push
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import Replaced
from repo_backup.kinds.base import CurrentState, Fetched, Grown, Resources
from repo_backup.kinds.git.fetch_attempts import Attempts
from repo_backup.kinds.git.mirror_growth import Growth
from repo_backup.kinds.git.received_mirror import Received
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.store.chain_store import StoredChain


@dataclass(frozen=True)
class GitMirror:
    """A git repository at ``url``; ``mirror_name`` is its directory in the archive.

    ``seeks_lfs``: whether to find out if it uses Git LFS. ``replaced_since`` asks the host which
    commits its branches pointed to before they were rewritten after a moment (ISO 8601).
    """

    url: str
    mirror_name: str
    resources: Resources
    seeks_lfs: bool = False
    attempts: Attempts = field(default_factory=Attempts)
    replaced_since: Callable[[str], Sequence[Replaced]] = lambda _: ()

    @contextlib.contextmanager
    def find(self) -> Iterator[CurrentState]:
        """Its refs. Raises what :func:`repo_backup.git.protocol.smart_http.advertise` raises."""
        with self._advertised() as known:
            yield CurrentState(
                known.digest,
                len(known.refs),
                is_empty=not known.tips,
                fetch=partial(self._fetch, known),
                grow=partial(self._grow, known),
                warnings=() if known.url == self.url else (f"moved to {known.url}",),
            )

    def after(self, error: TransientError) -> RepositoryError:
        """The error to raise, given the attempts so far."""
        return self.attempts.after(error)

    @contextlib.contextmanager
    def _advertised(self) -> Iterator[Advertisement]:
        """The ref advertisement of the URL.

        A long list is requested a second time, once memory for it is reserved. While it waits for
        that memory, this thread has reserved neither disk nor memory that others wait for.
        """
        http = self.resources.http
        try:
            short = git.advertise(http, self.url, git.SHORT_LIST_BYTES)
        except git.LongListError:
            pass
        else:
            yield short
            return
        with self.resources.lists.reserve(git.LONGEST_LIST_MEMORY) as reservation:
            known = git.advertise(http, self.url, git.LONGEST_LIST_BYTES)
            reservation.keep(known.memory_bytes)
            yield known

    def _fetch(self, known: Advertisement, room: Path) -> Fetched:
        """Fetch everything that upstream can serve as a base, and check it."""
        return self._received(known, room / self.mirror_name).as_base(
            self.resources.store.part_bytes
        )

    def _grow(self, known: Advertisement, room: Path, stored: StoredChain, _: ItemResult) -> Grown:
        """Fetch what the chain lacks, or everything if that fails. Nothing good is replaced."""
        growth = Growth(
            self.resources,
            self._wanted,
            self._received,
            self.attempts,
            self.seeks_lfs,
            self.replaced_since,
        )
        return growth.grow(known, room, stored, self.mirror_name)

    def _received(self, known: Advertisement, path: Path) -> Received:
        """Fetch everything that upstream can serve into a mirror at ``path``, and check it.

        After git has refused two packs, the check is less strict: malformed history is archived
        too, if every object and every link is there.
        """
        check_format = self.attempts.check_format
        wanted = self._wanted(known)
        mirror = Mirror(path, wanted)
        mirror.create()
        stop = self.resources.stop
        with git.fetch(self.resources.http, wanted) as blocks:
            remarks = mirror.receive(blocks, self.resources.memory, stop, check_format=check_format)
        if not check_format:
            remarks = (*remarks, f"archived without a complete check: {self.attempts.refusals[0]}")
        lfs = self.seeks_lfs and mirror.uses_lfs(stop)
        stop.check()
        return Received(mirror, known, wanted, remarks, lfs, self.attempts)

    def _wanted(self, known: Advertisement) -> Advertisement:
        http = self.resources.http
        return self.attempts.wanted(known, lambda ids: git.refusal(http, known, ids))


class MirrorKind:
    """Unpacks, checks and restores archives of bare mirrors."""

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """Unpack a bare mirror into ``into``; returns its directory. Raises RepositoryError."""
        return unpack(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """Unpack an overlay over the bare mirror. Raises RepositoryError."""
        lay_over(file, unpacked)

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: CancellationToken,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Check the mirror with git: see :func:`repo_backup.git.fsck.check_mirror`."""
        return check_mirror(unpacked, result, memory_bytes, stop, same_bytes=same_bytes)

    def next_step(self, unpacked: Path) -> str:
        """The ``git clone`` command for the mirror."""
        return f"git clone {shlex.quote(str(unpacked))}"

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError if the target has refs, or if its host does not list them."""
        push.check_empty(target)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> push.Pushed:
        """Push all refs that the host accepts. Raises RepositoryError."""
        return push.push(unpacked, target, force=force)
