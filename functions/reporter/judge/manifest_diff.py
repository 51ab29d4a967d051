"""Compares what GitHub listed in two runs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Identity, Item, Manifest
from backup_contract.documents.parts.gists import ALL
from backup_contract.documents.parts.labels import label
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.kinds import GIST, GIT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between two runs. Repositories and gists are identified by GitHub's ids, so that
    a rename is not a disappearance.

    ``saved`` are, by id, the retained archives of items that are no longer listed, including wikis.
    ``upstream`` is, by id, GitHub's response about a repository that it does not list, if it was
    asked.
    """

    new: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    unlisted: tuple[Item, ...] = ()
    saved: Mapping[Identity, tuple[Item, ...]] = field(default_factory=dict)
    upstream: Mapping[Identity, Upstream] = field(default_factory=dict)

    @property
    def unlisted_repositories(self) -> int:
        """How many of those are repositories of the owner. A deleted gist or a removed star is no
        cause for concern."""
        return sum(item.kind == GIT and not item.entry.starred for item in self.unlisted)


def compare(manifest: Manifest, previous: Manifest) -> Comparison:
    """Compare this run's list with the previous run's; both must be complete."""
    before = {entry.identity: entry for entry in _listed(previous)}
    after = {entry.identity: entry for entry in _listed(manifest)}
    # A manifest of an older program does not list retained archives; its entries have them.
    taken = {item.archive.key for item in manifest.items if item.archive}
    left = [each for each in previous.items if each.archive and each.archive.key not in taken]
    saved: dict[Identity, tuple[Item, ...]] = {}
    for each in left if manifest.kept is None else manifest.orphaned:
        if each.archive and each.identity not in after:
            saved[each.identity] = (*saved.get(each.identity, ()), each)
    return Comparison(
        saved=saved,
        upstream={each.identity: each.upstream for each in manifest.kept or () if each.upstream},
        new=tuple(
            label(entry)
            for identity, entry in after.items()
            if identity not in before and entry.kind not in previous.unknown_kinds
        ),
        renamed=tuple(
            f"{label(before[identity])} is now {label(entry)}"
            for identity, entry in after.items()
            if identity in before and before[identity].name != entry.name
        ),
        unlisted=tuple(entry for identity, entry in before.items() if identity not in after),
    )


def _listed(manifest: Manifest) -> list[Item]:
    """The git item of each repository and gist, including gists that the run could not list."""
    gists = (item for item in manifest.items if item.kind == GIST and item.entry.name != ALL)
    return [*manifest.repositories, *gists]
