"""Rescues commits that came and went upstream between two runs, so that no archive has them.

The host reports the commits that branches pointed to before a force-push or deletion. It may still
serve them: GitHub keeps unreachable objects for a while.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from backup_contract.text import one_line
from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import fetch_new
from repo_backup.git.restorable import is_ref
from repo_backup.hosts.base import Replaced
from repo_backup.kinds.git.compaction import KEPT
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RefusedWantError

MOST = 20
"""Each commit takes one request. The newest come first."""
_OBJECT_ID = {"sha1": re.compile("[0-9a-f]{40}"), "sha256": re.compile("[0-9a-f]{64}")}
_SHOWN = 12


@dataclass(frozen=True)
class Served:
    """The replaced commits that upstream still serves (``kept``), and those that are ``gone``."""

    kept: Sequence[Replaced]
    gone: Sequence[Replaced]


@dataclass(frozen=True)
class Rescued:
    """The warnings, and what was received, if anything: the current refs and pins."""

    warnings: tuple[str, ...]
    mirror: Mirror | None = None
    increment: Increment | None = None


def unarchived(
    found: Iterable[Replaced], wanted: Advertisement, known: KnownObjects
) -> list[Replaced]:
    """The commits that no archive has and no current ref points to; at most ``MOST``. Pure."""
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
    """Split these commits by ``serves``, which says whether upstream serves an object."""
    kept: list[Replaced] = []
    gone: list[Replaced] = []
    for each in found:
        (kept if serves(each.oid) else gone).append(each)
    return Served(kept, gone)


def is_served(http: Http, wanted: Advertisement, oid: str, haves: Sequence[str]) -> bool:
    """Whether a server starts sending a pack for an object that none of its refs names."""
    try:
        with fetch_new(http, wanted, [oid], haves) as answer:
            next(answer.blocks, b"")
    except RefusedWantError:
        return False
    return True


def pin_of(each: Replaced, run_id: str) -> str:
    """The ref that pins a commit that came and went before a run. Pure."""
    return f"{KEPT}{run_id}/meanwhile/{each.ref.removeprefix('refs/')}/{each.oid[:_SHOWN]}"


def warnings_of(served: Served, run_id: str) -> tuple[str, ...]:
    """One warning for each commit. Pure."""
    kept = (f"{_was(each)} and is kept as {pin_of(each, run_id)}" for each in served.kept)
    gone = (
        f"{_was(each)}: it was in no archive, and GitHub no longer serves it"
        for each in served.gone
    )
    return (*kept, *gone)


def _was(each: Replaced) -> str:
    by = f"by {one_line(each.by or 'an account that is gone')} at {each.at}"
    return f"{one_line(each.ref)} was at {each.oid[:_SHOWN]} until it was rewritten {by}"
