"""The launcher's answers, in JSON: to a run, to a dry run and to a check. Pure.

``run-now`` and ``check`` read the answer, which a launcher of an earlier or a later version may
have written. They validate the fields that they need, and show the others unchanged.
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
"""The status of a check in which everything is in order."""


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

    ``launch`` is set if this request launched an instance, ``run_id`` if there is a run,
    ``next_attempt_at`` if another attempt is planned. ``mail`` is a warning that nobody will
    receive the mail.
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
        """Whether the launcher launched the instance, or would launch it."""
        return self.launched or self.status == Status.WOULD_LAUNCH

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the answer. Empty fields are omitted."""
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
        """Read the answer to a run or a dry run. Raises DamagedError that names the field.

        Fields that are only for people are ignored.
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
    """The answer to a dry run that reached EC2.

    ``objections`` are EC2's refusals by market. ``first_pools`` are the first three of ``pools``
    pools, in the order of the requests. ``rights`` are lines about the access to GitHub.
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
        """The JSON object of the answer."""
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
    """The answer to a check.

    ``status`` is ``ok``, ``mend`` (action needed) or ``unknown``; ``checks`` has a line for each
    check by its name.
    """

    status: str
    summary: str
    checks: Mapping[str, str]

    @property
    def in_order(self) -> bool:
        """Whether no action is needed and nothing is unknown."""
        return self.status == OK

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        return {"status": self.status, "summary": self.summary, "checks": dict(self.checks)}

    @classmethod
    def read(cls, document: Fields) -> "CheckAnswer":
        """Read the answer to a check. Raises DamagedError that names the field."""
        return cls(
            status=fields.text(document, "status"),
            summary=fields.text(document, "summary"),
            checks=fields.named_texts(document, "checks"),
        )
