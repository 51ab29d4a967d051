"""``launch.json``: which instances were launched for a run. Only the launcher writes it. Pure."""

from dataclasses import dataclass

from backup_contract import evidence
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields


@dataclass(frozen=True)
class Launched:
    """One attempt that got an instance.

    ``evidence`` is the prefix below which that instance says how it goes; empty where a launcher
    of before there were such prefixes made it.
    """

    attempt: int
    instance_id: str
    evidence: str = ""


def read_launch(data: bytes, run_id: str) -> tuple[Launched, ...]:
    """The attempts of this run, the first one first. Raises ValueError that names the field.

    Launchers of before there were such prefixes wrote down the latest attempt alone.
    """

    def read(document: Fields) -> tuple[Launched, ...]:
        fields.schema(document, 1)
        if fields.run_id(document, "run_id") != run_id:
            raise DamagedError("run_id", "is another run's")
        if "attempts" not in document:
            return (_launched(document),)
        return tuple(fields.each(document, "attempts", _launched))

    def _launched(document: Fields) -> Launched:
        below = fields.optional(fields.text, document, "evidence") or ""
        if below and not evidence.is_prefix(below, run_id):
            raise DamagedError("evidence", f"is no prefix of an attempt of {run_id}")
        number = fields.count(document, "attempt")
        return Launched(number, fields.text(document, "instance_id"), below)

    return tuple(sorted(fields.decode(data, read), key=lambda each: each.attempt))
