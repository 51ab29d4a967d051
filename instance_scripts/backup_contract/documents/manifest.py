"""The manifest: what a run listed and what became of each repository. Schema 1, JSON. Pure."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backup_contract import __version__
from backup_contract.documents import fields
from backup_contract.documents.entries import (
    COUNTED,
    Archive,
    Entry,
    ItemResult,
    OrphanedArchive,
    State,
    read_entry,
    read_kept,
)
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.visibility import Visibility
from backup_contract.visibility import read as read_visibility

__all__ = [
    "COUNTED",
    "Archive",
    "Entry",
    "ItemResult",
    "Manifest",
    "OrphanedArchive",
    "State",
    "iso",
]

_COUNTS_TOO = frozenset({*COUNTED, "wikis", "bytes_uploaded", "bytes_stored"})
_COUNTS_OF_DRILL = ("archives", "never_drilled", "runs_until_all_drilled")
_LATER: Fields = {"errors": [], "notices": [], "only": [], "kept": None}
"""What stands for fields that earlier versions did not write."""


@dataclass
class Manifest:
    """A run's manifest; ``listed`` counts also what a checkpoint does not hold yet.

    ``notices`` tell what the token or the App lacks, and what became of kept archives. ``only`` are
    the patterns that the run was narrowed to; none: it was asked for everything. ``kept`` is None
    in manifests that were written before there was such a list. ``visibility`` is what the token
    could see, by owner; empty where nobody wrote it down.
    """

    run_id: str
    attempt: int
    owners: list[str]
    started_at: datetime
    entries: dict[int, Entry] = field(default_factory=dict)
    listed: int = 0
    finished_at: datetime | None = None
    complete: bool = False
    token_expires_at: str | None = None
    drill: dict[str, Any] | None = None
    errors: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    kept: list[OrphanedArchive] | None = None
    visibility: tuple[Visibility, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """Counts by state, and bytes."""
        parts = list(self.entries.values())
        states = [entry.part.state for entry in parts]
        archives = [archive for entry in parts for archive in entry.archives]
        kept = [each.part.archive for each in self.kept or () if each.part.archive]
        return {
            "listed": self.listed,
            **{state: states.count(state) for state in COUNTED},
            "wikis": sum(bool(entry.wiki and entry.wiki.archive) for entry in parts),
            "bytes_uploaded": sum(a.bytes for a in archives if a.run_id == self.run_id),
            "bytes_stored": sum(a.bytes for a in (*archives, *kept)),
        }

    def to_json(self) -> bytes:
        """The document."""
        entries = sorted(self.entries.values(), key=lambda e: e.full_name.lower())
        document = {
            "schema": 1,
            "run_id": self.run_id,
            "attempt": self.attempt,
            "program": {"version": __version__},
            "owners": self.owners,
            "only": self.only,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at) if self.finished_at else None,
            "complete": self.complete,
            "token_expires_at": self.token_expires_at,
            "errors": self.errors,
            "notices": self.notices,
            "totals": self.totals,
            "repositories": [_entry_document(entry) for entry in entries],
            "drill": self.drill,
        }
        if self.kept is not None:
            document["kept"] = [_kept_document(each) for each in self.kept]
        if self.visibility:
            document["visibility"] = [each.document for each in self.visibility]
        return json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8", "replace")

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read a manifest or a checkpoint: what is known is checked, what is unknown ignored.

        Raises ValueError that names the field, as in ``repositories[0].archive.bytes is …``.
        """
        return fields.decode(data, cls._read)

    @classmethod
    def _read(cls, document: Fields) -> "Manifest":
        document = {**_LATER, **document}
        fields.schema(document, 1)
        entries = fields.each(document, "repositories", read_entry)
        listed = fields.inside(document, "totals", _listed)
        complete = fields.flag(document, "complete")
        finished_at = fields.nullable(fields.moment, document, "finished_at")
        if complete and finished_at is None:
            raise DamagedError("finished_at", "is null in a complete manifest")
        read = cls(
            run_id=fields.run_id(document, "run_id"),
            attempt=fields.count(document, "attempt"),
            owners=fields.texts(document, "owners"),
            started_at=fields.moment(document, "started_at"),
            entries={entry.id: entry for entry in entries},
            listed=listed,
            finished_at=finished_at,
            complete=complete,
            # The first version wrote GitHub's own words here.
            token_expires_at=fields.nullable(fields.text, document, "token_expires_at"),
            drill=fields.nullable(_drill, document, "drill"),
            errors=fields.texts(document, "errors"),
            notices=fields.texts(document, "notices"),
            only=fields.texts(document, "only"),
            kept=None if document["kept"] is None else fields.each(document, "kept", read_kept),
            visibility=read_visibility(document.get("visibility")),
        )
        stored = (archive.bytes for entry in entries for archive in entry.archives)
        kept = (each.part.archive.bytes for each in read.kept or () if each.part.archive)
        if sum(stored) + sum(kept) >= fields.LIMIT:
            raise DamagedError("totals", "are of archives that are 2^63 bytes or more together")
        return read


def iso(moment: datetime) -> str:
    """``2026-11-27T17:02:03Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _archive_document(archive: Archive | None) -> dict[str, Any] | None:
    if archive is None:
        return None
    names = ("key", "bytes", "sha256", "checksum", "version_id", "etag", "run_id", "drilled_at")
    described = {name: getattr(archive, name) for name in names}
    return described | ({"remarks": list(archive.remarks)} if archive.remarks else {})


def _part_document(part: ItemResult) -> dict[str, Any]:
    return {
        "state": part.state,
        "reason": part.reason,
        "warnings": list(part.warnings),
        "lfs": part.lfs,
        "refs_digest": part.refs_digest,
        "refs": part.refs,
        "seconds": round(part.seconds, 3),
        "archive": _archive_document(part.archive),
    }


def _entry_document(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "owner": entry.owner,
        "name": entry.name,
        "private": entry.private,
        "fork": entry.fork,
        "archived": entry.archived,
        **({} if entry.asked else {"asked": False}),
        **_part_document(entry.part),
        "wiki": _part_document(entry.wiki) if entry.wiki else None,
    }


def _listed(document: Fields) -> int:
    """How many were listed; what else is in the totals is counted anew, and must be numbers."""
    for name in document.keys() & _COUNTS_TOO:
        fields.count(document, name)
    return fields.count(document, "listed")


def _drill(document: Fields, name: str) -> dict[str, Any]:
    """The drill by its known fields, which :func:`repo_backup.restore.drill.drill` writes."""
    return fields.inside(document, name, _drilled)


def _drilled(document: Fields) -> dict[str, Any]:
    counts = {name: fields.count(document, name) for name in _COUNTS_OF_DRILL if name in document}
    checked = fields.each(document, "checked", _checked)
    return {"ok": fields.flag(document, "ok"), "checked": checked, **counts}


def _checked(document: Fields) -> dict[str, Any]:
    return {
        "key": fields.text(document, "key"),
        "ok": fields.nullable(fields.flag, document, "ok"),
        "reason": fields.optional(fields.text, document, "reason"),
        "remarks": fields.optional(fields.texts, document, "remarks") or [],
        "seconds": fields.optional(fields.number, document, "seconds"),
    }


def _kept_document(kept: OrphanedArchive) -> dict[str, Any]:
    return {
        "key": kept.key,
        "id": kept.id,
        "owner": kept.owner,
        "name": kept.name,
        "wiki": kept.is_wiki,
        "lfs": kept.part.lfs,
        "refs_digest": kept.part.refs_digest,
        "refs": kept.part.refs,
        "archive": _archive_document(kept.part.archive),
    }
