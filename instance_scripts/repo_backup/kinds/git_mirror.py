"""What all kinds that are git repositories have in common: their archive is a bare mirror."""

import contextlib
import logging
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.zip_reader import unpack
from repo_backup.git.fsck import check_mirror
from repo_backup.git.mirror import Mirror, links_unchecked
from repo_backup.git.packs.increment import receive_increment
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.protocol import smart_http as git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import choose_haves, fetch_new, unknown_tips
from repo_backup.git.pushing import push
from repo_backup.git.pushing.push_target import Target
from repo_backup.kinds.base import Fetched, Found, Grown, Resources
from repo_backup.kinds.compaction import compact, is_due, with_pins
from repo_backup.kinds.fetch_attempts import Attempts
from repo_backup.kinds.mirror_chain import (
    KnownChain,
    MirrorChain,
    known_chain,
    open_mirror_chain,
)
from repo_backup.kinds.mirror_rewrites import rewrites_of_increment, rewrites_of_whole
from repo_backup.kinds.received_mirror import Received
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RefusedPackError, RepositoryError, TransientError
from repo_backup.store.chain_store import StoredChain, keeps_versions

log = logging.getLogger(__name__)
_NEW, _WHOLE, _BASE = "new", "whole", "base"


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
                grow=partial(self._grow, known),
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
        """Fetch everything that can be served, and check it: a base."""
        return self._received(known, room).as_base(self.resources.store.part_bytes)

    def _grow(self, known: Advertisement, room: Path, stored: StoredChain) -> Grown:
        """Fetch what the chain lacks, or everything if that cannot be; nothing good is replaced.

        Everything replaces the base if it has all that the chain ends with. Else it is laid over
        it, as history that upstream has rewritten is to stay.
        """
        chain = self._opened(stored)
        if chain is None:
            return Grown(self._fetch(known, room), warnings=_left_behind(stored))
        if not chain.takes(known, self.mirror_name):
            base = self._whole(known, room, chain).as_base(self.resources.store.part_bytes)
            return Grown(base, warnings=_left_behind(stored))
        with contextlib.ExitStack() as stack:
            objects = self._known(chain, room, stack)
            if objects and not self.resources.full:
                try:
                    return self._increment(known, room, chain, objects)
                except (ProofError, RefusedPackError) as error:
                    log.info("%s is fetched whole: %s", self.url, error)
                    shutil.rmtree(room / _NEW, ignore_errors=True)
            whole = self._whole(known, room / _WHOLE, chain)
            part_bytes = self.resources.store.part_bytes
            onto = objects.stored if objects else stored
            # Overlays that no manifest names, and that nobody could check, are left behind.
            unread = objects is None and stored.links > stored.named
            if stored.base_replaced and objects:
                whole = self._compacted(whole, chain, objects, room) or whole
            if unread or stored.base_replaced or self._may_replace(whole, chain):
                told = _left_behind(stored) if unread else ()
                return Grown(whole.as_base(part_bytes), warnings=told)
            side_files = whole.described(self.resources.memory, self.resources.stop)
            whole.mirror.advertisement = with_pins(whole.wanted, chain.ends_with)
            return Grown(whole.as_overlay(part_bytes, side_files), onto)

    def _may_replace(self, whole: Received, chain: MirrorChain) -> bool:
        """Whether a whole answer is the new base: it has all that the chain ends with.

        Where nothing that is replaced can be read any more, overlays are given up only on request;
        while a suspicion is open nothing is.
        """
        keeps = self.resources.full or keeps_versions(self.resources.store, chain.stored.archive)
        if chain.stored.links and not keeps:
            return False
        if self.resources.is_frozen(chain.stored.archive.key):
            return False
        return whole.has(chain.ends_with.tips)

    def _opened(self, stored: StoredChain) -> MirrorChain | None:
        """The chain; None if it cannot be read. Raises TransientError and FatalError."""
        try:
            return open_mirror_chain(stored, self.resources)
        except TransientError:
            raise
        except RepositoryError as error:
            log.info("%s is fetched whole: %s", self.url, error)
            return None

    def _known(
        self, chain: MirrorChain, room: Path, stack: contextlib.ExitStack
    ) -> KnownChain | None:
        """All objects of the chain while ``stack`` is open; None if that cannot be told."""
        if links_unchecked(chain.stored.archive.remarks):
            return None
        whole, stored = self.resources.full, chain.stored
        if whole and stored.named == stored.links and not stored.base_replaced:
            return None
        try:
            return stack.enter_context(known_chain(chain, self.resources, room))
        except RefusedPackError as error:
            log.info("%s is fetched whole: %s", self.url, error)
        except TransientError:
            raise
        except RepositoryError as error:
            log.info("%s is fetched whole: %s", self.url, error)
        return None

    def _increment(
        self, known: Advertisement, room: Path, chain: MirrorChain, objects: KnownChain
    ) -> Grown:
        """What is new, as an overlay; all of a chain that has grown long, as its new base.

        Raises ProofError when everything is to be fetched.
        """
        resources, stop = self.resources, self.resources.stop
        wanted = self._wanted(known)
        pinned = with_pins(wanted, chain.ends_with)
        mirror = Mirror(room / _NEW / self.mirror_name, pinned)
        if wants := unknown_tips(wanted, objects.objects):
            haves = choose_haves(chain.ends_with.refs, wanted)
            with fetch_new(resources.http, wanted, wants, haves) as answer:
                if not answer.common:
                    raise ProofError("the server knows nothing of what is archived")
                increment = receive_increment(
                    mirror, answer.blocks, objects.objects, resources.memory, stop
                )
        else:
            increment = receive_increment(mirror, iter(()), objects.objects, resources.memory, stop)
        lfs = self.seeks_lfs and mirror.adds_lfs(increment.proof.attributes, stop)
        rewrites = rewrites_of_increment(increment, objects, known, chain, resources)
        found = Received(mirror, known, wanted, increment.remarks, lfs, self.attempts, rewrites)
        if is_due(objects.stored, resources, rewrites):
            if base := self._compacted(found, chain, objects, room):
                return Grown(base.as_base(resources.store.part_bytes))
            if objects.stored.base_replaced:
                raise ProofError("what was in the archive's place cannot be put together")
        side_files = {**objects.side_files, **increment.side_files}
        return Grown(found.as_overlay(resources.store.part_bytes, side_files), objects.stored)

    def _compacted(
        self, new: Received, chain: MirrorChain, objects: KnownChain, room: Path
    ) -> Received | None:
        """The chain and what is new in one; None if that cannot be done now."""
        resources = self.resources
        try:
            base = compact(chain, objects, new.mirror, resources, room / _BASE)
        except RepositoryError as error:
            log.warning("%s gets no new base: %s", self.url, error)
            shutil.rmtree(room / _BASE, ignore_errors=True)
            return None
        return replace(new, mirror=base, lfs=self.seeks_lfs and base.uses_lfs(resources.stop))

    def _received(self, known: Advertisement, room: Path) -> Received:
        """Everything that can be served, checked.

        A pack that git refused twice is looked at less closely: history that git would not
        have is archived all the same, if only each object and each link is there.
        """
        closely = self.attempts.closely
        wanted = self._wanted(known)
        mirror = Mirror(room / self.mirror_name, wanted)
        mirror.create()
        stop = self.resources.stop
        with git.fetch(self.resources.http, wanted) as blocks:
            remarks = mirror.receive(blocks, self.resources.memory, stop, closely=closely)
        if not closely:
            remarks = (*remarks, f"archived without a close look: {self.attempts.refusals[0]}")
        lfs = self.seeks_lfs and mirror.uses_lfs(stop)
        stop.check()
        return Received(mirror, known, wanted, remarks, lfs, self.attempts)

    def _whole(self, known: Advertisement, room: Path, chain: MirrorChain) -> Received:
        """Everything, with what upstream rewrote since the last archive of the chain."""
        received = self._received(known, room)
        found = rewrites_of_whole(received.mirror, known, chain, self.resources)
        return replace(received, rewrites=found)

    def _wanted(self, known: Advertisement) -> Advertisement:
        http = self.resources.http
        return self.attempts.wanted(known, lambda ids: git.refusal(http, known, ids))


def _left_behind(stored: StoredChain) -> tuple[str, ...]:
    """The warning about overlays that no manifest names, if there are such. Pure."""
    if stored.links == stored.named:
        return ()
    key = layout.overlay(stored.archive.key, stored.document.id, stored.named + 1)
    return (f"{key} is named by no run and could not be checked; a new archive leaves it behind",)


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
