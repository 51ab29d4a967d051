"""A mirror's chain of archives, and what upstream has now: what is fetched, and how it is stored.

Nothing good is replaced. What is new becomes an overlay. A whole answer replaces the base if it has
all that the chain ends with; else it is laid over it. Where it cannot be, and where no overlay may
follow, all that can be read of the chain goes into the new base.
"""

import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from repo_backup.git.mirror import Mirror, links_unchecked
from repo_backup.git.packs.increment import receive_increment
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import choose_haves, fetch_new, unknown_tips
from repo_backup.kinds.base import Grown, Resources
from repo_backup.kinds.compaction import compact, is_due, with_pins
from repo_backup.kinds.fetch_attempts import Attempts
from repo_backup.kinds.known_chain import KnownChain, known_chain
from repo_backup.kinds.mirror_chain import MirrorChain, open_mirror_chain
from repo_backup.kinds.mirror_rewrites import rewrites_of_increment, rewrites_of_whole
from repo_backup.kinds.received_mirror import Received
from repo_backup.runtime.errors import (
    DiskFullError,
    RefusedPackError,
    RepositoryError,
    TransientError,
    UnfitMachineError,
)
from repo_backup.store.chain_store import StoredChain, keeps_versions
from repo_backup.store.chains import ChainListError

log = logging.getLogger(__name__)
_NEW, _WHOLE, _BASE = "new", "whole", "base"
_SAYS_NOTHING = (DiskFullError, TransientError, UnfitMachineError)


@dataclass(frozen=True)
class Growth:
    """Adds to the chain of one mirror.

    ``wanted`` is what can be served of what upstream lists; ``received`` fetches all of that into a
    new mirror at a path, and checks it. ``seeks_lfs``: whether to find out if it uses Git LFS.
    """

    resources: Resources
    wanted: Callable[[Advertisement], Advertisement]
    received: Callable[[Advertisement, Path], Received]
    attempts: Attempts
    seeks_lfs: bool

    def grow(
        self, known: Advertisement, room: Path, stored: StoredChain, mirror_name: str
    ) -> Grown:
        """Fetch what the chain lacks of what upstream lists (``known``), or everything.

        ``mirror_name`` is for a base that nothing comes before. Raises RepositoryError where good
        history would be lost for ever.
        """
        try:
            chain = open_mirror_chain(stored, self.resources)
        except _SAYS_NOTHING:
            raise
        except RepositoryError as error:
            return self._anew(known, room / mirror_name, str(error))
        if chain.object_format != known.object_format:
            told = f"upstream has {known.object_format} objects now, its archive has others"
            self._refuse_loss(stored, told)
            return self._anew(known, room / mirror_name, told)
        with contextlib.ExitStack() as stack:
            try:
                objects = self._known(chain, known, room, stack)
            except ChainListError as error:
                return self._anew(known, room / mirror_name, str(error))
            if objects and not (self.resources.full or chain.is_shallow):
                try:
                    return self._increment(known, room, objects)
                except (ProofError, RefusedPackError) as error:
                    log.info("%s is fetched whole: %s", stored.archive.key, error)
                    shutil.rmtree(room / _NEW, ignore_errors=True)
            return self._whole(known, room, objects.chain if objects else chain, objects)

    def _anew(self, known: Advertisement, path: Path, reason: str) -> Grown:
        """Everything, in place of a base of which nothing can be kept."""
        told = f"{reason}; a new archive takes its place"
        fetched = self.received(known, path).as_base(self.resources.store.part_bytes)
        return Grown(fetched, warnings=(told,))

    def _whole(
        self, known: Advertisement, room: Path, chain: MirrorChain, objects: KnownChain | None
    ) -> Grown:
        """Everything: as base, as overlay, or in a base with all of the chain."""
        whole = self.received(known, room / _WHOLE / chain.mirror_name)
        rewrites = rewrites_of_whole(whole.mirror, known, chain, self.resources)
        whole, stored = replace(whole, rewrites=rewrites), chain.stored
        part_bytes, told = self.resources.store.part_bytes, _told(stored)
        if not stored.base_replaced and self._may_replace(whole, chain):
            return Grown(whole.as_base(part_bytes), warnings=told)
        is_cut = chain.is_shallow or bool(whole.mirror.advertisement.shallow)
        is_unread = objects is None and stored.links > stored.named
        if stored.needs_base or is_cut or is_unread:
            if objects and (base := self._compacted(whole, objects, room)):
                return Grown(base.as_base(part_bytes), warnings=told)
            self._refuse_loss(stored, stored.fault or "its archive cannot be put together with it")
            return Grown(whole.as_base(part_bytes), warnings=told)
        side_files = whole.described(self.resources.memory, self.resources.stop)
        whole.mirror.advertisement = with_pins(whole.wanted, chain.ends_with)
        return Grown(whole.as_overlay(part_bytes, side_files), stored)

    def _may_replace(self, whole: Received, chain: MirrorChain) -> bool:
        """Whether a whole answer is the new base: it has all tips that the chain ever had.

        Where nothing that is replaced can be read any more, overlays are given up only on request;
        while a suspicion is open nothing is.
        """
        stored = chain.stored
        if stored.links and not self._may_lose(stored):
            return False
        if self.resources.is_frozen(stored.archive.key) or whole.mirror.advertisement.shallow:
            return False
        tips = {tip for each in chain.zips for tip in each.refs(chain.object_format).tips}
        return whole.has(tips)

    def _may_lose(self, stored: StoredChain) -> bool:
        """Whether another archive may take this one's place: it stays a version, or on request."""
        return self.resources.full or keeps_versions(self.resources.store, stored.archive)

    def _refuse_loss(self, stored: StoredChain, reason: str) -> None:
        """Raise RepositoryError where what only the archive holds would be lost for ever."""
        if self._may_lose(stored):
            return
        raise RepositoryError(
            f"{reason}; a new archive would lose what {stored.archive.key} holds, and the "
            "destination keeps no versions: --full --force makes one"
        )

    def _known(
        self, chain: MirrorChain, known: Advertisement, room: Path, stack: contextlib.ExitStack
    ) -> KnownChain | None:
        """All objects of the chain while ``stack`` is open; None if that cannot be told.

        Raises ChainListError for a base that is not what was recorded.
        """
        stored = chain.stored
        if links_unchecked(stored.archive.remarks):
            return None
        is_simple = not (stored.needs_base or chain.is_shallow or known.shallow)
        if self.resources.full and stored.named == stored.links and is_simple:
            return None
        try:
            return stack.enter_context(known_chain(chain, self.resources, room))
        except RefusedPackError as error:
            log.info("%s is fetched whole: %s", stored.archive.key, error)
        except (ChainListError, TransientError):
            raise
        except RepositoryError as error:
            log.info("%s is fetched whole: %s", stored.archive.key, error)
        return None

    def _increment(self, known: Advertisement, room: Path, objects: KnownChain) -> Grown:
        """What is new, as an overlay; all of a chain that has grown long, as its new base.

        History that upstream has cut off meanwhile is in the chain, or the proof fails. Raises
        ProofError when everything is to be fetched.
        """
        resources, stop, chain = self.resources, self.resources.stop, objects.chain
        wanted = replace(self.wanted(known), shallow=())
        pinned = with_pins(wanted, chain.ends_with)
        mirror = Mirror(room / _NEW / chain.mirror_name, pinned)
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
        rewrites = rewrites_of_increment(increment, objects, known, resources)
        found = Received(mirror, known, wanted, increment.remarks, lfs, self.attempts, rewrites)
        told = (*_told(chain.stored), *_cut_off(known))
        if is_due(chain.stored, resources, rewrites):
            if base := self._compacted(found, objects, room):
                return Grown(base.as_base(resources.store.part_bytes), warnings=told)
            if chain.stored.needs_base:
                raise ProofError("what is stored and what is new cannot be put together")
        side_files = {**objects.side_files, **increment.side_files}
        overlay = found.as_overlay(resources.store.part_bytes, side_files)
        return Grown(overlay, chain.stored, told)

    def _compacted(self, new: Received, objects: KnownChain, room: Path) -> Received | None:
        """The chain and what is new in one; None if that cannot be done now.

        Raises what says nothing of the chain, if that needs a new base.
        """
        resources, needs_base = self.resources, objects.chain.stored.needs_base
        try:
            base = compact(objects, new.mirror, new.wanted.refs, resources, room / _BASE)
        except RepositoryError as error:
            if needs_base and isinstance(error, _SAYS_NOTHING):
                raise
            log.warning("%s gets no new base: %s", objects.chain.stored.archive.key, error)
            shutil.rmtree(room / _BASE, ignore_errors=True)
            return None
        return replace(new, mirror=base, lfs=self.seeks_lfs and base.uses_lfs(resources.stop))


def _told(stored: StoredChain) -> tuple[str, ...]:
    """The warning about what a new base leaves behind, if it does. Pure."""
    if not stored.fault:
        return ()
    return (f"{stored.fault}; a new archive holds all that could be read before it",)


def _cut_off(known: Advertisement) -> tuple[str, ...]:
    """The warning about history that upstream has no more, if there is such. Pure."""
    if not known.shallow:
        return ()
    return ("upstream became a shallow repository; its archive goes on holding the whole history",)
