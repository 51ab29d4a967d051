"""The date marker, written last: which attempt of which run completed. Lines of text. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backup_contract import object_keys as layout
from backup_contract.moments import iso

_ATTEMPT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Marker:
    """Which attempt completed, and the manifest it vouches for. ``key`` is the marker's own.

    ``manifest`` is that manifest's key; empty: the run's own.
    """

    key: str
    run_id: str
    attempt: int
    manifest_sha256: str
    counts: Mapping[str, int] = field(default_factory=dict)
    manifest: str = ""

    def to_text(self, completed_at: datetime) -> bytes:
        """The marker of a run that was complete at this moment: ``name=value`` lines."""
        values = {
            "run_id": self.run_id,
            "attempt": self.attempt,
            "completed_at": iso(completed_at),
            "manifest": self.manifest or layout.manifest(self.run_id),
            "manifest_sha256": self.manifest_sha256,
            **self.counts,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items()).encode()


def read_marker(key: str, data: bytes) -> Marker | None:
    """The marker in a date file's lines, without its counts; None if it is none of ours."""
    lines = data.decode(errors="replace").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    attempt, sha256 = values.get("attempt", ""), values.get("manifest_sha256", "").strip()
    if "run_id" not in values or not sha256 or not _ATTEMPT.fullmatch(attempt):
        return None
    key_of_it = values.get("manifest", "")
    return Marker(key, values["run_id"], int(attempt), sha256, manifest=key_of_it)
