"""``runs/lock.json``: which run may write to a destination, and until when. Schema 1. Pure."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.moments import iso


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A lease.

    ``run_id`` is for display only, and may be any text. ``attempt`` and ``holder`` are None if they
    were not recorded; the lease is valid anyway. Programs before December 2026 wrote neither
    ``ended`` nor ``process``: their lease has ended if it expires at the time when it was written.
    """

    run_id: str
    expires_at: datetime
    attempt: int | None = None
    holder: str | None = None
    ended: bool | None = None
    process: str | None = None

    def to_json(self) -> bytes:
        """The document."""
        document = {"schema": 1, **asdict(self), "expires_at": iso(self.expires_at)}
        return json.dumps(document).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "LeaseRecord":
        """Read the document. Raises DamagedError that names the field."""
        return fields.decode(data, cls._read)

    @classmethod
    def _read(cls, document: Fields) -> "LeaseRecord":
        return cls(
            fields.text(document, "run_id"),
            fields.moment(document, "expires_at"),
            fields.optional(fields.count, document, "attempt"),
            fields.text_or_none(document, "holder"),
            fields.optional(fields.flag, document, "ended"),
            fields.optional(fields.text, document, "process"),
        )
