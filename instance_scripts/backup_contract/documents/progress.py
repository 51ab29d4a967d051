"""``progress.json``: the progress of a run, as its program reports it. Schema 1. Pure."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.moments import iso

_ENDED = ("done", "failed", "interrupted", "reclaimed")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """The latest progress of an attempt: ``done`` of ``listed`` repositories, ``failed`` of those
    done."""

    attempt: int
    phase: str
    done: int
    listed: int
    failed: int = 0
    bytes_uploaded: int = 0
    run_id: str = ""
    updated_at: datetime = _LONG_AGO

    @property
    def ended(self) -> bool:
        """Whether the attempt has ended."""
        return self.phase in _ENDED

    def to_json(self) -> bytes:
        """The document."""
        document = {"schema": 1, **asdict(self), "updated_at": iso(self.updated_at)}
        return json.dumps(document).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Progress":
        """Read the document. Raises DamagedError that names the field."""
        return fields.decode(data, cls._read)

    @classmethod
    def _read(cls, document: Fields) -> "Progress":
        fields.schema(document, 1)
        return cls(
            attempt=fields.count(document, "attempt"),
            phase=fields.word(document, "phase"),
            done=fields.count(document, "done"),
            listed=fields.count(document, "listed"),
            failed=fields.count(document, "failed"),
            bytes_uploaded=fields.count(document, "bytes_uploaded"),
            run_id=fields.run_id(document, "run_id"),
            updated_at=fields.moment(document, "updated_at"),
        )
