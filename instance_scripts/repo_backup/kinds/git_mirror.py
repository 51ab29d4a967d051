"""What all kinds that are git repositories have in common: their archive is a bare mirror."""

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.zip_reader import unpack
from repo_backup.archive.zip_writer import Archive
from repo_backup.git.fsck import check_mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol import smart_http as git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.pushing import push
from repo_backup.git.pushing.push_target import Target
from repo_backup.git.restorable import oddities
from repo_backup.kinds.base import Fetched, Found, Resources
from repo_backup.kinds.fetch_attempts import Attempts
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, TransientError


@dataclass(frozen=True)
class GitMirror:
    """A git repository at ``url``; ``mirror_name`` is its directory in the archive.

    ``seeks_lfs``: whether to find out if it uses Git LFS.
    """

    url: str
    mirror_name: str
    resources: Resources
    seeks_lfs: bool = False
    attempts: Attempts = field(default_factory=Attempts)

    @contextlib.contextmanager
    def find(self) -> Iterator[Found]:
        """Its refs. Raises what :func:`repo_backup.git.protocol.smart_http.advertise` raises."""
        with self._advertised() as known:
            yield Found(
                known.digest,
                len(known.refs),
                is_empty=not known.tips,
                fetch=partial(self._fetch, known),
                warnings=() if known.url == self.url else (f"moved to {known.url} meanwhile",),
            )

    def after(self, error: TransientError) -> RepositoryError:
        """What the attempts so far say of this error."""
        return self.attempts.after(error)

    @contextlib.contextmanager
    def _advertised(self) -> Iterator[Advertisement]:
        """What is at the address; a long list only when there is memory for it, and asked anew.

        Whoever waits for that holds neither disk nor memory that others wait for.
        """
        http = self.resources.http
        try:
            short = git.advertise(http, self.url, git.SHORT_LIST_BYTES)
        except git.LongListError:
            pass
        else:
            yield short
            return
        with self.resources.lists.lend(git.LONGEST_LIST_MEMORY) as loan:
            known = git.advertise(http, self.url, git.LONGEST_LIST_BYTES)
            loan.keep(known.memory_bytes)
            yield known

    def _fetch(self, known: Advertisement, room: Path) -> Fetched:
        """Fetch everything that can be served, and check it.

        A pack that git refused twice is looked at less closely: history that git would not
        have is archived all the same, if only each object and each link is there.
        """
        http, stop = self.resources.http, self.resources.stop
        closely = self.attempts.closely
        wanted = self.attempts.wanted(known, lambda ids: git.refusal(http, known, ids))
        mirror = Mirror(room / self.mirror_name, wanted)
        mirror.create()
        with git.fetch(http, wanted) as blocks:
            remarks = mirror.receive(blocks, self.resources.memory, stop, closely=closely)
        remarks = (
            *oddities(wanted.head, wanted.refs, wanted.peeled, wanted.shallow),
            *remarks,
        )
        if not closely:
            remarks = (*remarks, f"archived without a close look: {self.attempts.refusals[0]}")
        lfs = self.seeks_lfs and mirror.uses_lfs(stop)
        if lfs is None:
            remarks = (*remarks, "whether it uses Git LFS took too much to find out")
        stop.check()
        return Fetched(
            Archive(mirror, self.resources.store.part_bytes),
            wanted.digest,
            len(wanted.refs),
            remarks,
            lfs=bool(lfs),
            unserved=self.attempts.unserved(known, wanted),
        )


class MirrorKind:
    """How an archive that holds a bare mirror is read, checked and restored."""

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """The bare mirror, new in ``into``. Raises RepositoryError."""
        return unpack(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """An overlay over the bare mirror. Raises RepositoryError."""
        lay_over(file, unpacked)

    def check(
        self, unpacked: Path, result: ItemResult | None, memory_bytes: int, stop: Stop
    ) -> tuple[str, ...]:
        """Let git check it: see :func:`repo_backup.git.fsck.check_mirror`."""
        return check_mirror(unpacked, result, memory_bytes, stop)

    def next_step(self, unpacked: Path) -> str:
        """A mirror is cloned."""
        return f"git clone {shlex.quote(str(unpacked))}"

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError when the target has refs, or when its host does not list them."""
        push.check_empty(target)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> push.Pushed:
        """Push all refs that the host takes. Raises RepositoryError."""
        return push.push(unpacked, target, force=force)
