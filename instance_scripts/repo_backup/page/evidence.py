"""For an auditor: when each repository was backed up, verified, and restored in a drill. Pure.

Every claim has a document behind it. A run counts as verification only if the reporter, another
program with other permissions, checked its archives.
"""

import csv
import io
from collections.abc import Callable, Iterator

from backup_contract.documents.output.runs import EvidenceRow
from backup_contract.judgement.reliance import PARTIAL, VERIFIED
from backup_contract.kinds import GIT
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.page.repository_status import RepositoryStatus, repository_statuses
from repo_backup.page.run_history import GOOD, PART_FAILED, Repository, RunHistory
from repo_backup.page.run_record import Run

_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet would evaluate a cell that begins with one of these."""


def rows(run_history: RunHistory) -> list[EvidenceRow]:
    """A row for each kind of each repository, by name, then for each gist."""
    runs, statuses = run_history.runs, repository_statuses(run_history)
    of_repositories = (row for each in statuses for row in _rows(each.repository, each, runs))
    of_gists = (row for each in run_history.gists for row in _rows(each, None, runs))
    return [*of_repositories, *of_gists]


def as_csv(found: list[EvidenceRow]) -> str:
    """The rows as CSV with a heading. Text by others is never a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*EvidenceRow.__annotations__], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in found)
    return text.getvalue()


def _rows(
    each: Repository, status: RepositoryStatus | None, runs: tuple[Run, ...]
) -> Iterator[EvidenceRow]:
    for item in each.entry.items:
        git = status if item.kind == GIT else None
        if not git and item.archive is None and item.state != "failed":
            continue
        # If an item besides git failed, a run's letter does not show which kind it was.
        letters = GOOD if git else GOOD - {PART_FAILED}
        saved = _newest(each, runs, letters, lambda run: True)
        verified = _newest(
            each, runs, letters, lambda run: run.reported and run.verdict in (VERIFIED, PARTIAL)
        )
        yield EvidenceRow(
            repository=each.entry.full_name,
            kind=item.kind,
            id=each.entry.id,
            status=git.status.word if git else item.state,
            reason=(git.reason if git else item.reason) or None,
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
    each: Repository,
    runs: tuple[Run, ...],
    letters: frozenset[int],
    counts: Callable[[Run], bool],
) -> Run | None:
    """The newest run that counts and in which it was good."""
    seen = zip(runs, each.letters, strict=True)
    return next((r for r, letter in reversed([*seen]) if letter in letters and counts(r)), None)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    shown = one_line(value, None)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
