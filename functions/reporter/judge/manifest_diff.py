"""What changed on GitHub between two runs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Identity, Item, Manifest
from backup_contract.documents.parts.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Comparison:
    """Repositories told apart by GitHub's ids: a rename is no disappearance.

    ``saved`` are, by id, the archives that are kept of what vanished, wikis' too. ``upstream`` is,
    by id, what GitHub told of a repository that it does not list; nothing where nobody asked.
    """

    new: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    vanished: tuple[Item, ...] = ()
    saved: Mapping[Identity, tuple[Item, ...]] = field(default_factory=dict)
    upstream: Mapping[Identity, Upstream] = field(default_factory=dict)


def compare(manifest: Manifest, previous: Manifest) -> Comparison:
    """What this run lists, against the last one; both lists must be whole."""
    before = {entry.identity: entry for entry in previous.repositories}
    after = {entry.identity: entry for entry in manifest.repositories}
    # A manifest of an older program has no list of what is kept; what no entry took over is there.
    taken = {item.archive.key for item in manifest.items if item.archive}
    left = [each for each in previous.items if each.archive and each.archive.key not in taken]
    saved: dict[Identity, tuple[Item, ...]] = {}
    for each in left if manifest.kept is None else manifest.orphaned:
        if each.archive and each.identity not in after:
            saved[each.identity] = (*saved.get(each.identity, ()), each)
    return Comparison(
        saved=saved,
        upstream={each.identity: each.upstream for each in manifest.kept or () if each.upstream},
        new=tuple(entry.name for identity, entry in after.items() if identity not in before),
        renamed=tuple(
            f"{before[identity].name} is now {entry.name}"
            for identity, entry in after.items()
            if identity in before and before[identity].name != entry.name
        ),
        vanished=tuple(entry for identity, entry in before.items() if identity not in after),
    )
