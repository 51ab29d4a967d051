"""A run: one scheduled or manual backup, its attempts, and the state of each. Pure.

A run is immutable: methods return a changed copy, which replaces the stored document as a whole.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from backup_contract import evidence

TAG_STACK = "online-backup:stack"
TAG_RUN_ID = "online-backup:run-id"
TAG_ATTEMPT = "online-backup:attempt"

POWER_OFF_MARGIN = timedelta(minutes=5)
"""How long before its deadline an instance powers itself off, so that it can upload its log."""


class Market(StrEnum):
    """The purchasing option of an instance."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


class Outcome(StrEnum):
    """How an attempt ended."""

    NO_CAPACITY = "no-capacity"
    REFUSED = "refused"
    LOST = "lost"
    FAILED = "failed"
    RECLAIMED = "reclaimed"
    PAUSED = "paused"
    ENDED = "ended"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Pool:
    """An instance type in a subnet, with a purchasing option: where to request an instance.

    ``price`` is the last published spot price in USD per hour; None if it is not known.
    """

    instance_type: str
    subnet_id: str
    zone: str
    market: Market
    image_id: str
    price: str | None = None


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """EC2's error for a request to one pool. ``kind`` says what it means for the other pools.

    It is a :class:`launcher.launch.refusals.Kind`. ``subnet_id`` is empty in documents of versions
    that did not record it.
    """

    instance_type: str
    zone: str
    market: Market
    code: str
    kind: str
    message: str
    subnet_id: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """The instance of an attempt. ``price`` is in USD per hour; None if it is not known."""

    id: str
    instance_type: str
    zone: str
    market: Market
    price: str | None
    launched_at: datetime


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a manual run; the defaults are those of a scheduled run."""

    only: tuple[str, ...] = ()
    full: bool = False
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run. It is stored before any request to EC2, so that it can be repeated.

    ``user_data`` is the instance's script. ``warned_at`` is when EC2 announced an interruption,
    ``terminated_at`` when the reporter terminated the instance. ``done`` of ``listed`` repositories
    were backed up when the attempt ended. ``role_id`` is the id of the instance's IAM role; empty
    if a launcher planned the attempt whose instances wrote their documents elsewhere.
    """

    number: int
    started_at: datetime
    deadline_at: datetime
    pools: tuple[Pool, ...] = ()
    user_data: str = ""
    answers: tuple[PoolAnswer, ...] = ()
    instance: Instance | None = None
    outcome: Outcome | None = None
    problem: str | None = None
    ended_at: datetime | None = None
    warned_at: datetime | None = None
    terminated_at: datetime | None = None
    done: int | None = None
    listed: int | None = None
    role_id: str = ""

    @property
    def powers_off_after(self) -> timedelta:
        """How long after its boot the instance powers itself off, whatever the backup does."""
        return self.deadline_at - self.started_at - POWER_OFF_MARGIN


@dataclass(frozen=True, slots=True)
class Run:
    """One backup run.

    ``version`` counts its stored states; 0 means that it is not stored yet. ``wakes`` counts the
    reporter's scheduled rechecks. Until ``mail_lease_until`` one reporter may send the mail.
    """

    id: str
    trigger: str
    created_at: datetime
    options: Options = field(default_factory=Options)
    attempts: tuple[Attempt, ...] = ()
    mail_lease_until: datetime | None = None
    verdict: str | None = None
    reported_at: datetime | None = None
    wakes: int = 0
    version: int = 0

    @property
    def attempt(self) -> Attempt:
        """The latest attempt. Raises IndexError before the first."""
        return self.attempts[-1]

    def evidence(self, attempt: Attempt, instance_id: str = "") -> str:
        """The prefix of the documents that the attempt's instance writes; empty if not known.

        ``instance_id`` is for an attempt whose launch was not recorded.
        """
        launched = attempt.instance.id if attempt.instance else instance_id
        if not (attempt.role_id and launched):
            return ""
        return evidence.prefix(self.id, attempt.role_id, launched)

    @property
    def state(self) -> str:
        """``planned``, ``launching(n)``, ``running(n)``, ``ended(n)`` or ``reported``."""
        if self.reported_at:
            return "reported"
        if not self.attempts:
            return "planned"
        last = self.attempt
        phase = "ended" if last.outcome else "running" if last.instance else "launching"
        return f"{phase}({last.number})"

    def is_in_progress(self, now: datetime) -> bool:
        """Whether an attempt is being launched or is running, and its deadline has not passed."""
        has_open_attempt = bool(self.attempts) and self.attempt.outcome is None
        return has_open_attempt and now < self.attempt.deadline_at

    def with_attempt(self, **changes: Any) -> "Run":
        """A copy of the run with these fields of the latest attempt changed."""
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempt, **changes)))

    def with_new_attempt(self, attempt: Attempt) -> "Run":
        """A copy of the run with a further attempt, and without the launch plans of earlier ones.

        So the document stays well below DynamoDB's limit of 400 KB for an item.
        """
        ended = (
            replace(
                each,
                pools=(),
                user_data="",
                answers=tuple(replace(answer, message="") for answer in each.answers),
            )
            for each in self.attempts
        )
        return replace(self, attempts=(*ended, attempt))
