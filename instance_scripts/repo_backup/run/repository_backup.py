"""One address, from its refs to its archive: what a repository and its wiki have in common."""

import contextlib
import errno
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from backup_contract.documents import manifest
from backup_contract.documents.manifest import ItemResult, State
from repo_backup.archive import zip_writer as archives
from repo_backup.git import smart_http as git
from repo_backup.git.advertisement import Advertisement
from repo_backup.git.mirror import Mirror
from repo_backup.git.restorable import oddities
from repo_backup.net.http import Http
from repo_backup.run.fetch_attempts import Attempts, without_change
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import (
    AbsentError,
    DiskFullError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Store, Stored

_ONCE_THERE: dict[State, str] = {
    "empty": "became empty; its archive is kept",
    "absent": "is not there any more; its archive is kept",
}


@dataclass(frozen=True)
class Address:
    """Where something is fetched from, and under which key its archive goes.

    ``size_bytes`` is an estimate of the disk that its mirror takes.
    """

    url: str
    key: str
    mirror_name: str
    size_bytes: int
    is_wiki: bool = False
    is_private: bool = False


@dataclass(frozen=True)
class Fetcher:
    """Backs addresses up, any number at once. ``directory`` is where mirrors are made.

    ``memory`` is git's, ``lists`` what long lists of refs may take of this program's own.
    """

    http: Http
    store: Store
    patience: Patience
    stop: Stop
    directory: Path
    run_id: str
    disk: Budget
    memory: Budget
    lists: Budget
    full: bool = False

    def back_up(self, address: Address, earlier: ItemResult | None) -> ItemResult:
        """Fetch and store what is at the address, unless ``earlier`` is still the whole truth.

        Every trouble that is this repository's own comes back as state ``failed`` with its reason,
        keeping the earlier archive. Raises FatalError and InterruptedRunError only.
        """
        return self._classified(address, earlier, lambda: self._patiently(address, earlier))

    def look(self, address: Address, earlier: ItemResult | None) -> ItemResult:
        """What ``back_up`` would say, by the refs alone: what it would fetch is ``backed-up``."""

        def looked() -> ItemResult:
            with self._advertised(address) as known:
                part = self._compared(address, known, earlier)
                return part or ItemResult("backed-up", refs=len(known.refs))

        return self._classified(address, earlier, lambda: self.patience.call(looked))

    def _classified(
        self, address: Address, earlier: ItemResult | None, action: Callable[[], ItemResult]
    ) -> ItemResult:
        started = time.monotonic()
        try:
            part = action()
        except AbsentError as error:
            part = (
                ItemResult("absent")
                if address.is_wiki
                else ItemResult("failed", _not_found(address, error))
            )
        except UnauthorizedError as error:
            # Without a token GitHub asks for credentials rather than admit that nothing is there.
            if address.is_wiki and not self.http.has_token:
                part = ItemResult("absent")
            else:
                part = ItemResult("failed", str(error))
        except RepositoryError as error:
            part = ItemResult("failed", str(error))
        if part.archive is None and earlier and earlier.archive:
            part = part.keeping(earlier)
            if said := _ONCE_THERE.get(part.state):
                part = replace(part, warnings=(*part.warnings, said))
        return replace(part, seconds=time.monotonic() - started)

    def _patiently(self, address: Address, earlier: ItemResult | None) -> ItemResult:
        attempts = Attempts()

        def attempt(disk_bytes: int) -> ItemResult:
            try:
                return self._once(address, earlier, disk_bytes, attempts)
            except TransientError as error:
                after = attempts.after(error)
                if after is error:
                    raise
                raise after from error

        try:
            return self.patience.call(lambda: attempt(address.size_bytes))
        except DiskFullError:
            # Once more, with the whole disk for itself.
            return self.patience.call(lambda: attempt(self.disk.total))

    def _once(
        self, address: Address, earlier: ItemResult | None, disk_bytes: int, attempts: Attempts
    ) -> ItemResult:
        with self._advertised(address) as known:
            part = self._compared(address, known, earlier)
            if part:
                return part
            with self.disk.lend(disk_bytes):
                return self._fetch(address, known, attempts)

    @contextlib.contextmanager
    def _advertised(self, address: Address) -> Iterator[Advertisement]:
        """What is at the address; a long list only when there is memory for it, and asked anew.

        Whoever waits for that holds neither disk nor memory that others wait for.
        """
        try:
            short = git.advertise(self.http, address.url, git.SHORT_LIST_BYTES)
        except git.LongListError:
            pass
        else:
            yield short
            return
        with self.lists.lend(git.LONGEST_LIST_MEMORY) as loan:
            known = git.advertise(self.http, address.url, git.LONGEST_LIST_BYTES)
            loan.keep(known.memory_bytes)
            yield known

    def _compared(
        self, address: Address, known: Advertisement, earlier: ItemResult | None
    ) -> ItemResult | None:
        """What there is to say by the refs alone; None when it must be fetched."""
        about = _about(address, known)
        if not known.tips:
            return about
        same = (
            earlier
            and earlier.archive
            and without_change(known, earlier.refs_digest, earlier.unserved)
            and earlier.archive.key == address.key
        )
        if earlier and earlier.archive and same and not self.full:
            mine = earlier.archive.run_id == self.run_id
            state: State = "backed-up" if mine else "unchanged"
            kept = (*about.warnings, *earlier.warnings) if mine else about.warnings
            return _lacking(replace(about, state=state, warnings=kept).keeping(earlier))
        return None

    def _fetch(self, address: Address, known: Advertisement, attempts: Attempts) -> ItemResult:
        """Fetch everything that can be served, check it, and store it.

        A pack that git refused twice is looked at less closely: history that git would not
        have is archived all the same, if only each object and each link is there.
        """
        closely = attempts.closely
        wanted = attempts.wanted(known, lambda ids: git.refusal(self.http, known, ids))
        room = Path(tempfile.mkdtemp(dir=self.directory))
        try:
            mirror = Mirror(room / address.mirror_name, wanted)
            mirror.create()
            with git.fetch(self.http, wanted) as blocks:
                remarks = mirror.receive(blocks, self.memory, self.stop, closely=closely)
            remarks = (
                *oddities(wanted.head, wanted.refs, wanted.peeled, wanted.shallow),
                *remarks,
            )
            if not closely:
                remarks = (*remarks, f"archived without a close look: {attempts.refusals[0]}")
            lfs = not address.is_wiki and mirror.uses_lfs(self.stop)
            if lfs is None:
                remarks = (*remarks, "whether it uses Git LFS took too much to find out")
            self.stop.check()
            zipped = archives.Archive(mirror, self.store.part_bytes)
            stored = self._store(address.key, zipped)
        except OSError as error:
            raise _disk_error(error) from error
        finally:
            shutil.rmtree(room, ignore_errors=True)
        described = manifest.Archive(
            key=address.key,
            bytes=zipped.size,
            sha256=zipped.sha256,
            run_id=self.run_id,
            checksum=stored.checksum,
            version_id=stored.version_id,
            etag=stored.etag,
            remarks=remarks,
        )
        about = _about(address, wanted)
        part = replace(
            about,
            state="backed-up",
            warnings=(*about.warnings, *remarks),
            lfs=bool(lfs),
            archive=described,
            unserved=attempts.unserved(known, wanted),
        )
        return _lacking(part)

    def _store(self, key: str, zipped: archives.Archive) -> Stored:
        """Upload, again if need be, without fetching again."""
        try:
            return self.patience.call(lambda: self.store.put_archive(key, zipped))
        except TransientError as error:
            raise RepositoryError(str(error)) from error


def _not_found(address: Address, error: AbsentError) -> str:
    """The reason, with what GitHub means by it where a private repository was listed."""
    if not address.is_private:
        return str(error)
    return (
        f"{error}; it is listed, so the token lacks the right to read its contents (Contents), or "
        "it was renamed or deleted since"
    )


def _about(address: Address, known: Advertisement) -> ItemResult:
    moved = () if known.url == address.url else (f"moved to {known.url} meanwhile",)
    return ItemResult("empty", None, moved, known.digest, len(known.refs))


def _lacking(part: ItemResult) -> ItemResult:
    """The same, saying what its archive lacks: without a branch or a tag it is a failure."""
    lacks = part.unserved
    if lacks and lacks.warning and lacks.warning not in part.warnings:
        part = replace(part, warnings=(*part.warnings, lacks.warning))
    return replace(part, state="failed", reason=lacks.reason) if lacks and lacks.reason else part


def _disk_error(error: OSError) -> RepositoryError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError("the temporary directory is full")
    return RepositoryError(f"the temporary directory fails: {error.strerror}")
