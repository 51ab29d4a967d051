"""History that came and went upstream between two runs: no ref leads to it, and no archive has it.

A host tells of it by the commits that branches named before they were forced or deleted, and may
still serve these: GitHub keeps what no ref leads to for a while.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import fetch_new
from repo_backup.git.restorable import is_ref
from repo_backup.hosts.base import Replaced
from repo_backup.kinds.compaction import KEPT
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RefusedWantError, said

MOST = 20
"""Each of them is a request. The newest come first."""
_OBJECT_ID = {"sha1": re.compile("[0-9a-f]{40}"), "sha256": re.compile("[0-9a-f]{64}")}
_SHOWN = 12


@dataclass(frozen=True)
class Served:
    """What upstream still serves of what came and went, and what is ``gone``."""

    kept: Sequence[Replaced]
    gone: Sequence[Replaced]


@dataclass(frozen=True)
class Rescued:
    """What a person is told, and what was received, if anything was: the refs of now and pins."""

    told: tuple[str, ...]
    mirror: Mirror | None = None
    increment: Increment | None = None


def unarchived(
    found: Iterable[Replaced], wanted: Advertisement, known: KnownObjects
) -> list[Replaced]:
    """What no archive has, and what is not wanted anyway; at most ``MOST``. Pure."""
    form, tips = _OBJECT_ID[wanted.object_format], {*wanted.tips, "0" * 40, "0" * 64}
    left = [
        each
        for each in found
        if form.fullmatch(each.oid)
        and each.oid not in tips
        and is_ref(each.ref)
        and bytes.fromhex(each.oid) not in known
    ]
    return left[:MOST]


def served_of(found: Iterable[Replaced], serves: Callable[[str], bool]) -> Served:
    """Which of these objects ``serves`` says that upstream serves."""
    kept: list[Replaced] = []
    gone: list[Replaced] = []
    for each in found:
        (kept if serves(each.oid) else gone).append(each)
    return Served(kept, gone)


def is_served(http: Http, wanted: Advertisement, oid: str, haves: Sequence[str]) -> bool:
    """Whether a pack begins when a server is asked for an object that no ref of it names."""
    try:
        with fetch_new(http, wanted, [oid], haves) as answer:
            next(answer.blocks, b"")
    except RefusedWantError:
        return False
    return True


def pin_of(each: Replaced, run_id: str) -> str:
    """The ref that holds what came and went before a run. Pure."""
    return f"{KEPT}{run_id}/meanwhile/{each.ref.removeprefix('refs/')}/{each.oid[:_SHOWN]}"


def told_of(served: Served, run_id: str) -> tuple[str, ...]:
    """A line for each. Pure."""
    kept = (f"{_was(each)} and is kept as {pin_of(each, run_id)}" for each in served.kept)
    gone = (f"{_was(each)}: it was in no archive, and is served no more" for each in served.gone)
    return (*kept, *gone)


def _was(each: Replaced) -> str:
    by = f"by {said(each.by or 'an account that is gone')} at {each.at}"
    return f"{said(each.ref)} was at {each.oid[:_SHOWN]} until it was rewritten {by}"
