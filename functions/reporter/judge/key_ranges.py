"""Divides the listing of a bucket among threads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from backup_contract.documents.manifest import Item
from reporter.judge.archive_state import Accepted, was_accepted

_REQUEST = 50
"""The cost of a request, in lines of a listing that take the same time."""

_LEAST, _MOST = 200, 20_000
"""The least and most that a range may cost: enough to be worth a request, and no more than one
thread may be behind the others at the end."""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The keys below ``prefix`` after ``after``, up to and including ``until`` (empty: to the end).

    It contains all overlays of ``items`` and no others. Their bases may be in another range:
    ``a-b.zip`` is between ``a+….zip`` and ``a.zip``.
    """

    prefix: str
    after: str
    until: str
    items: tuple[Item, ...]


def key_ranges(
    items: Sequence[Item], accepted: Mapping[str, Accepted], readers: int
) -> list[KeyRange]:
    """Ranges of about equal cost for ``readers`` in parallel. No range spans two folders.

    All items have an archive. Keys outside their folders are not listed, because the backup does
    not own them.
    """
    total = sum(_cost(item, accepted) for item in items)
    most = max(_LEAST, min(_MOST, total // readers))
    ordered = sorted(items, key=_start)
    found = []
    for folder, together in groupby(ordered, lambda item: _folder(_start(item))):
        parts = _parts([*together], accepted, most)
        ends = [*(_before(part[0]) for part in parts[1:]), ""]
        begin = ""
        for part, end in zip(parts, ends, strict=True):
            found.append(KeyRange(folder, begin, end, tuple(part)))
            begin = end
    return found


def _parts(items: list[Item], accepted: Mapping[str, Accepted], most: int) -> list[list[Item]]:
    """Groups of items in order; items with the same archive key stay together."""
    parts: list[list[Item]] = [[]]
    spent = 0
    for item in items:
        same = parts[-1] and _start(parts[-1][-1]) == _start(item)
        if spent >= most and not same:
            parts.append([])
            spent = 0
        parts[-1].append(item)
        spent += _cost(item, accepted)
    return parts


def _cost(item: Item, accepted: Mapping[str, Accepted]) -> int:
    chain, archive = item.result.chain, item.archive
    asked = archive is None or not was_accepted(archive, accepted)
    return 1 + _REQUEST * asked + (_REQUEST + chain.links if chain else 0)


def _start(item: Item) -> str:
    """The common prefix of the keys of an archive's overlays."""
    return f"{item.archive.key.removesuffix('.zip')}+" if item.archive else ""


def _before(item: Item) -> str:
    """A key just before all overlays of an archive: an asterisk sorts just before a plus sign."""
    return f"{_start(item)[:-1]}*"


def _folder(key: str) -> str:
    return key[: key.rfind("/") + 1]
