"""``launch.json``: which instances were launched for a run. Only the launcher writes it. Pure."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from backup_contract import evidence
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields


@dataclass(frozen=True, slots=True)
class Launched:
    """An attempt that has an instance.

    ``evidence`` is the prefix of the documents that the instance writes; empty if an earlier
    version, which had no such prefixes, launched it.
    """

    attempt: int
    instance_id: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused pool, with EC2's error code."""

    instance_type: str
    zone: str
    market: str
    code: str


@dataclass(frozen=True, slots=True)
class LaunchRecord:
    """The latest attempt of a run, and the instance of each attempt.

    ``usd_per_hour`` is the spot price at launch; None if it is not known.
    """

    run_id: str
    attempt: int
    trigger: str
    launched_at: datetime
    deadline_at: datetime
    instance_id: str
    instance_type: str
    zone: str
    market: str
    usd_per_hour: str | None
    refused: tuple[Refused, ...] = ()
    not_offered: tuple[str, ...] = ()
    attempts: tuple[Launched, ...] = ()

    @property
    def latest(self) -> dict[str, Any]:
        """The latest attempt, as it is also in the launcher's answer."""
        return {
            "schema": 1,
            "run_id": self.run_id,
            "attempt": self.attempt,
            "trigger": self.trigger,
            "launched_at": self.launched_at.isoformat(),
            "deadline_at": self.deadline_at.isoformat(),
            "instance_id": self.instance_id,
            "instance_type": self.instance_type,
            "zone": self.zone,
            "market": self.market,
            "usd_per_hour": self.usd_per_hour,
            "refused": refused_rows(self.refused),
            "not_offered": list(self.not_offered),
        }

    def to_json(self) -> bytes:
        """The document."""
        attempts = [{**asdict(each), "evidence": each.evidence or None} for each in self.attempts]
        return json.dumps({**self.latest, "attempts": attempts}, indent=1).encode()


def refused_rows(refused: tuple[Refused, ...]) -> list[list[str]]:
    """The pools in documents: type, zone, market and code of each."""
    return [[each.instance_type, each.zone, each.market, each.code] for each in refused]


def read_launch(data: bytes, run_id: str) -> tuple[Launched, ...]:
    """Read the attempts of this run, in order. Raises DamagedError that names the field.

    The other fields are not needed. Earlier versions recorded only the latest attempt.
    """

    def read(document: Fields) -> tuple[Launched, ...]:
        fields.schema(document, 1)
        if fields.run_id(document, "run_id") != run_id:
            raise DamagedError("run_id", "is that of another run")
        if "attempts" not in document:
            return (_launched(document),)
        return tuple(fields.each(document, "attempts", _launched))

    def _launched(document: Fields) -> Launched:
        below = fields.optional(fields.text, document, "evidence") or ""
        if below and not evidence.is_prefix(below, run_id):
            raise DamagedError("evidence", f"is not the prefix of an attempt of {run_id}")
        number = fields.count(document, "attempt")
        return Launched(number, fields.text(document, "instance_id"), below)

    return tuple(sorted(fields.decode(data, read), key=lambda each: each.attempt))
