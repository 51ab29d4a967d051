"""``prune-objects``: lists and removes binaries that no restorable archive refers to."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_contract import exit_codes as exits
from backup_contract import object_keys as layout
from backup_contract.documents.output.pruning import PruneDocument, PrunedRow
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.moments import iso
from backup_contract.text import size
from repo_backup.cli.output import print_document, print_line, working
from repo_backup.prune.plan import PrunePlan, plan_pruning
from repo_backup.prune.references import References, find_references
from repo_backup.prune.removal import remove_objects
from repo_backup.run.lease import Lease
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import StoreRefusedError, UsageError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.runtime.signals import graceful_stop
from repo_backup.store.open_prunable import open_prunable
from repo_backup.store.prunable import ObjectRow, PrunableStore, Removal

_CONNECTIONS = 16
_MOST_NAMED = 50


@dataclass(frozen=True)
class _Outcome:
    """What was found and removed. ``locks`` maps SHA-256 to the end of an object lock."""

    plan: PrunePlan
    references: References
    keeps_versions: bool | None
    locks: Mapping[str, str]
    removals: tuple[Removal, ...] = ()


def prune_objects(options: argparse.Namespace) -> int:
    """``repo-backup prune-objects``. Returns 3 if an object that should be removed is still there.

    Raises UsageError if the minimum age of removable objects is not known.
    """
    store = open_prunable(options.store, connections=_CONNECTIONS)
    days = options.older_than_days or _kept_days(store)
    stop = CancellationToken()
    with graceful_stop(stop):
        if options.yes:
            name = f"prune-objects {iso(datetime.now(UTC))}"
            lease = Lease(store, name, 1, stop, continues=False)
            lease.check_free()
            with lease.hold():
                outcome = _pruned(store, days, stop, remove=True)
        else:
            outcome = _pruned(store, days, stop, remove=False)
    if options.json:
        print_document(_document(options, outcome))
    else:
        _print(options, outcome)
    left = any(each.state in ("changed", "refused") for each in outcome.removals)
    return exits.NOT_ALL if left else exits.GOOD


def _kept_days(store: PrunableStore) -> int:
    try:
        if days := store.kept_days():
            return days
    except StoreRefusedError as error:
        raise UsageError(
            f"--older-than-days is required: the bucket's lifecycle rules are not readable: {error}"
        ) from error
    raise UsageError(
        "--older-than-days is required: no lifecycle rule of this destination says how long "
        "replaced versions are kept. What was written in these days is not removed"
    )


def _pruned(store: PrunableStore, days: int, stop: CancellationToken, *, remove: bool) -> _Outcome:
    """Objects are listed first, so objects written later are not in the plan."""
    retry_policy = RetryPolicy(stop)
    with working("looking for objects …") as tell:
        listing = store.binaries()
        tell("reading what refers to them …")
        references = find_references(store, retry_policy)
        plan = plan_pruning(listing, references.sha256s, days)
        locks = store.locks(plan.removable) if plan.removable else {}
        removals: tuple[Removal, ...] = ()
        if remove:
            tell("removing …")
            removals = remove_objects(store, plan.removable, retry_policy)
    return _Outcome(plan, references, store.keeps_versions(), locks, removals)


def _print(options: argparse.Namespace, outcome: _Outcome) -> None:
    for key in outcome.references.ignored:
        print_line(f"ignored: a version of {key} is damaged, and no manifest names it", sys.stderr)
    rows = _rows(outcome)
    for row in rows[:_MOST_NAMED]:
        print_line(_line(row))
    if len(rows) > _MOST_NAMED:
        print_line(f"… and {len(rows) - _MOST_NAMED} more: --json names all")
    for line in _summary(outcome, removed=options.yes):
        print_line(line)


def _line(row: PrunedRow) -> str:
    lock = f", locked until {row['locked_until']}" if row["locked_until"] else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    written = row["modified_at"][:10]
    return f"{row['state']}: {row['key']}, {size(row['bytes'])}, of {written}{lock}{reason}"


def _summary(outcome: _Outcome, *, removed: bool) -> list[str]:
    plan = outcome.plan
    days = plan.older_than_days
    lines = [
        f"{_objects(plan.needed)} needed; {_objects(plan.removable)} not needed and older than "
        f"{days} day{'s' * (days != 1)}; {_objects(plan.young)} not needed and not as old."
    ]
    if locked := [row for row in plan.removable if row.sha256 in outcome.locks]:
        lines.append(
            f"Object Lock keeps the bytes of {_objects(locked)} until the dates above. Nobody can "
            "remove them earlier."
        )
    if not plan.removable:
        return [*lines, "There is nothing to remove."]
    if not removed:
        effect = _effect(outcome.keeps_versions)
        return [*lines, f"Nothing was removed. --yes removes the objects {effect}."]
    gone = [each.row for each in outcome.removals if each.state in ("hidden", "removed")]
    lines.append(f"Removed: {_objects(gone)}, {_effect(outcome.keeps_versions)}.")
    if left := [each.row for each in outcome.removals if each.row not in gone]:
        lines.append(f"Not removed: {_objects(left)}, for the reasons above.")
    return lines


def _effect(keeps_versions: bool | None) -> str:
    match keeps_versions:
        case True:
            return (
                "with delete markers; S3 removes the bytes when the bucket's lifecycle rule "
                "(KeepVersionsDays) expires these versions"
            )
        case False:
            return "permanently: this destination keeps no versions"
        case None:
            return "permanently, unless the bucket keeps versions (you may not read that setting)"


def _rows(outcome: _Outcome) -> list[PrunedRow]:
    removals = {each.row.sha256: each for each in outcome.removals}
    rows = []
    for row in outcome.plan.removable:
        removal = removals.get(row.sha256)
        rows.append(
            PrunedRow(
                key=layout.content(row.sha256),
                bytes=row.bytes,
                modified_at=iso(row.modified_at),
                state=removal.state if removal else "removable",
                reason=(removal.reason or None) if removal else None,
                locked_until=outcome.locks.get(row.sha256),
            )
        )
    return rows


def _document(options: argparse.Namespace, outcome: _Outcome) -> PruneDocument:
    plan = outcome.plan
    return PruneDocument(
        schema=SCHEMA,
        command="prune-objects",
        source=options.store,
        older_than_days=plan.older_than_days,
        keeps_versions=outcome.keeps_versions,
        objects=_rows(outcome),
        needed=len(plan.needed),
        needed_bytes=_bytes(plan.needed),
        young=len(plan.young),
        young_bytes=_bytes(plan.young),
        read=outcome.references.read,
        ignored=[*outcome.references.ignored],
    )


def _objects(rows: Sequence[ObjectRow]) -> str:
    count = "1 object" if len(rows) == 1 else f"{len(rows)} objects"
    return f"{count} ({size(_bytes(rows))})"


def _bytes(rows: Sequence[ObjectRow]) -> int:
    return sum(row.bytes for row in rows)
