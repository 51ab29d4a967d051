"""``diff``: what changed between two runs."""

import argparse
import gc
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from backup_contract.documents.manifest import Item
from backup_contract.documents.output.archives import DiffDocument, DiffRow, RefsRow
from backup_contract.documents.output.project_data import ItemChangesRow
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.documents.parts.labels import label
from backup_contract.kinds import DATA
from backup_contract.text import size
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.cli.source import CONNECTIONS, open_source
from repo_backup.restore.points_in_time import manifest_at
from repo_backup.restore.run_diff import (
    ADDED,
    CHANGED,
    GONE,
    RENAMED,
    Difference,
    differences,
    with_contents,
)

_SHORT = 10
_MOST_REFS = 20
"""Per repository, in the table; ``--json`` has all."""


def diff(options: argparse.Namespace) -> int:
    """``repo-backup diff``."""
    store = open_source(options)
    with _without_garbage():
        before, after = (manifest_at(store, at) for at in (options.before, options.after))
        found = differences(before, after)
    if not options.no_refs:
        with working("reading refs and items …"):
            found = [*with_contents(store, found, CONNECTIONS)]
    incomplete = [each.run_id for each in (before, after) if not each.complete]
    if options.json:
        document = DiffDocument(
            schema=SCHEMA,
            command="diff",
            source=options.store,
            before=before.run_id,
            after=after.run_id,
            incomplete=incomplete,
            repositories=[_row(each) for each in found],
        )
        print_document(document)
    else:
        _print(found, before.run_id, after.run_id)
    for run_id in incomplete:
        print_line(
            f"repo-backup: run {run_id} did not complete: what it did not reach counts as not "
            "there",
            sys.stderr,
        )
    return 0


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Without garbage collection, which took 0.5 of 1.7 s with 10,000 repositories. Manifests have
    no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _row(each: Difference) -> DiffRow:
    refs, items = each.refs, each.items
    return DiffRow(
        repository=each.item.entry.full_name,
        kind=each.item.kind,
        change=each.change,
        former_name=_former_name(each),
        bytes_before=_bytes(each.before),
        bytes_after=_bytes(each.after),
        refs=None
        if refs is None
        else RefsRow(
            added={**refs.added},
            gone={**refs.gone},
            changed={name: [*ids] for name, ids in refs.changed.items()},
        ),
        items=None
        if items is None
        else ItemChangesRow(new={**items.new}, changed={**items.changed}, gone={**items.gone}),
        refs_unread=each.unread,
    )


def _print(found: Sequence[Difference], before: str, after: str) -> None:
    counts = Counter(each.change for each in found)
    message = ", ".join(
        f"{counts[change]} {change}" for change in (ADDED, GONE, CHANGED, RENAMED) if counts[change]
    )
    print_line(f"from {before} to {after}: {message or 'nothing changed'}")
    if found:
        headings = ("archive", "change", "before", "after")
        print_table(headings, [(*_name(each), *_sizes(each)) for each in found])
    for each in found:
        for line in (*_ref_lines(each), *(each.items.sentences if each.items else ())):
            print_line(f"{label(each.item)}: {line}")


def _name(each: Difference) -> tuple[str, str]:
    former = _former_name(each)
    return label(each.item), f"{each.change} (was {former})" if former else each.change


def _sizes(each: Difference) -> tuple[str, str]:
    sizes = (_bytes(each.before), _bytes(each.after))
    before, after = ("-" if count is None else size(count) for count in sizes)
    return before, after


def _ref_lines(each: Difference) -> Iterator[str]:
    if each.unread:
        what = "items" if each.item.kind == DATA else "refs"
        yield f"its {what} cannot be read: {each.unread}"
    if each.refs is None:
        return
    lines = [
        *(
            f"{name} {_short(one)} -> {_short(two)}"
            for name, (one, two) in each.refs.changed.items()
        ),
        *(f"+ {name} {_short(oid)}" for name, oid in each.refs.added.items()),
        *(f"- {name} {_short(oid)}" for name, oid in each.refs.gone.items()),
    ]
    yield from lines[:_MOST_REFS]
    if len(lines) > _MOST_REFS:
        yield f"{len(lines) - _MOST_REFS} more refs; --json has all"


def _short(oid: str) -> str:
    return oid if "/" in oid else oid[:_SHORT]


def _former_name(each: Difference) -> str | None:
    if each.before is None or each.after is None:
        return None
    former = each.before.entry.full_name
    return None if former == each.after.entry.full_name else former


def _bytes(item: Item | None) -> int | None:
    return item.result.bytes_stored if item else None
