"""Decides whether a stored lease is still valid. Pure.

Only the store's clock counts: it says when the lease was written, and the lease lasts from then on.
A program that holds a lease renews it four times as often as it has to.
"""

from dataclasses import dataclass
from datetime import timedelta

from backup_contract.documents import fields
from backup_contract.documents.lease import LeaseRecord
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.store.base import Tagged

LEASE = timedelta(minutes=10)
_COPIED = timedelta(days=1)
"""A copied lock of an older program has the time of the copy, but ended long ago."""


@dataclass(frozen=True)
class Judgement:
    """Whether a lease may be taken; ``reason`` is a message for a person if it may not."""

    free: bool
    reason: str


@dataclass(frozen=True)
class Claimant:
    """The attempt that wants the lease. ``continues``: see :class:`repo_backup.run.lease.Lease`."""

    run_id: str
    attempt: int
    continues: bool


def judge(lock: LeaseRecord, found: Tagged, claimant: Claimant, *, alive: bool | None) -> Judgement:
    """Whether the claimant may take the lease. ``alive``: whether the holder's process still runs.

    A later attempt takes it from an earlier one of its run, because that one is known to be over.
    """
    if lock.ended or (lock.ended is None and _ended_as_written(lock, found)):
        return Judgement(free=True, reason="it has ended")
    if alive is False:
        return Judgement(free=True, reason="the process that held it has ended")
    if abs(found.age) >= LEASE:
        return Judgement(free=True, reason="it was not renewed in time")
    if lock.ended is None and found.written_at - lock.expires_at >= _COPIED:
        return Judgement(free=True, reason="it had ended when it was copied")
    own = claimant.continues and lock.run_id == claimant.run_id
    if own and alive is not True and lock.process is None:
        return Judgement(free=True, reason="it is an earlier attempt's of this run")
    if own and lock.attempt is not None and lock.attempt < claimant.attempt:
        return Judgement(free=True, reason="it is an earlier attempt's of this run")
    return Judgement(free=False, reason=_refusal(lock, found, own=own, alive=alive))


def _ended_as_written(lock: LeaseRecord, found: Tagged) -> bool:
    return abs(lock.expires_at - found.written_at) < LEASE / 2


def _refusal(lock: LeaseRecord, found: Tagged, *, own: bool, alive: bool | None) -> str:
    until = iso(found.written_at + LEASE)
    # Another machine cannot check the process, but a later attempt there may take the lease.
    options = ""
    if alive is None and lock.process is not None and lock.attempt is not None:
        options = f" --attempt {lock.attempt + 1}"
    remedy = ""
    if fields.RUN_ID.fullmatch(lock.run_id) and not (own and alive):
        remedy = f". If it was killed, continue it with --run-id {lock.run_id}{options}"
    return (
        f"run {one_line(lock.run_id)} is writing to this destination{' already' if own else ''}; "
        f"its lease ends {until} unless it renews it{remedy}"
    )
