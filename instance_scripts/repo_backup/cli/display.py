"""What a person sees of a run: a live display on a terminal, lines elsewhere; then a summary."""

import sys
from typing import TextIO

from backup_contract.documents.manifest import COUNTED, Manifest
from backup_contract.text import parts_of, size
from backup_contract.visibility import describe
from repo_backup.cli.output import draws, print_facts
from repo_backup.run.progress_display import Display, LineDisplay


def open_display(stream: TextIO = sys.stderr) -> Display:
    """A live display when the stream is a terminal, lines otherwise."""
    if not draws(stream):
        return LineDisplay(stream)
    from repo_backup.cli.live_display import live_display

    return live_display(stream)


def print_summary(manifest: Manifest) -> None:
    """What became of the run, on stdout: problems first, the counts last."""
    title, remarks, counts = f"Run {manifest.run_id}", _remarks(manifest), _counts(manifest)
    if draws(sys.stdout):
        from repo_backup.cli.live_display import show_summary

        show_summary(title, remarks, counts)
        return
    for _, remark in remarks:
        print(remark)
    print(title)
    print_facts(dict(counts))


def _remarks(manifest: Manifest) -> list[tuple[str, str]]:
    """What a person must know, and the state that it is about."""
    entries = manifest.entries.values()
    seen = describe(manifest.visibility)
    named = [pair for entry in entries for pair in parts_of(entry)]
    told = (
        ("failed", True, "failed"),
        ("failed", False, "failed before, and was not tried this time"),
        ("skipped", True, "left out"),
        ("skipped", False, "left out"),
    )
    remarks: list[tuple[str, str]] = [("skipped", seen.sentence)] if seen.sentence else []
    remarks += [
        (state, f"{words}: {name}: {part.reason}{'; nothing is saved of it' * entry.unsaved}")
        for state, asked, words in told
        for entry in entries
        if entry.asked is asked
        for name, part in parts_of(entry)
        if part.state == state
    ]
    lfs = ", ".join(name for name, part in named if part.lfs)
    if lfs:
        remarks.append(("", f"use Git LFS, whose objects are not in the archive: {lfs}"))
    return remarks


def _counts(manifest: Manifest) -> list[tuple[str, str]]:
    totals = manifest.totals
    label = describe(manifest.visibility).label
    counts = [("listed", f"{totals['listed']}{f' ({label})' * bool(label)}")]
    counts += [(f"  {state}", str(totals[state])) for state in COUNTED]
    counts.append(("wikis", str(totals["wikis"])))
    counts += [(each, size(totals[f"bytes_{each}"])) for each in ("uploaded", "stored")]
    if manifest.drill:
        checked = manifest.drill["checked"]
        good = sum(item["ok"] is True for item in checked)
        undone = sum(item["ok"] is None for item in checked)
        told = f"; {undone} could not be tried on this machine" if undone else ""
        counts.append(("restore drill", f"{good} of {len(checked)} archives good{told}"))
    return counts
