"""How the listing of a bucket is divided among those that read it at the same time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from backup_contract.documents.manifest import Item
from reporter.judge.archive_state import Accepted, was_accepted

_REQUEST = 50
"""What a request costs of the time that a line of a listing takes."""

_LEAST, _MOST = 200, 20_000
"""What a range costs: at least so much that it is worth a request, at most what a thread may be
behind the others in the end."""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Keys below ``prefix`` behind ``after``, up to and with ``until`` (empty: to the end).

    The overlays of ``items``, all of them and nobody else's, lie within it. Their bases may lie in
    another: ``a-b.zip`` is between ``a+….zip`` and ``a.zip``.
    """

    prefix: str
    after: str
    until: str
    items: tuple[Item, ...]


def key_ranges(
    items: Sequence[Item], accepted: Mapping[str, Accepted], readers: int
) -> list[KeyRange]:
    """Ranges of about the same work for ``readers`` at a time, none of them over two folders.

    All items have an archive. Nothing between two folders is listed: what lies beside them is none
    of the backup's.
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
    """The items in their order; those of one archive key stay together."""
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
    """What the keys of an archive's overlays begin with."""
    return f"{item.archive.key.removesuffix('.zip')}+" if item.archive else ""


def _before(item: Item) -> str:
    """A key before all overlays of an archive: an asterisk is just before a plus sign."""
    return f"{_start(item)[:-1]}*"


def _folder(key: str) -> str:
    return key[: key.rfind("/") + 1]
