"""What the backup contains, from the run's manifest, and what changed on GitHub. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from backup_contract.aws_commands import remove_archive
from backup_contract.documents.manifest import Identity, Item
from backup_contract.documents.parts.labels import label, labelled_problems
from backup_contract.documents.parts.upstream import sentence
from backup_contract.judgement.large_files import large_file_lines, large_files, uploaded_line
from backup_contract.kinds import GIT, KINDS, LFS, noun
from backup_contract.text import size
from reporter.judge.manifest_diff import Comparison
from reporter.publish.facts import Facts
from reporter.publish.sections import Listing, listed

_STATES = {"backed-up": "backed up"}
_NAMED = 5
"""How many repositories one line names."""


def counts(facts: Facts) -> list[str | Listing]:
    """Counts of repositories and bytes, and the restore drill; empty without a manifest."""
    manifest = facts.manifest
    if manifest is None:
        return []
    items = manifest.items
    owners = ", ".join(manifest.owners)
    so_far = "" if manifest.complete else ", so far"
    lines: list[str | Listing] = [f"{owners}{so_far}: {_counted(manifest.repositories, GIT)}"]
    for kind in KINDS:
        if kind != GIT and (there := [each for each in items if _is_there(each, kind)]):
            lines.append(_counted(there, kind))
    totals = manifest.totals
    uploaded, stored = size(totals["bytes_uploaded"]), size(totals["bytes_stored"])
    retained = [each.result.bytes_stored for each in manifest.orphaned]
    lines.append(f"{uploaded} uploaded, {stored} in all archives{_of_unlisted(retained)}")
    lines += large_file_lines(large_files(manifest.items))
    if put := uploaded_line(manifest.objects_put.count, manifest.objects_put.bytes):
        lines.append(f"{put}, by this run")
    if (drill := manifest.drill) and drill.checked:
        rest = drill.never_drilled
        lines.append(
            f"Restore drill: {len(drill.good)} of {len(drill.checked)} archives downloaded, "
            "unpacked and compared" + (f"; {rest} not yet drilled" if rest else "")
        )
        undone = (each.description for each in drill.undone)
        lines += listed("The restore drill could not be done for", undone)
    return lines


def problems(facts: Facts) -> list[str]:
    """The verdict's problems, with repository names instead of keys."""
    return labelled_problems(facts.verdict.problems, facts.manifest.items if facts.manifest else ())


def contents(facts: Facts) -> list[str | Listing]:
    """Lists of changes on GitHub and of excluded items; empty without a manifest."""
    manifest, comparison = facts.manifest, facts.comparison
    if manifest is None:
        return []
    skipped = manifest.in_state("skipped")
    warned = (f"{label(item)}: {text}" for item in manifest.items for text in _warnings(item))
    return [
        *listed("Changed", _changed(manifest.in_state("backed-up"))),
        *listed("New on GitHub", comparison.new),
        *listed("Renamed on GitHub", comparison.renamed),
        *listed("No longer listed by GitHub", _unlisted(comparison, facts.bucket)),
        *listed("Excluded by options", _by_reason(each for each in skipped if each.asked)),
        *listed("Not selected", _by_reason(each for each in skipped if not each.asked)),
        *listed("Worth knowing", (*facts.notices, *manifest.notices, *warned)),
    ]


def _of_unlisted(retained: Sequence[int]) -> str:
    """How much of the archives belongs to repositories that GitHub no longer lists."""
    if not retained:
        return ""
    archives = "1 archive" if len(retained) == 1 else f"{len(retained)} archives"
    return f" ({archives}, {size(sum(retained))}, of repositories no longer listed by GitHub)"


def _is_there(item: Item, kind: str) -> bool:
    """Whether the item has, or had, this kind."""
    return item.kind == kind and bool(item.archive or item.state != "absent")


def _warnings(item: Item) -> tuple[str, ...]:
    unlisted = item.result.lfs and LFS not in item.entry.results
    lfs = ("it keeps files in Git LFS; those are not in the archive",) if unlisted else ()
    return (*item.result.warnings, *lfs)


def _counted(entries: Sequence[Item], kind: str) -> str:
    counted = Counter(map(_state, entries))
    parts = ", ".join(f"{count} {state}" for state, count in counted.items())
    return f"{KINDS[kind].counted(len(entries))} ({parts or 'none'})"


def _state(item: Item) -> str:
    if item.state == "skipped":
        return "excluded" if item.asked else "not selected"
    return _STATES.get(item.state, item.state)


def _by_reason(skipped: Iterable[Item]) -> list[str]:
    """One line for each reason, with a few of the names."""
    by_reason: dict[str, list[str]] = {}
    for item in skipped:
        by_reason.setdefault(item.reason, []).append(label(item))
    return [
        f"{reason}: {', '.join(names[:_NAMED])}"
        + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        for reason, names in by_reason.items()
    ]


def _unlisted(comparison: Comparison, bucket: str) -> Iterator[str]:
    """What is retained of each, and how to remove it.

    The command is shown only if GitHub confirmed that the repository does not exist.
    """
    for entry in comparison.unlisted:
        who = entry.identity
        saved, upstream = comparison.saved.get(who, ()), comparison.upstream.get(who)
        confirmed = upstream is not None and upstream.state == "not-visible"
        if not saved:
            key = entry.archive and entry.archive.key
            gone = f"its archive {key} is gone, or not as it was recorded"
            yield f"{label(entry)}: {gone if key else 'nothing was saved of it'}"
        for item in saved:
            key = item.archive.key if item.archive else ""
            retained = f"{key} ({size(item.result.bytes_stored)}) is retained"
            if confirmed:
                command = remove_archive(f"s3://{bucket}", key)
                remedy = f": {command}" if command else ""
                yield f"{label(entry)}: {retained} until you remove it{remedy}"
            else:
                yield f"{label(entry)} {sentence(upstream)}; {retained}"


def _changed(items: Iterable[Item]) -> list[str]:
    """One line for each repository: ``octo/hello: 1.4 MB, wiki 9.0 kB``."""
    by_repository: dict[Identity, list[Item]] = {}
    for item in items:
        by_repository.setdefault(item.identity, []).append(item)
    return [
        f"{of_one[0].entry.full_name}: {', '.join(map(_stored, of_one))}"
        for of_one in by_repository.values()
    ]


def _stored(item: Item) -> str:
    kind = "" if item.kind == GIT else noun(item.kind)
    stored = size(item.result.bytes_stored) if item.archive else "no archive"
    return f"{kind} {stored}".lstrip()
