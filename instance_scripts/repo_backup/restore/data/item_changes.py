"""Counts how a repository's project data changed between two runs. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from backup_contract.documents.data_index import folder_of
from backup_contract.documents.parts.attachments import ATTACHMENTS
from backup_contract.documents.release_assets import ASSETS


class DocumentState(Protocol):
    """The documents of one run: size and CRC-32 of each, and since when which are gone."""

    @property
    def checksums(self) -> Mapping[str, tuple[int, int]]: ...

    @property
    def marks(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class ItemChanges:
    """How many documents are new, changed or gone from GitHub, by folder such as ``issues``."""

    new: Mapping[str, int]
    changed: Mapping[str, int]
    gone: Mapping[str, int]

    @property
    def sentences(self) -> list[str]:
        """The changes as text, one line per folder: ``issues: 3 new, 1 gone``."""
        counts = (("new", self.new), ("changed", self.changed), ("gone", self.gone))
        folders = sorted({*self.new, *self.changed, *self.gone})
        return [
            f"{each}: {', '.join(f'{by[each]} {what}' for what, by in counts if by.get(each))}"
            for each in folders
        ]


def item_changes(before: DocumentState, after: DocumentState) -> ItemChanges:
    """Compare two states. A document also counts as changed if a part of it, such as a comment,
    is gone."""
    one, other = before.checksums, after.checksums
    new = other.keys() - one.keys()
    marked = after.marks.items() ^ before.marks.items()
    places = {place for place, _ in marked}
    gone = {place for place in places & after.marks.keys() if place in other}
    touched = {place.partition("#")[0] for place in places}
    changed = {
        path
        for path in one.keys() & other.keys() - gone
        if one[path] != other[path] or path in touched
    }
    return ItemChanges(_counted(new), _counted(changed), _counted(gone))


def _counted(paths: Iterable[str]) -> dict[str, int]:
    folders = Counter(sorted(map(folder_of, paths)))
    # These lists are the program's own: the release or the text itself shows the change.
    del folders[ASSETS], folders[ATTACHMENTS]
    return dict(folders)
