"""Converts times to and from the texts in documents and names. Pure."""

import re
from datetime import UTC, date, datetime

_RUN_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RUN_ID_FORMAT = "%Y-%m-%dT%H-%M-%SZ"


def iso(moment: datetime) -> str:
    """An aware time in ISO 8601, UTC, to the second: ``2026-11-27T17:02:03Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_id_of(moment: datetime) -> str:
    """The run id of an aware time: ``2026-11-27T17-00-00Z``."""
    return moment.astimezone(UTC).strftime(_RUN_ID_FORMAT)


def moment_of(run_id: str) -> datetime:
    """The time in a run id. Raises ValueError for a run with a custom name."""
    if not _RUN_ID.fullmatch(run_id):
        raise ValueError(f"not a run id: {run_id!r}")
    return datetime.strptime(run_id, _RUN_ID_FORMAT).replace(tzinfo=UTC)


def named_moment(run_id: str) -> datetime | None:
    """The time in a run id; None for a run with a custom name."""
    try:
        return moment_of(run_id)
    except ValueError:
        return None


def day(text: str) -> date | None:
    """The date in a text, ``2026-11-27``; None for any other text.

    Raises ValueError for a date that does not exist.
    """
    return date.fromisoformat(text) if _DAY.fullmatch(text) else None
