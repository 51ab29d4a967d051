"""Shows a run: a live display on a terminal, log lines elsewhere; then a summary."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from backup_contract.documents.manifest import COUNTED, Manifest
from backup_contract.documents.parts.labels import label
from backup_contract.judgement.large_files import large_file_lines, large_files, uploaded_line
from backup_contract.judgement.unsaved_data import unsaved_data
from backup_contract.kinds import GIST, KINDS, LFS, kinds_beside_git
from backup_contract.text import one_line, size
from backup_contract.visibility import describe
from repo_backup.cli.output import draws, print_facts, print_line
from repo_backup.run.progress_display import Display, LineDisplay
from repo_backup.runtime.log_lines import LogLines, logging_to


@contextmanager
def open_display(
    run_id: str, stream: TextIO | None = None, received: Callable[[], int] = lambda: 0
) -> Iterator[Display]:
    """A live display if the stream (stderr) is a terminal, else log lines.

    ``received`` returns the bytes received from GitHub so far. Log lines include the records of
    libraries.
    """
    stream = stream or sys.stderr
    if not draws(stream):
        lines = LogLines(stream, run_id)
        with logging_to(lines), LineDisplay(lines) as display:
            yield display
        return
    from repo_backup.cli.live_display import live_display

    with live_display(stream, received) as drawn:
        yield drawn


def print_summary(manifest: Manifest) -> None:
    """Print the result of the run on stdout: problems first, the counts last."""
    title, counts = one_line(f"Run {manifest.run_id}"), _counts(manifest)
    remarks = [(state, one_line(remark, None)) for state, remark in _remarks(manifest)]
    if draws(sys.stdout):
        from repo_backup.cli.live_display import show_summary

        show_summary(title, remarks, counts)
        return
    for _, remark in remarks:
        print_line(remark)
    print_line(title)
    print_facts(counts)


def _remarks(manifest: Manifest) -> list[tuple[str, str]]:
    """What the user must know, each with the state that it is about."""
    items, seen = manifest.items, describe(manifest.visibility)
    without = [item for item in items if item.state in ("failed", "skipped")]
    groups = (
        ("failed", True, "failed"),
        ("failed", False, "failed before, and was not tried this time"),
        ("skipped", True, "excluded"),
        ("skipped", False, "not selected"),
    )
    remarks: list[tuple[str, str]] = [("skipped", seen.sentence)] if seen.sentence else []
    remarks += [
        (state, f"{words}: {label(item)}: {item.reason}{'; nothing is saved of it' * item.unsaved}")
        for state, asked, words in groups
        for item in without
        if item.asked is asked and item.state == state
    ]
    if unsaved := unsaved_data(manifest):
        remarks.append(("", unsaved))
    unlisted = (each for each in items if each.result.lfs and LFS not in each.entry.results)
    if lfs := ", ".join(map(label, unlisted)):
        remarks.append(("", f"use Git LFS, whose objects are not in the archive: {lfs}"))
    remarks += [
        ("", f"{item.entry.full_name}: {message}")
        for item in items
        if item.kind == LFS or item.result.objects
        for message in item.result.warnings
    ]
    return remarks


def _counts(manifest: Manifest) -> list[tuple[str, str]]:
    totals = manifest.totals
    seen = describe(manifest.visibility).label
    counts = [("listed", f"{totals['listed']}{f' ({seen})' * bool(seen)}")]
    counts += [(f"  {state}", str(totals[state])) for state in COUNTED]
    counts += [(kind.many, str(totals[kind.total])) for kind in kinds_beside_git()]
    if manifest.gists:
        counts.append((KINDS[GIST].many, str(totals[KINDS[GIST].total])))
    counts += [(each, size(totals[f"bytes_{each}"])) for each in ("uploaded", "stored")]
    counts += [("large files", line) for line in large_file_lines(large_files(manifest.items))]
    if put := uploaded_line(manifest.objects_put.count, manifest.objects_put.bytes):
        counts.append(("large files", put))
    if asked := manifest.api_requests:
        detail = ", ".join(f"{count} {purpose}" for purpose, count in sorted(asked.items()))
        counts.append(("API requests", f"{sum(asked.values())} ({detail})"))
    if drill := manifest.drill:
        undone = len(drill.undone)
        detail = f"; {undone} could not be tried on this machine" if undone else ""
        good = f"{len(drill.good)} of {len(drill.checked)} archives good{detail}"
        counts.append(("restore drill", good))
    return counts
