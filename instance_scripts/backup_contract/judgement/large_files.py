"""Counts the files saved beside the archives: LFS objects, release assets, attachments. Pure.

An archive counts each file that it refers to. A file that several repositories share is stored once
and counted for each of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from backup_contract.documents.manifest import Item, Manifest
from backup_contract.documents.parts.results import Referred
from backup_contract.kinds import DATA, LFS
from backup_contract.text import size


@dataclass(frozen=True, slots=True)
class _Noun:
    one: str
    many: str


ATTACHMENTS = "attachments"
"""What they are counted as, beside the names of kinds."""
_NOUNS = {
    LFS: _Noun("LFS object", "LFS objects"),
    DATA: _Noun("release asset", "release assets"),
    ATTACHMENTS: _Noun("attachment", "attachments"),
}


def large_files(items: Iterable[Item]) -> dict[str, Referred]:
    """The files that the archives of these items refer to, by kind; only kinds that have any.

    Project data has attachments beside release assets. Of those that are not saved nobody knows the
    size.
    """
    every = [numbers for item in items for numbers in _numbers(item)]
    sums = {kind: _sum([each for of, each in every if of == kind]) for kind in _NOUNS}
    return {kind: found for kind, found in sums.items() if found.count}


def bytes_saved(manifest: Manifest) -> int:
    """The bytes of all saved large files, including those of repositories no longer listed."""
    results = (item.result for item in (*manifest.items, *manifest.orphaned))
    return sum(each.objects.saved_bytes for each in results if each.objects)


def large_file_lines(files: Mapping[str, Referred]) -> list[str]:
    """One line for each kind: ``120 of 130 LFS objects saved, 3.4 GB; 10 not saved, 200.0 MB``.

    Several files may include one that two repositories share: the line says how it is counted.
    """
    return [
        _line(_NOUNS[kind], found) + " (counted per repository)" * (found.count > 1)
        for kind, found in files.items()
    ]


def uploaded_line(count: int, total_bytes: int) -> str:
    """The line about the large files that a run stored; empty if it stored none."""
    if not count:
        return ""
    return f"{count} large file{'s' * (count > 1)} uploaded, {size(total_bytes)}"


def _numbers(item: Item) -> Iterator[tuple[str, Referred]]:
    """The files that one archive refers to, attachments apart from release assets."""
    objects, data = item.result.objects, item.result.data
    attached = data.attached if data else None
    if attached:
        count, size = attached.saved, attached.saved_bytes
        yield ATTACHMENTS, Referred(attached.count, size, count, size)
        objects = objects and Referred(
            max(0, objects.count - count),
            max(0, objects.bytes - size),
            max(0, objects.saved - count),
            max(0, objects.saved_bytes - size),
        )
    if objects:
        yield item.kind, objects


def _sum(found: list[Referred]) -> Referred:
    return Referred(
        sum(each.count for each in found),
        sum(each.bytes for each in found),
        sum(each.saved for each in found),
        sum(each.saved_bytes for each in found),
    )


def _line(noun: _Noun, found: Referred) -> str:
    missing = found.count - found.saved
    what = noun.one if found.count == 1 else noun.many
    if not missing:
        return f"{found.count} {what} saved, {size(found.bytes)}"
    unsaved = f"{missing} not saved"
    if found.bytes > found.saved_bytes:
        unsaved += f", {size(found.bytes - found.saved_bytes)}"
    if not found.saved:
        return f"{what[0].upper()}{what[1:]}: {unsaved}"
    return f"{found.saved} of {found.count} {what} saved, {size(found.saved_bytes)}; {unsaved}"
