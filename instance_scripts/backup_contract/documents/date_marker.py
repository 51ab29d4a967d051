"""The date marker, which an attempt writes last: which attempt of which run completed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backup_contract import object_keys as layout
from backup_contract.moments import iso

_ATTEMPT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Marker:
    """A date marker: which attempt completed, and with which manifest.

    ``key`` is the marker's own key. ``manifest`` is the manifest's key, or empty for the run's
    published one. ``manifest_sha256`` is hexadecimal.
    """

    key: str
    run_id: str
    attempt: int
    manifest_sha256: str
    counts: Mapping[str, int] = field(default_factory=dict)
    manifest: str = ""

    def to_text(self, completed_at: datetime) -> bytes:
        """The marker's content, for a run that completed at this time: ``name=value`` lines."""
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
    """Read a marker, without its counts. None if the data is not a marker."""
    lines = data.decode(errors="replace").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    attempt, sha256 = values.get("attempt", ""), values.get("manifest_sha256", "").strip()
    if "run_id" not in values or not sha256 or not _ATTEMPT.fullmatch(attempt):
        return None
    key_of_it = values.get("manifest", "")
    return Marker(key, values["run_id"], int(attempt), sha256, manifest=key_of_it)
