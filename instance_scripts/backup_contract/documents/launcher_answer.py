"""What the launcher answers: to a run, to a dry run, and to a check. JSON. Pure.

The launcher writes it; ``run-now`` and ``check`` read it, and a later or an earlier launcher may
have answered. What they rely on is checked; the rest they show as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.launch import LaunchRecord, Refused, refused_rows

OK = "ok"
"""The status of a check that found everything in order."""


class Status(StrEnum):
    """How far the launcher got with a request."""

    LAUNCHED = "launched"
    ALREADY_LAUNCHED = "already launched"
    NOT_LAUNCHED = "not launched"
    REFUSED = "refused"
    TOO_LATE = "too late"
    IGNORED = "ignored"
    WOULD_LAUNCH = "would launch"


_INSTANCE_THERE = (Status.LAUNCHED, Status.ALREADY_LAUNCHED)
_POOLS_ASKED = (Status.NOT_LAUNCHED, Status.REFUSED)


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """The answer to a request for a run.

    ``launch`` is there where an instance was launched just now, ``run_id`` where there is a run,
    ``next_attempt_at`` where another attempt is planned. ``mail`` warns that nobody gets the mail.
    """

    status: str
    run_id: str = ""
    attempt: int | None = None
    problem: str = ""
    next_attempt_at: datetime | None = None
    refused: tuple[Refused, ...] = ()
    launch: LaunchRecord | None = None
    advice: str = ""
    mail: str = ""

    @property
    def launched(self) -> bool:
        """Whether the attempt has an instance."""
        return self.status in _INSTANCE_THERE

    @property
    def succeeded(self) -> bool:
        """Whether the launcher did, or would do, what it was asked."""
        return self.launched or self.status == Status.WOULD_LAUNCH

    @property
    def document(self) -> dict[str, Any]:
        """As it is answered: what there is nothing to say about is not there."""
        document: dict[str, Any] = {"status": str(self.status)}
        if self.launch:
            document |= self.launch.latest
        elif self.run_id:
            document |= {"run_id": self.run_id, "attempt": self.attempt}
        document |= {"problem": self.problem} if self.problem else {}
        if self.run_id and self.status in _POOLS_ASKED:
            at = self.next_attempt_at
            document["next_attempt_at"] = at.isoformat() if at else None
            document["refused"] = refused_rows(self.refused)
        for name, value in (("advice", self.advice), ("mail", self.mail)):
            document |= {name: value} if value else {}
        return document

    @classmethod
    def read(cls, document: Fields) -> "RunAnswer":
        """From the answer to a run or a dry run. Raises DamagedError that names the field.

        What only people read of it is left out.
        """
        run_id = fields.optional(fields.run_id, document, "run_id") or ""
        answer = cls(
            status=fields.text(document, "status"),
            run_id=run_id,
            attempt=fields.optional(fields.count, document, "attempt"),
            problem=fields.text_or_none(document, "problem") or "",
            next_attempt_at=fields.optional(fields.moment, document, "next_attempt_at"),
        )
        if answer.launched or answer.next_attempt_at:
            fields.run_id(document, "run_id")
        return answer


@dataclass(frozen=True, slots=True)
class DryRunAnswer:
    """The answer to a dry run that nothing kept from asking EC2.

    ``objections`` are EC2's by market, ``first_pools`` the three that would be asked first, of so
    many ``pools``; ``rights`` is what GitHub says of the access.
    """

    status: str
    owners: tuple[str, ...]
    rights: tuple[str, ...]
    first_pools: tuple[str, ...]
    pools: int
    not_offered: tuple[str, ...]
    objections: Mapping[str, str] = field(default_factory=dict)
    mail: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """As it is answered."""
        return {
            "status": str(self.status),
            "dry_run": True,
            "owners": list(self.owners),
            "rights": list(self.rights),
            "first_pools": list(self.first_pools),
            "pools": self.pools,
            "not_offered": list(self.not_offered),
            "objections": dict(self.objections),
            **({"mail": self.mail} if self.mail else {}),
        }


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """The preflight: ``ok``, ``mend`` or ``unknown``, and a line for each check by its name."""

    status: str
    summary: str
    checks: Mapping[str, str]

    @property
    def in_order(self) -> bool:
        """Whether nothing needs a person."""
        return self.status == OK

    @property
    def document(self) -> dict[str, Any]:
        """As it is answered."""
        return {"status": self.status, "summary": self.summary, "checks": dict(self.checks)}

    @classmethod
    def read(cls, document: Fields) -> "CheckAnswer":
        """From the answer to a check. Raises DamagedError that names the field."""
        return cls(
            status=fields.text(document, "status"),
            summary=fields.text(document, "summary"),
            checks=fields.named_texts(document, "checks"),
        )
