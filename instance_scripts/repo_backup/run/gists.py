"""Decides which gists a run backs up, and what to record of those that were not listed. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Entry, Identity, ItemResult
from backup_contract.documents.parts.gists import ALL, gist_entry
from backup_contract.kinds import GIST
from repo_backup.hosts.base import GistListing, RemoteRepository

Listings = Mapping[str, GistListing]
"""The gist listings, by the owner's login in lower case."""


@dataclass(frozen=True)
class GistPlan:
    """The plan for a run's gists.

    ``remotes`` are backed up. ``carried`` were not listed, but may still exist: their entries are
    kept. ``gone`` are missing from a complete list.
    """

    remotes: list[RemoteRepository] = field(default_factory=list)
    carried: list[Entry] = field(default_factory=list)
    gone: list[Identity] = field(default_factory=list)

    @property
    def identities(self) -> set[Identity]:
        """The identities of ``remotes`` and ``carried``."""
        carried = {entry.identity for entry in self.carried}
        return carried.union(remote.identity for remote in self.remotes)


def gist_plan(
    listings: Listings, known: Iterable[Entry], owners: Collection[str], excluded: str | None
) -> GistPlan:
    """Plan for the gists that were listed, and for those that earlier runs saved.

    ``known`` are the entries of earlier runs, ``owners`` (lower case) those that the run covers.
    ``excluded`` is the option that excludes gists, if there is one.
    """
    remotes = [] if excluded else [each for found in listings.values() for each in found.found]
    here = {each.identity for each in remotes}
    saved = [
        entry
        for entry in known
        if entry.of == "gist" and entry.owner.lower() in owners and entry.identity not in here
    ]
    carried = [*_carried(listings, saved, excluded)]
    named = {entry.identity for entry in carried}
    gone = [
        entry.identity
        for entry in saved
        if entry.owner.lower() in listings and entry.identity not in named
    ]
    return GistPlan(remotes, carried, gone)


def _carried(listings: Listings, saved: list[Entry], excluded: str | None) -> Iterator[Entry]:
    failed: set[str] = set()
    for entry in saved:
        owner = entry.owner.lower()
        listing = listings.get(owner, GistListing())
        before = entry.results[GIST]
        if before.archive is None:
            continue
        hidden = listing.public_only if entry.private and not listing.problem else ""
        if reason := excluded or listing.withheld or hidden:
            yield entry.having(GIST, ItemResult("skipped", reason).keeping(before))
        elif listing.problem:
            failed.add(owner)
            yield entry.having(GIST, ItemResult("failed", listing.problem).keeping(before))
    for owner, listing in listings.items():
        if listing.problem and owner not in failed and not excluded:
            yield gist_entry(owner, ALL, ItemResult("failed", listing.problem))
