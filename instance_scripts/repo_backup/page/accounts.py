"""The state of each account's own data, which belongs to no repository. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from backup_contract.judgement.unsaved_data import lacks
from backup_contract.kinds import ACCOUNT
from repo_backup.page.headline import Concern, concern, counted
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_history import AccountHistory
from repo_backup.store.base import Stored
from repo_backup.store.inventory import not_in_place

_RETRIED = "What was saved of it earlier is still there. The next run tries again."


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account on the page. ``bytes`` is None if nothing of it is saved."""

    name: str
    word: str
    tone: Tone
    reason: str
    bytes: int | None
    saved_at: datetime | None


def account_row(each: AccountHistory, present: dict[str, Stored], *, settled: bool) -> AccountRow:
    """The row of an account. ``present`` are the stored objects by key."""
    result = each.entry.results[ACCOUNT]
    word, tone = {
        "failed": ("not complete" if result.archive else "failed", Tone.WATCH),
        "skipped": ("left out", Tone.QUIET),
    }.get(result.state, ("backed up", Tone.GOOD))
    reason = result.reason or ""
    if gone := not_in_place([result], present, settled=settled):
        word, tone, reason = "archive missing", Tone.BAD, gone
    return AccountRow(
        each.entry.owner,
        word,
        tone,
        reason or lacks(each.entry),
        result.bytes_stored if result.archive else None,
        each.saved_at,
    )


def account_concerns(rows: Sequence[AccountRow]) -> Iterator[Concern]:
    """The concerns about accounts' data."""
    for tone, what in ((Tone.BAD, "is missing"), (Tone.WATCH, "is not complete")):
        if lines := [(row.name, row.reason) for row in rows if row.tone is tone]:
            title = f"Account data of {counted(len(lines), 'account', 'accounts')} {what}"
            yield concern(tone, title, _RETRIED, lines)
