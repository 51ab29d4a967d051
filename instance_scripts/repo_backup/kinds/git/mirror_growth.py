"""Decides what to fetch for a mirror that has a chain of archives, and how to store it.

Nothing good is replaced. New history becomes an overlay. A whole fetch replaces the base if it has
every tip that the chain ever had; otherwise it becomes an overlay too. If no overlay may follow,
a new base takes in everything that can be read of the chain.
"""

import contextlib
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.judgement.rewrites import objection_to
from backup_contract.moments import iso, named_moment
from repo_backup.git.mirror import Mirror, links_unchecked
from repo_backup.git.packs.increment import Increment, receive_increment
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import choose_haves, fetch_new, unknown_tips
from repo_backup.git.rewrites import is_known
from repo_backup.hosts.base import Replaced
from repo_backup.kinds.base import Grown, Resources
from repo_backup.kinds.git.compaction import compact, is_due, with_pins
from repo_backup.kinds.git.fetch_attempts import Attempts
from repo_backup.kinds.git.known_chain import KnownChain, known_chain
from repo_backup.kinds.git.mirror_chain import MirrorChain, open_mirror_chain
from repo_backup.kinds.git.mirror_rewrites import (
    rewrites_of_increment,
    rewrites_of_whole,
    switched_head,
)
from repo_backup.kinds.git.received_mirror import Received
from repo_backup.kinds.git.replaced_commits import (
    Rescued,
    Served,
    is_served,
    pin_of,
    served_of,
    unarchived,
    warnings_of,
)
from repo_backup.runtime.errors import (
    DiskFullError,
    RefusedPackError,
    RefusedWantError,
    RepositoryError,
    TransientError,
    UnfitMachineError,
)
from repo_backup.store.chain_store import StoredChain, keeps_versions
from repo_backup.store.chains import ChainListError

log = logging.getLogger(__name__)
_NEW, _MORE, _WHOLE, _BASE = "new", "more", "whole", "base"
_INCONCLUSIVE = (DiskFullError, TransientError, UnfitMachineError)


@dataclass(frozen=True)
class Growth:
    """Adds to the chain of one mirror.

    ``wanted`` reduces the advertised refs to those that upstream can serve. ``received`` fetches
    all of these into a new mirror at a path, and checks it. ``seeks_lfs`` and ``replaced_since``
    are as in :class:`repo_backup.kinds.git.git_mirror.GitMirror`.
    """

    resources: Resources
    wanted: Callable[[Advertisement], Advertisement]
    received: Callable[[Advertisement, Path], Received]
    attempts: Attempts
    seeks_lfs: bool
    replaced_since: Callable[[str], Sequence[Replaced]]

    def grow(
        self, known: Advertisement, room: Path, stored: StoredChain, mirror_name: str
    ) -> Grown:
        """Fetch what the chain lacks of the advertised refs (``known``), or everything.

        ``mirror_name`` names the mirror in a base that starts afresh. Raises RepositoryError if
        good history would be lost for ever.
        """
        try:
            chain = open_mirror_chain(stored, self.resources)
        except _INCONCLUSIVE:
            raise
        except RepositoryError as error:
            return self._anew(known, room / mirror_name, str(error))
        if chain.object_format != known.object_format:
            warnings = f"upstream has {known.object_format} objects now, unlike its archive"
            self._refuse_loss(stored, warnings)
            return self._anew(known, room / mirror_name, warnings)
        with contextlib.ExitStack() as stack:
            try:
                objects = self._known(chain, known, room, stack)
            except ChainListError as error:
                return self._anew(known, room / mirror_name, str(error))
            whole = self.resources.full or self.attempts.whole_only or chain.is_shallow
            if objects and not whole:
                try:
                    return self._increment(known, room, objects)
                except (ProofError, RefusedPackError) as error:
                    self.attempts.after_increment(error)
                    log.info("%s is fetched whole: %s", stored.archive.key, error)
                    shutil.rmtree(room / _NEW, ignore_errors=True)
            return self._whole(known, room, objects.chain if objects else chain, objects)

    def _anew(self, known: Advertisement, path: Path, reason: str) -> Grown:
        """Fetch everything, to replace a base of which nothing can be kept."""
        warnings = f"{reason}; a new archive takes its place"
        fetched = self.received(known, path).as_base(self.resources.store.part_bytes)
        return Grown(fetched, warnings=(warnings,))

    def _whole(
        self, known: Advertisement, room: Path, chain: MirrorChain, objects: KnownChain | None
    ) -> Grown:
        """Fetch everything, as a base, an overlay, or a base that takes in the whole chain."""
        whole = self.received(known, room / _WHOLE / chain.mirror_name)
        rewrites = rewrites_of_whole(whole.mirror, known, chain, self.resources)
        whole, stored = replace(whole, rewrites=rewrites), chain.stored
        part_bytes = self.resources.store.part_bytes
        warnings = (*_warnings(stored), *switched_head(chain, known))
        if not stored.base_replaced and self._may_replace(whole, chain):
            return Grown(whole.as_base(part_bytes), warnings=warnings)
        is_cut = chain.is_shallow or bool(whole.mirror.advertisement.shallow)
        is_unread = objects is None and stored.links > stored.named
        must = stored.needs_base or is_cut or is_unread
        together = objects if must or self._is_asked(stored, rewrites) else None
        if together and (base := self._compacted(whole, together, room)):
            return Grown(base.as_base(part_bytes), warnings=warnings)
        if must:
            self._refuse_loss(stored, stored.fault or "its archive cannot be put together with it")
            return Grown(whole.as_base(part_bytes), warnings=warnings)
        side_files = whole.described(self.resources.memory, self.resources.stop)
        whole.mirror.advertisement = with_pins(whole.wanted, chain.ends_with)
        return Grown(whole.as_overlay(part_bytes, side_files), stored, warnings)

    def _may_replace(self, whole: Received, chain: MirrorChain) -> bool:
        """Whether a whole fetch may be the new base: it has every tip that the chain ever had.

        If the destination keeps no versions, overlays are given up only on request. Nothing is
        given up while a suspicion is open.
        """
        stored = chain.stored
        if stored.links and not self._may_lose(stored):
            return False
        if self.resources.is_frozen(stored.archive.key) or whole.mirror.advertisement.shallow:
            return False
        tips = {tip for each in chain.zips for tip in each.refs(chain.object_format).tips}
        return whole.has(tips)

    def _is_asked(self, stored: StoredChain, rewrites: Rewrites | None) -> bool:
        """Whether ``--full`` asks for a base instead of overlays, and no suspicion forbids it."""
        is_frozen = objection_to(rewrites) or self.resources.is_frozen(stored.archive.key)
        return self.resources.full and stored.links > 0 and not is_frozen

    def _may_lose(self, stored: StoredChain) -> bool:
        """Whether this archive may be replaced: a version of it stays, or ``--full`` asks."""
        return self.resources.full or keeps_versions(self.resources.store, stored.archive)

    def _refuse_loss(self, stored: StoredChain, reason: str) -> None:
        """Raise RepositoryError if history that only the archive has would be lost for ever."""
        if self._may_lose(stored):
            return
        raise RepositoryError(
            f"{reason}; a new archive would lose what {stored.archive.key} contains, and the "
            "destination keeps no versions: --full --force makes one"
        )

    def _known(
        self, chain: MirrorChain, known: Advertisement, room: Path, stack: contextlib.ExitStack
    ) -> KnownChain | None:
        """All objects of the chain, while ``stack`` is open; None if they cannot be determined.

        Raises ChainListError for a base that is not the recorded one.
        """
        stored = chain.stored
        if links_unchecked(stored.archive.remarks):
            return None
        is_simple = not (stored.needs_base or chain.is_shallow or known.shallow)
        if self.resources.full and not stored.links and is_simple:
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
        """Fetch what is new as an overlay, or compact a chain that has grown long into a new base.

        If upstream has become shallow, the chain must have the missing history, or the proof fails.
        Raises ProofError if everything must be fetched.
        """
        resources, stop, chain = self.resources, self.resources.stop, objects.chain
        wanted = replace(self.wanted(known), shallow=())
        pinned = with_pins(wanted, chain.ends_with)
        mirror = Mirror(room / _NEW / chain.mirror_name, pinned)
        increment = self._received_new(mirror, wanted, objects)
        rewrites = rewrites_of_increment(increment, objects, known, resources)
        warnings = (*_warnings(chain.stored), *_cut_off(known), *switched_head(chain, known))
        if rewrites:
            more = self._rescued(objects, wanted, room / _MORE)
            warnings = (*warnings, *more.warnings)
            if more.mirror and more.increment:
                mirror, increment = more.mirror, more.increment
        lfs = self.seeks_lfs and mirror.adds_lfs(increment.proof.attributes, stop)
        found = Received(mirror, known, wanted, increment.remarks, lfs, self.attempts, rewrites)
        if is_due(chain.stored, resources, rewrites):
            if base := self._compacted(found, objects, room):
                return Grown(base.as_base(resources.store.part_bytes), warnings=warnings)
            if chain.stored.needs_base:
                raise ProofError("what is stored and what is new cannot be put together")
        side_files = {**objects.side_files, **increment.side_files}
        overlay = found.as_overlay(resources.store.part_bytes, side_files)
        return Grown(overlay, chain.stored, warnings)

    def _received_new(
        self, mirror: Mirror, wanted: Advertisement, objects: KnownChain
    ) -> Increment:
        """Fetch and prove what the chain lacks of the mirror's refs; no request if it lacks none.

        Raises ProofError if everything must be fetched.
        """
        resources, known = self.resources, objects.objects
        if not (wants := unknown_tips(mirror.advertisement, known)):
            return receive_increment(mirror, iter(()), known, resources.memory, resources.stop)
        haves = choose_haves(objects.chain.ends_with.refs, wanted)
        with fetch_new(resources.http, wanted, wants, haves) as answer:
            if not answer.common:
                raise ProofError("the server knows nothing of what is archived")
            return receive_increment(mirror, answer.blocks, known, resources.memory, resources.stop)

    def _rescued(self, objects: KnownChain, wanted: Advertisement, room: Path) -> Rescued:
        """Fetch what is new again, with commits that came and went since the last archive, if
        upstream still serves them."""
        chain, http = objects.chain, self.resources.http
        links = chain.stored.document.links
        since = named_moment(links[-1].run_id if links else chain.stored.archive.run_id)
        globs = self.resources.known_rewrites
        replaced = self.replaced_since(iso(since)) if since else ()
        found = [each for each in replaced if not is_known(each.ref, globs)]
        haves = choose_haves(chain.ends_with.refs, wanted)
        served = served_of(
            unarchived(found, wanted, objects.objects),
            lambda oid: is_served(http, wanted, oid, haves),
        )
        pins = {pin_of(each, self.resources.run_id): each.oid for each in served.kept}
        warnings = warnings_of(served, self.resources.run_id)
        if not pins:
            return Rescued(warnings)
        before = with_pins(wanted, chain.ends_with)
        mirror = Mirror(room / chain.mirror_name, replace(before, refs={**before.refs, **pins}))
        try:
            return Rescued(warnings, mirror, self._received_new(mirror, wanted, objects))
        except (ProofError, RefusedPackError, RefusedWantError) as error:
            log.info("%s: what came and went: %s", chain.stored.archive.key, error)
            shutil.rmtree(room, ignore_errors=True)
            return Rescued(warnings_of(Served((), (*served.kept, *served.gone)), ""))

    def _compacted(self, new: Received, objects: KnownChain, room: Path) -> Received | None:
        """Compact the chain and what is new into one mirror; None if that fails now.

        Raises errors that do not concern the chain itself, if the chain needs a new base.
        """
        resources, needs_base = self.resources, objects.chain.stored.needs_base
        try:
            base = compact(objects, new.mirror, new.wanted.refs, resources, room / _BASE)
        except RepositoryError as error:
            if needs_base and isinstance(error, _INCONCLUSIVE):
                raise
            log.warning("%s gets no new base: %s", objects.chain.stored.archive.key, error)
            shutil.rmtree(room / _BASE, ignore_errors=True)
            return None
        return replace(new, mirror=base, lfs=self.seeks_lfs and base.uses_lfs(resources.stop))


def _warnings(stored: StoredChain) -> tuple[str, ...]:
    """The warning that a new base could not take in everything, if so. Pure."""
    if not stored.fault:
        return ()
    return (f"{stored.fault}; a new archive contains all that could be read before it",)


def _cut_off(known: Advertisement) -> tuple[str, ...]:
    """The warning that upstream no longer has the whole history, if so. Pure."""
    if not known.shallow:
        return ()
    return ("upstream became a shallow repository; its archive goes on holding the whole history",)
