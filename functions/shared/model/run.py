"""The run: one scheduled or manual backup, its attempts, and where each of them stands.

Everything here is plain data. A run is stored as one document and only ever replaced whole, by
whoever read its latest version; so each function below takes a run and returns the next one.
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
"""How long before its deadline an instance ends itself, so that its log still gets out."""


class Market(StrEnum):
    """How an instance is bought."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


class Outcome(StrEnum):
    """How an attempt ended, once it did."""

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
    """Where capacity can be asked for: an instance type in a subnet, bought in one way.

    ``price`` is USD per hour as last published for spot, None where unknown.
    """

    instance_type: str
    subnet_id: str
    zone: str
    market: Market
    image_id: str
    price: str | None = None


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """What EC2 said to a request for one pool: its error code, and the class we put it in.

    ``subnet_id`` is empty in records of before it was kept.
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
    """The instance that an attempt got."""

    id: str
    instance_type: str
    zone: str
    market: Market
    price: str | None
    launched_at: datetime


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asked of this run beyond the defaults."""

    only: tuple[str, ...] = ()
    full: bool = False
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at the run, written down before EC2 is asked so that it can be repeated exactly.

    ``role_id`` is that of the role which its instance has; empty where a launcher planned it that
    did not tell its instance where to write what is read of it now.
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
        """How long after its boot the instance ends itself, whatever the backup does."""
        return self.deadline_at - self.started_at - POWER_OFF_MARGIN


@dataclass(frozen=True, slots=True)
class Run:
    """One backup run. ``version`` counts its stored states; 0 means not stored yet."""

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
        """Below which prefix the attempt's instance says how it goes; empty where that is unknown.

        ``instance_id`` is for an attempt whose launch was never written down.
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

    def is_at_work(self, now: datetime) -> bool:
        """Whether an attempt is launched or made now; one past its deadline is in nobody's way."""
        going_on = bool(self.attempts) and self.attempt.outcome is None
        return going_on and now < self.attempt.deadline_at

    def with_attempt(self, **changes: Any) -> "Run":
        """The run with its latest attempt changed."""
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempt, **changes)))

    def with_new_attempt(self, attempt: Attempt) -> "Run":
        """The run with one attempt more; what only a repetition needs of the others is dropped.

        So the document stays well below the 400 KB that an item of DynamoDB may have.
        """
        done = (
            replace(
                each,
                pools=(),
                user_data="",
                answers=tuple(replace(answer, message="") for answer in each.answers),
            )
            for each in self.attempts
        )
        return replace(self, attempts=(*done, attempt))
