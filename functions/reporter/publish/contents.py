"""What is in the backup, by the run's manifest, and what changed on GitHub. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from backup_contract.aws_commands import remove_archive
from backup_contract.documents.manifest import Item
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.parts.upstream import sentence
from backup_contract.kinds import GIT, KINDS, LFS
from backup_contract.text import size
from reporter.judge.manifest_diff import Comparison
from reporter.publish.facts import Facts
from reporter.publish.sections import Listing, listed

_STATES = {"backed-up": "backed up", "skipped": "left out"}


def contents(facts: Facts) -> list[str | Listing]:
    """Counts, the restore drill, and lists of what changed; nothing without a manifest."""
    manifest, comparison = facts.manifest, facts.comparison
    if manifest is None:
        return []
    items = manifest.items
    counted = _counted(manifest.repositories, GIT)
    owners = ", ".join(manifest.owners)
    so_far = "" if manifest.complete else ", so far"
    lines: list[str | Listing] = [f"{owners}{so_far}: {counted}"]
    for kind in KINDS:
        if kind != GIT and (there := [each for each in items if _is_there(each, kind)]):
            lines.append(_counted(there, kind))
    totals = manifest.totals
    uploaded, stored = size(totals["bytes_uploaded"]), size(totals["bytes_stored"])
    lines.append(f"{uploaded} uploaded, {stored} in all archives")
    if referred := [each for item in items if (each := item.result.objects) and each.count]:
        lines.append(_large_files(referred))
    if kept := [each.result.bytes_stored for each in manifest.orphaned]:
        what = "1 is" if len(kept) == 1 else f"{len(kept)} are"
        lines.append(f"Of these {what} kept of what GitHub no longer lists, {size(sum(kept))}")
    if (drill := manifest.drill) and drill.checked:
        rest = drill.never_drilled
        lines.append(
            f"Restore drill: {len(drill.good)} of {len(drill.checked)} archives downloaded, "
            "unpacked and compared" + (f"; {rest} not yet drilled" if rest else "")
        )
        undone = (each.told for each in drill.undone)
        lines += listed("The restore drill could not be done for", undone)
    lines += listed("Changed", map(_changed, manifest.in_state("backed-up")))
    lines += listed("New on GitHub", comparison.new)
    lines += listed("Renamed on GitHub", comparison.renamed)
    lines += listed("No longer listed by GitHub", _vanished(comparison, facts.bucket))
    lines += listed("Left out", _left_out(manifest.in_state("skipped")))
    warned = (f"{item.name}: {message}" for item in items for message in _warnings(item))
    return [*lines, *listed("Worth knowing", (*facts.notices, *manifest.notices, *warned))]


def _large_files(referred: Sequence[Referred]) -> str:
    """How many of the binaries beside the archives are saved; each archive counts its own."""
    saved, count = sum(each.saved for each in referred), sum(each.count for each in referred)
    saved_bytes = size(sum(each.saved_bytes for each in referred))
    return f"Beside the archives {saved} of {count} large files are saved, {saved_bytes}"


def _is_there(item: Item, kind: str) -> bool:
    """Whether there is, or was, something of this kind."""
    return item.kind == kind and bool(item.archive or item.state != "absent")


def _warnings(item: Item) -> tuple[str, ...]:
    unlisted = item.result.lfs and LFS not in item.entry.results
    lfs = ("it keeps files in Git LFS; those are not in the archive",) if unlisted else ()
    return (*item.result.warnings, *lfs)


def _counted(entries: Sequence[Item], kind: str) -> str:
    counts = Counter(_STATES.get(entry.state, entry.state) for entry in entries)
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{KINDS[kind].counted(len(entries))} ({parts or 'none'})"


def _left_out(skipped: Iterable[Item]) -> list[str]:
    """One line for each reason, with a few of the names."""
    by_reason: dict[str, list[str]] = {}
    for entry in skipped:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    return [
        f"{reason}: {', '.join(names[:5])}"
        + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        for reason, names in by_reason.items()
    ]


def _vanished(comparison: Comparison, bucket: str) -> Iterator[str]:
    """What is kept of each, and how to remove it: nothing else ever does.

    The command is shown only where GitHub confirmed that the repository is not there.
    """
    for entry in comparison.vanished:
        who = entry.identity
        saved, upstream = comparison.saved.get(who, ()), comparison.upstream.get(who)
        confirmed = upstream is not None and upstream.state == "not-visible"
        if not saved:
            key = entry.archive and entry.archive.key
            gone = f"its archive {key} is gone, or not as it was recorded"
            yield f"{entry.name}: {gone if key else 'nothing was saved of it'}"
        for item in saved:
            key = item.archive.key if item.archive else ""
            kept = f"{key} ({size(item.result.bytes_stored)}) is kept"
            if confirmed:
                command = remove_archive(f"s3://{bucket}", key)
                remedy = f": {command}" if command else ""
                yield f"{entry.name}: {kept} until you remove it{remedy}"
            else:
                yield f"{entry.name} {sentence(upstream)}; {kept}"


def _changed(entry: Item) -> str:
    return f"{entry.name}, {size(entry.result.bytes_stored)}" if entry.archive else entry.name
