"""Records archives that ``verify`` found damaged, so that the next run fetches them again."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.manifest import Archive, iso
from backup_contract.text import one_line
from repo_backup.runtime.errors import ConflictError, RepositoryError
from repo_backup.store.base import Store

log = logging.getLogger(__name__)
_MOST_BYTES = 1 << 20
_TRIES = 5


@dataclass(frozen=True)
class ArchiveId:
    """Identifies an archive. The run id is needed because each upload replaces the archive."""

    key: str
    run_id: str

    @classmethod
    def of(cls, archive: Archive) -> "ArchiveId":
        """The id of an archive that a manifest names."""
        return cls(archive.key, archive.run_id)


def read_damage(store: Store, keys: Iterable[str]) -> dict[ArchiveId, str]:
    """The archives that are recorded as damaged, and why. ``keys`` include those of the notes.

    A note that is damaged or cannot be read is ignored.
    """
    found: dict[ArchiveId, str] = {}
    for key in filter(layout.is_damage_note, keys):
        found |= _parsed(key, _bytes(store, key))
    return found


def write_damage(store: Store, checked: Mapping[ArchiveId, str | None]) -> None:
    """Record why each of these archives is damaged (None: it is good). Others stay as recorded.

    Writes only changes. Raises what the store raises.
    """
    by_note: dict[str, dict[ArchiveId, str | None]] = {}
    for each, reason in checked.items():
        by_note.setdefault(layout.damage_note(each.key), {})[each] = reason
    for key, those in by_note.items():
        _write(store, key, those)


def _write(store: Store, key: str, checked: Mapping[ArchiveId, str | None]) -> None:
    for _ in range(_TRIES):
        tagged = store.read_tagged(key)
        data, tag = (tagged.data, tagged.tag) if tagged else (b"", None)
        before = _parsed(key, data)
        after = {**before, **{each: reason for each, reason in checked.items() if reason}}
        for each, reason in checked.items():
            if reason is None:
                after.pop(each, None)
        if after == before:
            return
        try:
            store.write_if(key, _document(after), tag)
        except ConflictError:
            continue
        return


def _bytes(store: Store, key: str) -> bytes:
    try:
        with store.open(key) as file:
            return file.read(_MOST_BYTES + 1)
    except RepositoryError as error:
        log.warning("%s cannot be read: %s", one_line(key), error)
        return b""


def _parsed(key: str, data: bytes) -> dict[ArchiveId, str]:
    if not data:
        return {}
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES >> 10} KiB")  # noqa: TRY301
        return fields.decode(data, _read)
    except ValueError as error:
        log.warning("%s is ignored: %s", one_line(key), error)
        return {}


def _read(document: Fields) -> dict[ArchiveId, str]:
    fields.schema(document, 1)
    return dict(fields.each(document, "archives", _archive))


def _archive(document: Fields) -> tuple[ArchiveId, str]:
    key = fields.key(document, "key", layout.ARCHIVES)
    return ArchiveId(key, fields.run_id(document, "run_id")), fields.text(document, "reason")


def _document(damaged: Mapping[ArchiveId, str]) -> bytes:
    archives = [
        {"key": each.key, "run_id": each.run_id, "reason": reason}
        for each, reason in sorted(damaged.items(), key=lambda item: item[0].key)
    ]
    document = {"schema": 1, "written_at": iso(datetime.now(UTC)), "archives": archives}
    return json.dumps(document, indent=1).encode()
