"""Suspicions (rewritten history that looks like an attack) and acknowledgements. Schema 1. Pure."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.moments import iso, named_moment


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A run's reasons to suspect an attack, and the archives that they concern.

    ``keys`` are those of base archives; None means all archives.
    """

    run_id: str
    reasons: tuple[str, ...]
    keys: frozenset[str] | None = frozenset()

    def covers(self, key: str) -> bool:
        """Whether the suspicion concerns the archive with this key."""
        return self.keys is None or key in self.keys

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in ``report.json``."""
        keys = None if self.keys is None else sorted(self.keys)
        return {"run_id": self.run_id, "reasons": list(self.reasons), "keys": keys}

    @classmethod
    def read(cls, document: Fields) -> "Suspicion":
        """Read the object in a document. Raises DamagedError."""
        keys = fields.nullable(fields.texts, document, "keys")
        return cls(
            fields.run_id(document, "run_id"),
            tuple(fields.texts(document, "reasons")),
            None if keys is None else frozenset(keys),
        )


def acknowledgement(run_id: str, at: datetime) -> bytes:
    """The document with which a person acknowledges the suspicions of a run and earlier ones."""
    document = {"schema": 1, "run_id": run_id, "acknowledged_at": iso(at)}
    return json.dumps(document, indent=1).encode()


def still_open(
    suspicions: Iterable[Suspicion], acknowledged: Collection[str]
) -> tuple[Suspicion, ...]:
    """The suspicions that are not acknowledged, one for each run, oldest first.

    An acknowledgement covers its run and all earlier ones. If the run has a custom name, it covers
    that run only, because the name has no date.
    """
    by_run = {each.run_id: each for each in suspicions}
    left = sorted(by_run.keys() - acknowledged)
    return tuple(
        by_run[run_id] for run_id in left if not any(_later(each, run_id) for each in acknowledged)
    )


def frozen(suspicions: Iterable[Suspicion], key: str) -> bool:
    """Whether a suspicion forbids compacting or retiring the archive with this key."""
    return any(each.covers(key) for each in suspicions)


def _later(acknowledged: str, run_id: str) -> bool:
    one, other = named_moment(acknowledged), named_moment(run_id)
    return one is not None and other is not None and one > other
