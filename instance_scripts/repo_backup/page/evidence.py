"""For an auditor: when each repository was backed up, verified, and restored in a drill. Pure.

Nothing is claimed that no document says: a run counts as verification only where the reporter,
which is another program with other rights, checked its archives.
"""

import csv
import io
from collections.abc import Callable, Iterator

from backup_contract.documents.output.commands import EvidenceRow
from backup_contract.judgement.reliance import PARTIAL, VERIFIED
from backup_contract.kinds import GIT
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.page.repository_status import Standing, standings
from repo_backup.page.run_history import GOOD, PART_FAILED, Chronicle
from repo_backup.page.run_record import Run

_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet would run a cell that begins with one of these."""


def rows(chronicle: Chronicle) -> list[EvidenceRow]:
    """A row for each kind of each repository, by name."""
    return [row for each in standings(chronicle) for row in _rows(each, chronicle.runs)]


def as_csv(found: list[EvidenceRow]) -> str:
    """The rows as CSV with a heading, in which no text of others is a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*EvidenceRow.__annotations__], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in found)
    return text.getvalue()


def _rows(each: Standing, runs: tuple[Run, ...]) -> Iterator[EvidenceRow]:
    for item in each.entry.items:
        git = item.kind == GIT
        if not git and item.archive is None and item.state != "failed":
            continue
        # Where something beside git failed, a run's letter does not tell which kind that was.
        letters = GOOD if git else GOOD - {PART_FAILED}
        saved = _newest(each, runs, letters, lambda run: True)
        verified = _newest(
            each, runs, letters, lambda run: run.reported and run.verdict in (VERIFIED, PARTIAL)
        )
        yield EvidenceRow(
            repository=each.entry.full_name,
            kind=item.kind,
            id=each.entry.id,
            status=each.status.word if git else item.state,
            reason=(each.reason if git else item.reason) or None,
            backed_up_at=iso(saved.moment) if saved else None,
            backed_up_by_run=saved.id if saved else None,
            verified_at=iso(verified.moment) if verified else None,
            verified_by_run=verified.id if verified else None,
            drilled_at=item.archive.drilled_at if item.archive else None,
            archive=item.archive.key if item.archive else None,
            bytes=item.result.bytes_stored if item.archive else None,
            sha256=item.archive.sha256 if item.archive else None,
            version_id=item.archive.version_id if item.archive else None,
            stored_by_run=item.result.stored_by,
        )


def _newest(
    each: Standing, runs: tuple[Run, ...], letters: frozenset[int], counts: Callable[[Run], bool]
) -> Run | None:
    """The newest run that had it good and that counts."""
    seen = zip(runs, each.repository.letters, strict=True)
    return next((r for r, letter in reversed([*seen]) if letter in letters and counts(r)), None)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    shown = one_line(value, None)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
