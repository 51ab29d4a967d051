"""What changed on GitHub between two runs. Pure."""

from dataclasses import dataclass

from reporter.manifest import Entry, Manifest


@dataclass(frozen=True, slots=True)
class Comparison:
    """Repositories told apart by GitHub's ids: a rename is no disappearance."""

    new: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    vanished: tuple[Entry, ...] = ()


def compare(manifest: Manifest, previous: Manifest) -> Comparison:
    """What this run lists, against the last one; both lists must be whole."""
    before = {entry.id: entry for entry in previous.repositories}
    after = {entry.id: entry for entry in manifest.repositories}
    return Comparison(
        new=tuple(entry.name for number, entry in after.items() if number not in before),
        renamed=tuple(
            f"{before[number].name} is now {entry.name}"
            for number, entry in after.items()
            if number in before and before[number].name != entry.name
        ),
        vanished=tuple(entry for number, entry in before.items() if number not in after),
    )
